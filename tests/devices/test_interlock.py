"""The interlock by times alone: least times, longest time, and the loss of whoever gives orders."""

import pytest

from devices.drivers.interlock import Interlock, Times

COMPRESSOR = Times(least_on=60, least_off=180, most_on=3600, lost_after=30)


def alive_until(interlock: Interlock, start: float, end: float) -> list[tuple[float, bool, str]]:
    """Each change from `start` to `end` while signs of life come every 10 s."""
    changes = []
    for now in range(int(start), int(end) + 1):
        if now % 10 == 0:
            interlock.alive(now)
        if interlock.step(now):
            changes.append((float(now), interlock.on, interlock.cause))
    return changes


def test_it_starts_off_and_waits_as_if_it_had_just_run() -> None:
    interlock = Interlock(COMPRESSOR, 0)
    interlock.ask(True, 1)
    assert interlock.waits(1) == 179
    assert alive_until(interlock, 1, 200) == [(180.0, True, "command")]


def test_off_asked_too_early_waits_for_the_least_time_on() -> None:
    interlock = Interlock(Times(least_on=60), 0)
    interlock.ask(True, 0)
    interlock.step(0)
    interlock.ask(False, 5)
    assert alive_until(interlock, 5, 100) == [(60.0, False, "command")]


def test_the_last_wish_counts() -> None:
    interlock = Interlock(COMPRESSOR, 0)
    for on in (True, False, True, False):
        interlock.ask(on, 10)
    assert alive_until(interlock, 10, 400) == []


def test_after_the_longest_time_it_goes_off_and_stays_so_until_asked_again() -> None:
    interlock = Interlock(Times(most_on=100), 0)
    interlock.ask(True, 0)
    assert alive_until(interlock, 0, 500) == [
        (0.0, True, "command"),
        (100.0, False, "longest-time"),
    ]
    interlock.ask(True, 501)
    assert interlock.step(501)


def test_without_a_sign_of_life_it_goes_off_though_its_least_time_is_not_over() -> None:
    interlock = Interlock(Times(least_on=1000, lost_after=30), 0)
    interlock.ask(True, 0)
    assert interlock.step(0)
    assert not interlock.step(29.9)
    assert interlock.due() == 30
    assert interlock.step(30)
    assert (interlock.on, interlock.cause) == (False, "lost")


def test_a_wish_that_waits_is_forgotten_when_the_one_who_asked_is_lost() -> None:
    interlock = Interlock(COMPRESSOR, 0)
    interlock.ask(True, 0)
    assert not interlock.step(30)
    interlock.alive(200)
    assert not interlock.step(200)


@pytest.mark.parametrize("seconds", [5, 60])
def test_on_for_some_seconds_ends_by_itself(seconds: int) -> None:
    interlock = Interlock(Times(), 0)
    interlock.ask(True, 0, seconds)
    assert alive_until(interlock, 0, 100) == [
        (0.0, True, "command"), (float(seconds), False, "command"),
    ]  # fmt: skip


def test_nothing_is_due_while_nothing_can_change() -> None:
    interlock = Interlock(Times(), 0)
    assert interlock.due() is None
    interlock.ask(True, 1)
    interlock.step(1)
    assert interlock.due() is None
