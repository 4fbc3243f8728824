"""Interlock: when an output may change and when it must, by times alone (pure)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `least_on` and `least_off`: how long a state is kept at least; `most_on`: how long
    it may be on at a stretch; `lost_after`: without a sign of life for so long it goes off."""

    least_on: float = 0.0
    least_off: float = 0.0
    most_on: float = math.inf
    lost_after: float = math.inf


class Interlock:
    """An output that starts off, and the reason (`cause`) of its present state.

    Off is the state without current: it comes at once when the longest time is over or nobody
    shows a sign of life, whatever the least times say.
    """

    def __init__(self, times: Times, now: float) -> None:
        self._times = times
        self.on = False
        self.cause = "start"
        self._since = now
        """The start counts as switching off: what it switches may have run a moment ago."""
        self._wish = False
        self._wish_ends = math.inf
        self._lost_at = now + times.lost_after

    def ask(self, on: bool, now: float, seconds: float = math.inf) -> None:
        """Somebody wants it on (for so long) or off; done by `step` as soon as it may."""
        self.alive(now)
        self._wish = on
        self._wish_ends = now + seconds if on else math.inf

    def alive(self, now: float) -> None:
        """The worker that gives orders still runs."""
        self._lost_at = now + self._times.lost_after

    def step(self, now: float) -> bool:
        """Whether `on` has just changed."""
        if self._wish and now >= self._lost_at:
            return self._drop("lost", now)
        if self.on and now >= self._since + self._times.most_on:
            return self._drop("longest-time", now)
        if self._wish and now >= self._wish_ends:
            self._wish = False
        if self._wish == self.on or now < self._free_at():
            return False
        self.on, self._since, self.cause = self._wish, now, "command"
        return True

    def due(self) -> float | None:
        """When to call `step` next; None while nothing can change by itself."""
        moments = [self._lost_at, self._wish_ends] if self._wish else []
        if self.on:
            moments.append(self._since + self._times.most_on)
        if self._wish != self.on:
            moments.append(self._free_at())
        soonest = min(moments, default=math.inf)
        return None if math.isinf(soonest) else soonest

    def waits(self, now: float) -> float:
        """Seconds until what was asked may be done; 0: nothing waits."""
        return max(self._free_at() - now, 0.0) if self._wish != self.on else 0.0

    def _free_at(self) -> float:
        return self._since + (self._times.least_on if self.on else self._times.least_off)

    def _drop(self, cause: str, now: float) -> bool:
        was, self._wish = self.on, False
        if was:
            self.on, self._since, self.cause = False, now, cause
        return was
