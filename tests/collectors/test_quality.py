"""Grading: what is taken for real, and what a sensor says when it failed."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.quality import CYCLING_FROZEN_AFTER, FROZEN_AFTER, Grader
from devices.kinds import KINDS
from devices.model import NodeId, Origin, PointId, Quality, Reading, Value

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
POINTS = {PointId(key): kind for key, kind in KINDS.items()}


class Stream:
    """One point's readings, a minute apart, each arriving at once."""

    def __init__(self, kind: str, grader: Grader | None = None) -> None:
        self.grader = grader or Grader(POINTS)
        self.point = PointId(kind)
        self.now = NOW

    def says(self, value: Value, *, minutes: float = 1, quality: Quality = Quality.GOOD) -> Quality:
        self.now += timedelta(minutes=minutes)
        return self.at(self.now, value, quality)

    def at(self, at: datetime, value: Value, quality: Quality = Quality.GOOD) -> Quality:
        reading = Reading(self.point, at, value, Origin(NodeId("n"), "b", 1), quality)
        return self.grader.grade(reading, self.now)


def test_what_is_plausible_is_good() -> None:
    fridge = Stream("temperature-cold")
    assert [fridge.says(value) for value in (4.0, 4.0625, 3.9, 8.5, -1.0)] == [Quality.GOOD] * 5


def test_the_value_of_a_lost_sensor_is_an_error_always() -> None:
    fridge = Stream("temperature-cold")
    assert fridge.says(-127.0) is Quality.ERROR_VALUE
    fridge.says(4.0)
    assert fridge.says(-127.0) is Quality.ERROR_VALUE


def test_the_power_on_value_is_an_error_without_a_warm_past() -> None:
    fridge = Stream("temperature-cold")
    assert fridge.says(85.0) is Quality.ERROR_VALUE
    fridge.says(4.0)
    assert [fridge.says(85.0), fridge.says(85.0)] == [Quality.ERROR_VALUE] * 2
    assert fridge.says(4.0) is Quality.GOOD


def test_a_rack_that_really_gets_that_hot_is_out_of_range_and_not_a_power_on_value() -> None:
    rack = Stream("temperature-rack")
    rack.says(69.0)
    assert rack.says(85.0) is Quality.ERROR_VALUE
    hot = Stream("temperature-hot")
    assert hot.says(85.0) is Quality.ERROR_VALUE
    hot.says(82.0)
    assert hot.says(85.0) is Quality.GOOD


@pytest.mark.parametrize(
    ("kind", "value"),
    [("temperature-cold", 61.0), ("temperature-cold", -31.0), ("humidity", 100.1),
     ("power", -6.0), ("voltage", 301.0)],
)  # fmt: skip
def test_what_cannot_be_is_out_of_range(kind: str, value: float) -> None:
    assert Stream(kind).says(value) is Quality.OUT_OF_RANGE


@pytest.mark.parametrize(("kind", "value"), [("temperature-cold", 60.0), ("humidity", 0.0)])
def test_the_ends_of_the_range_are_in_it(kind: str, value: float) -> None:
    assert Stream(kind).says(value) is Quality.GOOD


def hours(stream: Stream, value: Value, minutes: int) -> list[Quality]:
    return [stream.says(value) for _ in range(minutes)]


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("temperature-cold", CYCLING_FROZEN_AFTER), ("temperature-room", FROZEN_AFTER),
     ("humidity", FROZEN_AFTER)],
)  # fmt: skip
def test_a_value_that_moved_and_then_stands_for_hours_is_frozen_until_it_moves(
    kind: str, limit: timedelta
) -> None:
    stream = Stream(kind)
    stream.says(4.5)
    minutes = int(limit.total_seconds() // 60)
    graded = hours(stream, 4.0, minutes + 10)
    assert graded == [Quality.GOOD] * minutes + [Quality.FROZEN] * 10
    assert stream.says(4.0625) is Quality.GOOD
    assert stream.says(4.0) is Quality.GOOD


def test_a_point_that_never_moved_may_be_a_steady_one() -> None:
    assert set(hours(Stream("temperature-cold"), 4.0, 1000)) == {Quality.GOOD}


def test_two_equal_values_far_apart_are_not_frozen() -> None:
    fridge = Stream("temperature-cold")
    fridge.says(4.5)
    fridge.says(4.0)
    assert fridge.says(4.0, minutes=60 * 24) is Quality.GOOD


@pytest.mark.parametrize(
    ("kind", "value"), [("power", 0.0), ("gas", 0.0), ("humidity", 100.0), ("contact", "closed")]
)
def test_what_may_rest_never_freezes(kind: str, value: Value) -> None:
    stream = Stream(kind)
    stream.says("open" if kind == "contact" else 50.0)
    assert set(hours(stream, value, 1000)) == {Quality.GOOD}


def test_a_time_ahead_of_ours_is_a_wrong_clock() -> None:
    fridge = Stream("temperature-cold")
    assert fridge.at(fridge.now + timedelta(seconds=60), 4.0) is Quality.GOOD
    assert fridge.at(fridge.now + timedelta(seconds=61), 4.0) is Quality.CLOCK


def test_an_unset_clock_stays_told_and_a_broken_value_tells_more() -> None:
    fridge = Stream("temperature-cold")
    assert fridge.says(4.0, quality=Quality.CLOCK) is Quality.CLOCK
    assert fridge.says(-127.0, quality=Quality.CLOCK) is Quality.ERROR_VALUE


def test_what_comes_again_is_graded_as_before() -> None:
    fridge = Stream("temperature-cold")
    fridge.says(4.5)
    first = [(fridge.now, fridge.says(4.0)) for _ in range(600)]
    again = [fridge.at(at + timedelta(minutes=1), 4.0) for at, _ in first]
    assert again == [quality for _, quality in first]


def test_a_late_reading_changes_nothing_for_the_present_ones() -> None:
    fridge = Stream("temperature-cold")
    fridge.says(4.5)
    hours(fridge, 4.0, 600)
    assert fridge.at(NOW - timedelta(days=1), 9.0) is Quality.GOOD
    assert fridge.says(4.0) is Quality.FROZEN


def test_a_point_that_nobody_knows_keeps_its_quality() -> None:
    assert Stream("no-such").says(1e9) is Quality.GOOD


def test_a_sensor_that_warms_up_is_neither_good_nor_broken() -> None:
    stream = Stream("gas")
    origin = Origin(NodeId("n"), "b", 1)
    cold = Reading(stream.point, NOW, 9000.0, origin, detail={"warming": True})
    assert stream.grader.grade(cold, NOW) is Quality.WARMING
    assert not Quality.WARMING.usable
    assert stream.says(20.0) is Quality.GOOD
