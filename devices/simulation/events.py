"""Events: what doors, gates, readers and buttons tell of themselves in a course."""

from collections.abc import Callable, Iterator
from random import Random

from devices.model import NO_DETAIL, Detail, Value
from devices.simulation.openings import HOUR_MS, GateTraffic

Event = tuple[int, Value, Detail]
"""When (ms), what, and what came with it."""


def changes(
    of_hour: Callable[[int], list[tuple[int, int]]], begins: int, ends: int
) -> Iterator[Event]:
    """A contact's changes; one that goes on past the hour's end is no change there."""
    closes = -1
    for number in range(begins // HOUR_MS, ends // HOUR_MS + 1):
        for opens, until in of_hour(number):
            if opens > closes:
                if begins <= closes < ends:
                    yield (closes, "closed", NO_DETAIL)
                if begins <= opens < ends:
                    yield (opens, "open", NO_DETAIL)
            closes = max(closes, until)
        if begins <= closes < min(ends, (number + 1) * HOUR_MS):
            yield (closes, "closed", NO_DETAIL)
            closes = -1


def passages(traffic: GateTraffic, cards: bool, begins: int, ends: int) -> Iterator[Event]:
    """What the badge reader, or the exit button, tells of those who pass."""
    for number in range(begins // HOUR_MS, ends // HOUR_MS + 1):
        for passage in traffic.of_hour(number):
            if not begins <= passage.at < ends or bool(passage.verdict) is not cards:
                continue
            if cards:
                yield (passage.at, passage.verdict, passage.detail)
            else:
                yield (passage.at, "pressed", NO_DETAIL)
                yield (passage.at + 400, "released", NO_DETAIL)


def rounds(random: Random, begins: int, ends: int) -> Iterator[Event]:
    """A guard presses a patrol point every two to three and a half hours."""
    at = begins + round(random.uniform(0.2, 2.0) * HOUR_MS)
    while at < ends:
        yield (at, "pressed", NO_DETAIL)
        yield (at + 2000, "released", NO_DETAIL)
        at += round(random.uniform(2.0, 3.5) * HOUR_MS)
