"""Grades a stream of readings: can this value be trusted? Pure, constant memory a point."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.model import Kind, PointId, Quality, Reading, ValueType

POWER_ON = 85.0
NEAR_POWER_ON = 5.0
"""DS18B20: 85.0 is believed only within so many degrees of the last good value."""
AHEAD = timedelta(seconds=60)
"""A source time further ahead of ours means a wrong clock (safety notes: quarantine above 60 s)."""
FROZEN_AFTER = timedelta(hours=2)
"""A temperature that has not moved by one step for so long, in a point that moved before."""


@dataclass(slots=True)
class _Memory:
    good: float | None = None
    value: float | None = None
    since: datetime | None = None
    moved: bool = False


class Grader:
    """Remembers of each point only what the next grade needs."""

    def __init__(self, kinds: Mapping[PointId, Kind]) -> None:
        self._kinds = kinds
        self._memory: dict[PointId, _Memory] = {}

    def grade(self, reading: Reading, now: datetime) -> Quality:
        """How far `reading` can be trusted; `now` is the server's time."""
        kind = self._kinds.get(reading.point)
        if kind is not None and kind.value_type is ValueType.NUMBER:
            memory = self._memory.setdefault(reading.point, _Memory())
            fault = _fault(kind, memory, float(reading.value), reading.at)
            if fault is not None:
                return fault
            memory.good = float(reading.value)
        if reading.at > now + AHEAD:
            return Quality.CLOCK
        return reading.quality


def _fault(kind: Kind, memory: _Memory, value: float, at: datetime) -> Quality | None:
    if value in kind.error_values and not _believable(value, memory.good):
        return Quality.ERROR_VALUE
    if (kind.low is not None and value < kind.low) or (kind.high is not None and value > kind.high):
        return Quality.OUT_OF_RANGE
    if memory.value != value or memory.since is None:
        memory.moved = memory.moved or memory.value is not None
        memory.value, memory.since = value, at
    elif kind.measurement == "temperature" and memory.moved and at - memory.since > FROZEN_AFTER:
        return Quality.FROZEN
    return None


def _believable(value: float, good: float | None) -> bool:
    return value == POWER_ON and good is not None and abs(value - good) <= NEAR_POWER_ON
