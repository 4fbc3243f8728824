"""Broken sensors are told by what they do; weather, doors and learned habits are not."""

import math
from collections.abc import Callable
from random import Random

import pytest

from collectors.faults import SITE, Detector, Episode, FaultName

DAY = 86400.0
START = 20_000 * DAY
Broken = Callable[[float, float], float | None]
"""What a broken sensor says (None: nothing), by time in s after the start and true value."""


def weather(at: float) -> float:
    """A room's or a yard's temperature: the day, and slow weather."""
    return 20 + 4 * math.sin(2 * math.pi * at / DAY) + 2 * math.sin(2 * math.pi * at / (3.3 * DAY))


def watched(
    days: float,
    broken: dict[str, Broken] | None = None,
    *,
    sensors: int = 6,
    period: float = 120.0,
    seed: int = 1,
    everyone: Broken = lambda _at, value: value,
) -> list[Episode]:
    """What the detector tells of so many siblings, some of them broken."""
    random = Random(seed)
    detector = Detector()
    faults = broken or {}
    for step in range(int(days * DAY / period)):
        at = step * period
        true = weather(at)
        for number in range(sensors):
            name = f"s{number}"
            value: float | None = everyone(at, true + number * 0.7 + random.gauss(0, 0.05))
            if value is not None and name in faults:
                value = faults[name](at, value)
            if value is not None:
                detector.observe(name, START + at + number, round(value, 2))
    detector.finish()
    return list(detector.taken())


def between(first: float, last: float, change: Broken) -> Broken:
    """`change` from `first` to `last` day, the truth before and after."""

    def changed(at: float, value: float) -> float | None:
        return change(at - first * DAY, value) if first * DAY <= at < last * DAY else value

    return changed


def told(episodes: list[Episode], device: str = "s2") -> list[FaultName]:
    return [episode.fault for episode in episodes if episode.device == device]


def test_healthy_sensors_are_left_alone() -> None:
    assert watched(5) == []


@pytest.mark.parametrize("period", [10.0, 60.0, 300.0, 900.0])
def test_a_sensor_that_sticks_is_frozen_at_any_period(period: float) -> None:
    stuck = {"s2": between(2.5, 2.9, lambda _at, _value: 21.37)}
    days = 3.0
    episodes = watched(days, stuck, period=period, sensors=4)
    assert told(episodes) == [FaultName.FROZEN]
    assert len(episodes) == 1
    assert episodes[0].end - START >= 2.85 * DAY


def test_a_drifting_sensor_is_told_by_its_siblings_within_hours() -> None:
    ramp = {"s2": between(3.2, 3.6, lambda at, value: value + at / 3600)}
    episodes = watched(4, ramp)
    assert told(episodes) == [FaultName.DRIFT]
    assert len(episodes) == 1
    assert 3.2 * DAY <= episodes[0].start - START <= 3.4 * DAY


def test_a_jump_that_stays_is_a_jump() -> None:
    jump = {"s2": between(3.2, 3.6, lambda _at, value: value + 5)}
    episodes = watched(4, jump)
    assert told(episodes)[0] is FaultName.JUMP
    assert {episode.device for episode in episodes} == {"s2"}


def test_a_trembling_sensor_is_noisy() -> None:
    random = Random(5)
    noise = {"s2": between(3.2, 3.6, lambda _at, value: value + random.gauss(0, 1.0))}
    episodes = watched(4, noise)
    assert FaultName.NOISE in told(episodes)
    assert {episode.device for episode in episodes} == {"s2"}


def test_spikes_are_told() -> None:
    spikes = {
        "s2": between(3.2, 3.6, lambda at, value: value + (15 if at % 3600 < 120 else 0)),
    }
    assert FaultName.SPIKE in told(watched(4, spikes))


def test_a_front_that_passes_all_is_weather() -> None:
    front = between(3.2, 4.0, lambda _at, value: value - 6)
    assert watched(4, everyone=front) == []


def test_a_whole_site_that_falls_silent_is_one_fault() -> None:
    outage = between(3.2, 3.4, lambda _at, _value: None)
    episodes = watched(4, everyone=outage)
    assert [(e.device, e.fault) for e in episodes] == [(SITE, FaultName.SITE_SILENT)]
    assert abs(episodes[0].start - START - 3.2 * DAY) < 600
    assert abs(episodes[0].end - START - 3.4 * DAY) < 600


