"""Pure grading of readings as they come: error values, range, frozen, clock.

The thresholds follow the sensor notes of the safety plan: 85.0 is taken for real only beside a good
value within 5 °C; a fridge that is identical to the last bit for 2 h has a dead sensor; a time 60 s
ahead is a wrong clock. That a room may take 6 h is our own, cautious choice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.model import Fact, Kind, PointId, Quality, Reading, Value, fact_of, to_ms

POWER_ON = 85.0
"""What a DS18B20 says after power-on; an oven may be as hot, so its neighbours decide."""
POWER_ON_NEAR = 5.0
CLOCK_AHEAD = timedelta(seconds=60)
FROZEN_AFTER = timedelta(hours=6)
FROZEN_READINGS = 60
"""A value is frozen when it stayed the same for so long in at least so many readings, at a point
that moved before."""
CYCLING = frozenset(("temperature-cold", "temperature-frozen", "temperature-sample"))
CYCLING_FROZEN_AFTER = timedelta(hours=2)
"""A compressor moves these kinds all the time."""
RESTLESS = frozenset(("temperature", "humidity"))
"""Measurements that never stand still to the last step; power or gas may rest at 0 for days."""


_MS = timedelta(milliseconds=1)
_CLOCK_AHEAD_MS = CLOCK_AHEAD // _MS
_EVER = -(2**62)


@dataclass(slots=True)
class _Seen:
    """What is remembered of one point: its newest value, since when, and the last good one."""

    kind: Kind
    low: float
    high: float
    errors: frozenset[float]
    freezes_after: int
    """In ms; 0: never."""
    at: int = _EVER
    value: Value | None = None
    since: int = 0
    count: int = 0
    moved: bool = False
    good: float | None = None


class Grader:
    """Grades each reading by what its point said before; memory is constant for each point.

    Readings of a point come in the order of their time; one that is late or comes again is graded
    by what is known of its moment and changes nothing.
    """

    def __init__(self, kinds: Mapping[PointId, Kind]) -> None:
        self._kinds = kinds
        self._seen: dict[PointId, _Seen] = {}

    def grade(self, reading: Reading, now: datetime) -> Quality:
        """The quality of a reading that arrived at `now`; the most telling where several apply."""
        return self.grade_all([fact_of(reading)], to_ms(now))[0][3]

    def grade_all(self, facts: Sequence[Fact], now: int) -> list[Fact]:
        """The facts that arrived at `now` (ms), in their order, each with its quality."""
        seen_of, good, ahead = self._seen.get, Quality.GOOD, now + _CLOCK_AHEAD_MS
        graded: list[Fact] = []
        keep = graded.append
        for fact in facts:
            point, at, value, quality, node, detail = fact
            seen = seen_of(point)
            if seen is None:
                kind = self._kinds.get(point)
                if kind is None:
                    keep(fact)
                    continue
                seen = self._seen[point] = _fresh(kind)
            if at > seen.at:
                seen.at = at
                if value == seen.value:
                    seen.count += 1
                else:
                    seen.moved = seen.count > 0
                    seen.value, seen.since, seen.count = value, at, 1
            if detail and detail.get("warming") is True:
                keep((point, at, value, Quality.WARMING, node, detail))
                continue
            if type(value) is float:
                if (
                    value < seen.low
                    or value > seen.high
                    or value in seen.errors
                    or seen.count >= FROZEN_READINGS
                ):
                    fault = _fault(seen, at, value)
                    if fault is not None:
                        keep((point, at, value, fault, node, detail))
                        continue
                if at == seen.at:
                    seen.good = value
            if at > ahead and quality is good:
                keep((point, at, value, Quality.CLOCK, node, detail))
            else:
                keep(fact)
        return graded


def _fresh(kind: Kind) -> _Seen:
    """Nothing is known yet of a point of this kind."""
    low = -math.inf if kind.low is None else kind.low
    high = math.inf if kind.high is None else kind.high
    after = CYCLING_FROZEN_AFTER if kind.key in CYCLING else FROZEN_AFTER
    freezes = after if kind.measurement in RESTLESS else timedelta()
    return _Seen(kind, low, high, frozenset(kind.error_values), freezes // _MS)


def _fault(seen: _Seen, at: int, value: float) -> Quality | None:
    if value in seen.errors and not (
        value == POWER_ON and seen.good is not None and abs(value - seen.good) <= POWER_ON_NEAR
    ):
        return Quality.ERROR_VALUE
    if value < seen.low or value > seen.high:
        return Quality.OUT_OF_RANGE
    if (
        seen.freezes_after
        and seen.count >= FROZEN_READINGS
        and seen.moved
        and value == seen.value
        and at - seen.since >= seen.freezes_after
        and value not in (seen.low, seen.high)  # humidity may well stay at 100 %
    ):
        return Quality.FROZEN
    return None
