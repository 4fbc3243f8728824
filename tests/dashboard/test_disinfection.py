"""Disinfection cycles: what a cabinet's temperature tells, and what it cannot."""

from datetime import UTC, datetime, timedelta

from dashboard.sheets.disinfection import Cycle, Outcome, cycles
from devices.model import NodeId, Origin, PointId, Quality, Reading

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = START + timedelta(hours=6)


def course(*parts: tuple[int, float], quality: Quality = Quality.GOOD) -> list[Reading]:
    """A reading every 10 s: (minutes, °C) one after the other."""
    readings, at = [], START
    for minutes, value in parts:
        for _ in range(minutes * 6):
            origin = Origin(NodeId("canteen-pi"), "b", 1)
            readings.append(Reading(PointId("cabinet"), at, value, origin, quality))
            at += timedelta(seconds=10)
    return readings


def found(readings: list[Reading], now: datetime = LATER) -> tuple[Cycle, ...]:
    return cycles(
        readings, now, setpoint=120.0, hold=timedelta(minutes=15), period=timedelta(seconds=10)
    )


def outcomes(readings: list[Reading], now: datetime = LATER) -> list[Outcome]:
    return [cycle.outcome for cycle in found(readings, now)]


def test_long_and_hot_enough_is_valid() -> None:
    (cycle,) = found(course((10, 20), (5, 90), (16, 125), (10, 70), (30, 30)))
    assert cycle.outcome is Outcome.VALID
    assert cycle.start == START + timedelta(minutes=10)
    assert cycle.peak.value == 125 and timedelta(minutes=15) <= cycle.held < timedelta(minutes=16)


def test_too_short_and_too_cool_are_told_apart() -> None:
    short, cool = course((5, 20), (10, 125), (5, 30)), course((5, 20), (40, 118), (5, 30))
    assert outcomes(short) == [Outcome.TOO_SHORT]
    assert outcomes(cool) == [Outcome.TOO_COOL]


def test_the_time_has_to_be_on_end() -> None:
    assert outcomes(course((10, 125), (1, 110), (10, 125), (5, 30))) == [Outcome.TOO_SHORT]


def test_two_cycles_are_two() -> None:
    assert outcomes(course((20, 125), (5, 30), (10, 125), (5, 30))) == [
        Outcome.VALID, Outcome.TOO_SHORT
    ]  # fmt: skip


def test_a_cycle_that_still_goes_on_is_not_judged() -> None:
    readings = course((5, 20), (10, 125))
    assert outcomes(readings, readings[-1].at + timedelta(seconds=5)) == [Outcome.RUNNING]


def test_with_a_gap_in_the_middle_nothing_is_claimed() -> None:
    readings = course((20, 125), (5, 30))
    del readings[30:60]
    assert outcomes(readings) == [Outcome.UNKNOWN]


def test_what_a_broken_sensor_says_is_no_cycle() -> None:
    assert found(course((20, 127), quality=Quality.ERROR_VALUE)) == ()
