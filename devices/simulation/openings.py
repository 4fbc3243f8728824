"""Openings: when doors, cold units and gates are opened, drawn by the hour from the seed (pure).

Each hour is drawn by itself, so any hour can be asked without those before it, and a door's contact
and the cold unit behind it see the same openings.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from devices.model import NO_DETAIL, Detail
from devices.simulation.gates import (
    ARRIVALS_PER_HOUR,
    DELIVERIES_PER_HOUR,
    ODD_SHARE,
    RELEASES_PER_HOUR,
    VISITORS_PER_HOUR,
)
from devices.simulation.script import Span
from devices.simulation.timetable import Slot
from devices.simulation.weather import Moment, Weather

HOUR_MS = 3_600_000

Interval = tuple[int, int]
"""From, to: ms since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often an hour something is opened at a moment, and for how many seconds."""

    per_hour: Callable[[Moment], float]
    most_per_hour: float
    seconds: tuple[float, float]


class Openings:
    """One door; `held` are the spans of scenes in which it stands open, `rush` those in which it
    is opened `RUSH` times an hour."""

    RUSH = 30.0
    RUSH_SECONDS = (15.0, 40.0)

    def __init__(
        self,
        name: str,
        seed: int,
        weather: Weather,
        rhythm: Rhythm,
        held: Sequence[Span] = (),
        rush: Sequence[Span] = (),
    ) -> None:
        self._name = f"{seed} {name} openings"
        self._weather = weather
        self._rhythm = rhythm
        self._held = held
        self._rush = rush
        self._drawn: dict[int, list[Interval]] = {}

    def of_hour(self, number: int) -> list[Interval]:
        """The openings that begin in hour `number` since 1970, in order, none touching another."""
        found = self._drawn.get(number)
        if found is None:
            found = self._drawn[number] = self._draw(number)
            self._drawn.pop(number - 3, None)
        return found

    def seconds_open(self, start: int, end: int) -> float:
        """How long it was open from `start` to `end`."""
        return sum(
            max(0, min(end, closes) - max(start, opens))
            for number in range(start // HOUR_MS, end // HOUR_MS + 1)
            for opens, closes in self.of_hour(number)
        ) / 1000  # fmt: skip

    def is_open(self, ms: int) -> bool:
        return any(opens <= ms < closes for opens, closes in self.of_hour(ms // HOUR_MS))

    def _draw(self, number: int) -> list[Interval]:
        random = Random(f"{self._name} {number}")
        first, last = number * HOUR_MS, (number + 1) * HOUR_MS
        held = [
            (max(span.begins, first), min(span.ends, last))
            for span in self._held
            if span.begins < last and span.ends > first
        ]
        return _joined([*held, *self._drawn_by_lot(random, first, last)])

    def _drawn_by_lot(self, random: Random, first: int, last: int) -> Iterator[Interval]:
        rhythm = self._rhythm
        most = max(rhythm.most_per_hour, self.RUSH if self._rush else 0.0)
        at = float(first)
        while most > 0:
            at += random.expovariate(most) * HOUR_MS
            if at >= last:
                return
            rushed = any(span.covers(int(at)) for span in self._rush)
            seconds = random.uniform(*(self.RUSH_SECONDS if rushed else rhythm.seconds))
            rate = self.RUSH if rushed else rhythm.per_hour(self._weather.moment(int(at)))
            if random.random() * most < rate:
                yield (int(at), min(int(at + seconds * 1000), last))


def _joined(intervals: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for opens, closes in sorted(intervals):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return joined


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody at a gate: a card's verdict (or "": the exit button), and how long it then opens."""

    at: int
    verdict: str
    detail: Detail
    opens_s: float


class GateTraffic:
    """Who comes to a gate: pupils stream at arrival and release, visitors now and then between."""

    def __init__(
        self, name: str, seed: int, weather: Weather, vehicles: bool, held: Sequence[Span] = ()
    ) -> None:
        self._name = f"{seed} {name} traffic"
        self._cards = f"{seed} cards"
        self._weather = weather
        self._vehicles = vehicles
        self._held = held
        self._drawn: dict[int, list[Passage]] = {}
        self._opened: dict[int, list[Interval]] = {}

    def of_hour(self, number: int) -> list[Passage]:
        """Who comes in hour `number` since 1970, in order."""
        found = self._drawn.get(number)
        if found is None:
            found = self._drawn[number] = list(self._draw(number))
            self._drawn.pop(number - 3, None)
        return found

    def open_in(self, number: int) -> list[Interval]:
        """When the gate is open in that hour."""
        found = self._opened.get(number)
        if found is None:
            found = self._opened[number] = self._open_in(number)
            self._opened.pop(number - 3, None)
        return found

    def _open_in(self, number: int) -> list[Interval]:
        first, last = number * HOUR_MS, (number + 1) * HOUR_MS
        passed = [
            (passage.at + 1000, min(passage.at + 1000 + int(passage.opens_s * 1000), last))
            for passage in self.of_hour(number)
            if passage.opens_s and passage.at + 1000 < last
        ]
        minutes = range(first, last, 60_000)
        streams = [(m, m + 60_000) for m in minutes if self._streams(self._weather.moment(m))]
        held = [
            (max(span.begins, first), min(span.ends, last))
            for span in self._held
            if span.begins < last and span.ends > first
        ]
        return _joined([*passed, *streams, *held])

    def _streams(self, moment: Moment) -> bool:
        return moment.hour.gates_open and not self._vehicles

    def _draw(self, number: int) -> Iterator[Passage]:
        random = Random(f"{self._name} {number}")
        at, last = float(number * HOUR_MS), (number + 1) * HOUR_MS
        while True:
            most = ARRIVALS_PER_HOUR if self._busy(number) else VISITORS_PER_HOUR
            at += random.expovariate(most) * HOUR_MS
            if at >= last:
                return
            moment = self._weather.moment(int(at))
            if random.random() * most < self._per_hour(moment):
                yield self._passage(int(at), self._streams(moment), random)

    def _busy(self, number: int) -> bool:
        first = number * HOUR_MS
        return any(self._streams(self._weather.moment(first + m * 60_000)) for m in range(0, 60, 5))

    def _per_hour(self, moment: Moment) -> float:
        hour = moment.hour
        if self._vehicles:
            return DELIVERIES_PER_HOUR if hour.slot is Slot.EARLY else 0.0
        if hour.gates_open:
            return ARRIVALS_PER_HOUR if hour.slot is Slot.ARRIVAL else RELEASES_PER_HOUR
        return VISITORS_PER_HOUR if hour.occupied else 0.0

    def _passage(self, at: int, streaming: bool, random: Random) -> Passage:
        if not streaming and random.random() < 0.5:
            return Passage(at, "", NO_DETAIL, random.uniform(4, 8))
        odd = random.random() < ODD_SHARE
        verdict = random.choice(("denied", "unknown")) if odd else "granted"
        card = Random(f"{self._cards} {verdict} {random.randrange(300)}").randbytes(16).hex()
        seconds = random.uniform(20, 50) if self._vehicles else random.uniform(4, 8)
        opens = 0.0 if streaming or verdict != "granted" else seconds
        return Passage(at, verdict, {"card": f"h:{card}", "direction": "in"}, opens)
