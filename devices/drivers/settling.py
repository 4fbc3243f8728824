"""Settling: which level of a bouncing contact counts, by times alone (pure)."""

from collections import deque
from dataclasses import dataclass

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `trip`: quiet time before an alarming level counts; `rest`: before the calm one.

    A contact that leaves rest and is still not quiet `unsettled` seconds later counts as tripped.
    """

    trip: float
    rest: float
    unsettled: float
    chatter: int
    """Changes in a minute beyond which the contact is faulty; those within `trip` are one."""


class Settling:
    """Takes raw levels (True: alarming) with their times; says when the settled level changes."""

    def __init__(self, times: Times, level: bool, now: float) -> None:
        self._times = times
        self.level = level
        self._raw = level
        self._changed = now
        self._left: float | None = None
        """When the raw level first left the settled one."""
        self._movements: deque[float] = deque()

    def see(self, level: bool, now: float) -> None:
        """A raw level; the same level again says nothing."""
        if level == self._raw:
            return
        if not self._movements or now - self._movements[-1] > self._times.trip:
            self._movements.append(now)
        self._raw = level
        self._changed = now
        if self._left is None:
            self._left = now

    def settle(self, now: float) -> bool:
        """Whether the settled level (`level`) has just changed."""
        due = self.due()
        if due is None or now < due:
            return False
        unsettled = now < self._quiet_at()
        changed = unsettled or self._raw != self.level
        if changed:
            self.level = not self.level
        self._left = None if self._raw == self.level else now
        return changed

    def due(self) -> float | None:
        """When to call `settle` next; None while nothing moves."""
        if self._left is None:
            return None
        if self.level:
            return self._quiet_at()
        return min(self._quiet_at(), self._left + self._times.unsettled)

    def chatters(self, now: float) -> bool:
        """Whether it moved more often in the last minute than a sound contact does."""
        while self._movements and now - self._movements[0] > MINUTE_S:
            self._movements.popleft()
        return len(self._movements) > self._times.chatter

    def _quiet_at(self) -> float:
        """When the raw level will have been quiet for long enough."""
        back = self.level and not self._raw
        return self._changed + (self._times.rest if back else self._times.trip)
