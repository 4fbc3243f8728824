"""A bouncing contact, by times alone."""

from collections.abc import Iterable

import pytest

from devices.drivers.settling import Settling, Times

DOOR = Times(trip=0.05, rest=0.5, unsettled=0.5, chatter=20)
OPEN, CLOSED = True, False


def told(edges: Iterable[tuple[float, bool]], until: float, start: bool = CLOSED) -> list[object]:
    """(time, level) of each settled change, when looked at exactly as it asks to be."""
    settling = Settling(DOOR, start, 0.0)
    changes: list[object] = []

    def run(to: float) -> None:
        while (due := settling.due()) is not None and due <= to:
            if settling.settle(due):
                changes.append((round(due, 3), settling.level))

    for at, level in edges:
        run(at)
        settling.see(level, at)
    run(until)
    return changes


def bouncing(start: float, end: float, step: float) -> list[tuple[float, bool]]:
    count = round((end - start) / step)
    return [(start + n * step, n % 2 == 0) for n in range(count)]


def test_an_opening_is_told_after_50_ms_of_quiet() -> None:
    assert told([(1.0, OPEN)], 5.0) == [(1.05, OPEN)]


def test_a_closing_is_told_after_half_a_second_of_quiet() -> None:
    assert told([(1.0, CLOSED)], 5.0, start=OPEN) == [(1.5, CLOSED)]


@pytest.mark.parametrize("length", [0.001, 0.02, 0.049])
def test_a_glitch_shorter_than_the_debounce_is_no_opening(length: float) -> None:
    assert told([(1.0, OPEN), (1.0 + length, CLOSED)], 5.0) == []


def test_a_heavy_door_that_bounces_for_20_ms_opens_once() -> None:
    edges = [*bouncing(1.0, 1.02, 0.002), (1.02, OPEN)]
    assert told(edges, 5.0) == [(1.07, OPEN)]


def test_a_gate_that_flaps_shut_for_a_moment_stays_open() -> None:
    edges = [(1.0, OPEN), (2.0, CLOSED), (2.3, OPEN), (3.0, CLOSED), (3.4, OPEN)]
    assert told(edges, 9.0) == [(1.05, OPEN)]


def test_a_contact_that_never_gets_quiet_counts_as_open_after_half_a_second() -> None:
    changes = told(bouncing(1.0, 3.0, 0.02), 3.0)
    assert changes == [(1.5, OPEN)]


def test_it_closes_again_once_the_bouncing_has_ended() -> None:
    edges = [*bouncing(1.0, 3.0, 0.02), (3.0, CLOSED)]
    assert told(edges, 9.0)[0] == (1.5, OPEN)
    assert told(edges, 9.0)[-1][1] is CLOSED  # type: ignore[index]
    assert len(told(edges, 9.0)) == 2


def test_more_than_20_changes_a_minute_are_chatter_until_a_minute_has_passed() -> None:
    settling = Settling(DOOR, CLOSED, 0.0)
    for n in range(20):
        settling.see(n % 2 == 0, 1.0 + n)
    assert not settling.chatters(21.0)
    settling.see(OPEN, 21.0)
    assert settling.chatters(21.0)
    assert not settling.chatters(62.5)


def test_the_bounces_of_one_movement_are_one_change() -> None:
    settling = Settling(DOOR, CLOSED, 0.0)
    for at, level in bouncing(1.0, 1.04, 0.001):
        settling.see(level, at)
    assert not settling.chatters(2.0)


def test_endless_fast_bouncing_is_chatter() -> None:
    settling = Settling(DOOR, CLOSED, 0.0)
    for at, level in bouncing(1.0, 4.0, 0.005):
        settling.see(level, at)
    assert settling.chatters(4.0)
