"""Times of readings: those of one point strictly increase, whatever the machine's clock does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.mending import LONGEST_WAIT_MS
from devices.model import Detail, Origin, PointId, Reading, Value, from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Taken:
    """A value as the node took it from a driver, before it belongs to a batch."""

    point: PointId
    at: datetime
    value: Value
    detail: Detail


class Timeline:
    """Remembers the last time of each point: two readings never share one, none goes back.

    A clock that is set back by up to an hour is waited for in steps of 1 ms, so the order stays
    and nothing is overwritten; `ahead` says how far the times then are from the clock. A last time
    further ahead came from a clock that was wrong, and is not waited for.
    """

    def __init__(self, last: dict[str, int]) -> None:
        """`last` is the last time of each point so far, in ms."""
        self._last = last

    def place(self, taken: Sequence[Taken], origin: Origin) -> list[Reading]:
        """The readings with their final times; remembered only by `keep`."""
        last: dict[PointId, int] = {}
        readings = []
        for t in taken:
            before = last.get(t.point) or self._last.get(t.point) or 0
            at = to_ms(t.at)
            if 0 <= before - at <= LONGEST_WAIT_MS:
                at = before + 1
            last[t.point] = at
            readings.append(Reading(t.point, from_ms(at), t.value, origin, detail=t.detail))
        return readings

    def keep(self, readings: Sequence[Reading]) -> None:
        self._last.update((reading.point, to_ms(reading.at)) for reading in readings)

    def ahead(self, now: datetime) -> timedelta:
        """How far the newest time handed out lies in the future: the clock was set back."""
        return max(from_ms(self.newest()) - now, timedelta())

    def newest(self) -> int:
        """The newest time that was handed out, in ms; 0 where there is none."""
        return max(self._last.values(), default=0)
