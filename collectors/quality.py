"""Pure grading of readings as they come: error values, range, frozen, clock.

The thresholds follow the sensor notes of the safety plan: 85.0 is taken for real only beside a good
value within 5 °C; a fridge that is identical to the last bit for 2 h has a dead sensor; a time 60 s
ahead is a wrong clock. That a room may take 6 h is our own, cautious choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.model import Kind, PointId, Quality, Reading, Value

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


@dataclass(slots=True)
class _Seen:
    """What is remembered of one point: its newest value, since when, and the last good one."""

    kind: Kind
    at: datetime
    value: Value
    since: datetime
    count: int = 1
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
        at, value = reading.at, reading.value
        seen = self._seen.get(reading.point)
        if seen is None:
            kind = self._kinds.get(reading.point)
            if kind is None:
                return reading.quality
            seen = self._seen[reading.point] = _Seen(kind, at, value, at)
        elif at > seen.at:
            seen.at = at
            if value == seen.value:
                seen.count += 1
            else:
                seen.value, seen.since, seen.count, seen.moved = value, at, 1, True
        if reading.detail.get("warming") is True:
            return Quality.WARMING
        if type(value) is float:
            fault = _fault(seen, at, value)
            if fault is not None:
                return fault
            if at == seen.at:
                seen.good = value
        if reading.quality is Quality.CLOCK or at - now > CLOCK_AHEAD:
            return Quality.CLOCK
        return reading.quality


def _fault(seen: _Seen, at: datetime, value: float) -> Quality | None:
    kind = seen.kind
    if value in kind.error_values and not (
        value == POWER_ON and seen.good is not None and abs(value - seen.good) <= POWER_ON_NEAR
    ):
        return Quality.ERROR_VALUE
    if (kind.low is not None and value < kind.low) or (kind.high is not None and value > kind.high):
        return Quality.OUT_OF_RANGE
    if (
        seen.count >= FROZEN_READINGS
        and seen.moved
        and value == seen.value
        and at - seen.since >= (CYCLING_FROZEN_AFTER if kind.key in CYCLING else FROZEN_AFTER)
        and kind.measurement in RESTLESS
        and value not in (kind.low, kind.high)  # humidity may well stay at 100 %
    ):
        return Quality.FROZEN
    return None
