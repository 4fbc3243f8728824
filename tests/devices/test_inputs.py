"""Motion, water and power: inputs with two states and times of their own."""

from random import Random

import pytest

from devices.drivers.settling import Settling
from tests.support.bench import Lab, driver_for, point_for

PIR, LEAK, SENSE = 25, 27, 22


def test_motion_is_told_once_it_is_warm_and_a_cut_wire_looks_like_motion(lab: Lab) -> None:
    lab.bench.set_pin(PIR, False)
    _, told = lab.open("pir", warm_up_s=0.0)
    lab.bench.set_pin(PIR, True)
    told.eventually("clear", "motion")


def test_motion_ends_only_after_its_hold(lab: Lab) -> None:
    lab.bench.set_pin(PIR, False)
    _, told = lab.open("pir", warm_up_s=0.0, hold_s=0.1)
    lab.bench.set_pin(PIR, True)
    told.eventually("clear", "motion")
    lab.bench.set_pin(PIR, False)
    told.eventually("clear", "motion", "clear")


def test_a_detector_that_was_just_switched_on_is_not_believed(lab: Lab) -> None:
    lab.bench.set_pin(PIR, True)
    driver, told = lab.open("pir")
    assert told.values == ["clear"]
    assert [sample.value for sample in driver.sample()] == ["clear"]


def test_motion_without_an_end_is_a_fault(lab: Lab) -> None:
    lab.bench.set_pin(PIR, True)
    driver, told = lab.open("pir", warm_up_s=0.0, stuck_h=0.01)
    assert told.values == ["motion"]
    assert driver.health() == ""
    driver._moved_at -= 37.0  # type: ignore[attr-defined]
    assert "GPIO25 has seen motion without a break" in driver.health()


def test_water_is_told_at_once_and_a_cut_wire_is_water(lab: Lab) -> None:
    lab.bench.set_pin(LEAK, False)
    _, told = lab.open("leak", wet_s=0.05)
    lab.bench.set_pin(LEAK, True)
    told.eventually("dry", "wet")


@pytest.mark.parametrize(("active", "running"), [("low", False), ("high", True)])
def test_equipment_runs_while_its_contact_says_so(lab: Lab, active: str, running: bool) -> None:
    lab.bench.set_pin(SENSE, not running)
    _, told = lab.open("sense", active=active, off_s=0.1)
    lab.bench.set_pin(SENSE, running)
    told.eventually("stopped", "running")
    lab.bench.set_pin(SENSE, not running)
    told.eventually("stopped", "running", "stopped")


def test_an_optocoupler_that_pulses_with_the_mains_is_one_running_and_no_chatter() -> None:
    """Half waves of 50 Hz for ten minutes: 10 ms apart, 6 ms long, with jitter."""
    times = driver_for(point_for("sense")).times()  # type: ignore[attr-defined]
    settling, random = Settling(times, False, 0.0), Random(3)
    changes, now = [], 1.0
    while now < 600.0:
        for at, level in ((now, True), (now + random.uniform(0.004, 0.007), False)):
            if settling.settle(at):
                changes.append((at, settling.level))
            settling.see(level, at)
        now += 0.01
    assert [level for _, level in changes] == [True]
    assert changes[0][0] < 1.2
    assert not settling.chatters(600.0)
    assert settling.settle(601.1)
    assert not settling.level
