"""Which readings can be trusted."""

from datetime import timedelta

import pytest

from collectors.quality import Grader
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Quality, Reading, Value
from tests.support.clock import FakeClock

FRIDGE = PointId("canteen/fridge-1/temperature")
GATE = PointId("gate-east/gate")


class Stream:
    def __init__(self, site: Site, clock: FakeClock) -> None:
        self.grader, self.clock = Grader(site.kinds), clock

    def say(self, value: Value, point: PointId = FRIDGE, ahead: float = 0) -> Quality:
        at = self.clock.now() + timedelta(seconds=ahead)
        reading = Reading(point, at, value, Origin(NodeId("n"), "b", 1))
        return self.grader.grade(reading, self.clock.now())


@pytest.fixture
def stream(site: Site, clock: FakeClock) -> Stream:
    return Stream(site, clock)


def test_an_ordinary_value_is_good(stream: Stream) -> None:
    assert stream.say(4.2) is Quality.GOOD
    assert stream.say("open", GATE) is Quality.GOOD


@pytest.mark.parametrize("value", [-300.0, -31.0, 61.0, 1e300])
def test_what_the_room_cannot_be_is_out_of_range(stream: Stream, value: float) -> None:
    assert stream.say(value) is Quality.OUT_OF_RANGE


@pytest.mark.parametrize("value", [85.0, -127.0])
def test_power_on_and_lost_values_are_errors_not_temperatures(stream: Stream, value: float) -> None:
    assert stream.say(value) is Quality.ERROR_VALUE
    stream.say(4.2)
    assert stream.say(value) is Quality.ERROR_VALUE


def test_a_source_ahead_of_time_is_marked(stream: Stream) -> None:
    assert stream.say(4.2, ahead=30) is Quality.GOOD
    assert stream.say(4.3, ahead=90) is Quality.CLOCK


def test_a_temperature_that_moved_and_then_stands_for_hours_is_frozen(
    stream: Stream, clock: FakeClock
) -> None:
    stream.say(4.2)
    for _ in range(119):
        clock.move(60)
        assert stream.say(4.25) is Quality.GOOD
    clock.move(3600)
    assert stream.say(4.25) is Quality.FROZEN
    assert stream.say(4.3125) is Quality.GOOD