def test_a_sensor_that_was_silent_and_came_back_is_told() -> None:
    silent = {"s2": between(3.2, 3.4, lambda _at, _value: None)}
    assert told(watched(4, silent)) == [FaultName.SILENT]


def test_a_sensor_whose_readings_end_may_have_been_taken_away() -> None:
    assert watched(4, {"s2": between(3.2, 9, lambda _at, _value: None)}) == []


def test_a_dying_sensor_is_found_within_an_hour_and_told_until_it_is_silent() -> None:
    def dying(at: float, value: float) -> float:
        return min(122.15, value + 20 * at / 3600)

    episodes = watched(5, {"s2": between(3.5, 9, dying)}, sensors=8, period=31)
    assert {episode.device for episode in episodes} == {"s2"}
    assert episodes[0].start - START < 3.5 * DAY + 3600
    assert episodes[-1].end - START > 4.95 * DAY


@pytest.mark.parametrize("sensors", [1, 2, 3])
def test_few_sensors_still_tell_what_sticks_and_what_trembles(sensors: int) -> None:
    random = Random(2)
    stuck = {"s0": between(3.2, 3.5, lambda _at, _value: 19.5)}
    noisy = {"s0": between(3.2, 3.6, lambda _at, value: value + random.gauss(0, 1.5))}
    assert FaultName.FROZEN in told(watched(4, stuck, sensors=sensors), "s0")
    assert FaultName.NOISE in told(watched(4, noisy, sensors=sensors), "s0")
    assert watched(4, sensors=sensors) == []


def test_values_that_cannot_be_are_out_of_range_and_error_values() -> None:
    detector = Detector((-30.0, 60.0, (-127.0,)))
    for minute in range(600):
        value = {200: -127.0, 201: -127.0, 400: 88.0}.get(minute, 20 + minute % 7 / 10)
        detector.observe("a", START + 60 * minute, value)
    detector.finish()
    assert [e.fault for e in detector.taken()] == [FaultName.ERROR_VALUE, FaultName.OUT_OF_RANGE]


def test_a_falling_battery_is_told_a_day_ahead() -> None:
    detector = Detector()
    random = Random(3)
    died = 0.0
    for step in range(int(10 * DAY / 300)):
        at = step * 300.0
        cell = 2.7 - 0.02 * at / DAY - 0.0625 * max(0.0, at / DAY - 7) ** 2
        if cell < 2.3:
            died = died or at
        swing = 0.03 * math.sin(2 * math.pi * at / DAY) + random.gauss(0, 0.005)
        detector.observe("a", START + at, 21 + random.gauss(0, 0.1), cell + swing)
    detector.finish()
    (battery,) = [e for e in detector.taken() if e.fault is FaultName.BATTERY]
    assert died - 5 * DAY < battery.start - START < died - DAY


def test_two_readings_of_one_time_and_late_ones_change_nothing() -> None:
    detector = Detector()
    for minute in range(300):
        detector.observe("a", START + 60 * minute, 20 + minute % 5 / 10)
        detector.observe("a", START + 60 * minute, 99.0)
        detector.observe("a", START + 60 * minute - 3000, 99.0)
    detector.finish()
    assert list(detector.taken()) == []


def test_points_of_different_places_and_measurements_are_not_compared() -> None:
    detector = Detector()
    for minute in range(4 * 1440):
        at = START + 60.0 * minute
        room = weather(60.0 * minute)
        warm = 15 if minute > 4500 else 0
        for name, value in (
            ("room-1/temperature", room),
            ("room-2/temperature", room + 1 + min(warm, max(0, minute - 4500) / 60)),
            ("room-1/humidity", 90 - 2 * room),
            ("boiler/power", 2000.0 if minute % 97 < 40 else 0.0),
        ):
            detector.observe(name, at, round(value + (minute * 7919) % 13 / 100, 2))
    detector.finish()
    assert list(detector.taken()) == []


def test_a_whole_campus_that_falls_silent_is_one_fault_whatever_is_measured() -> None:
    detector = Detector()
    for minute in range(3000):
        if not 2000 <= minute < 2400:
            for name in ("room-1/temperature", "room-2/temperature", "room-1/humidity", "gas-1"):
                value = weather(60.0 * minute) + (minute * 7919) % 13 / 100
                detector.observe(name, START + 60.0 * minute, round(value, 2))
    detector.finish()
    assert [episode.fault for episode in detector.taken()] == [FaultName.SITE_SILENT]
