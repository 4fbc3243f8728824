"""Pulses: which edges of a meter's contact are pulses, and how fast they come (pure)."""

from collections import deque

WINDOW_S = 60.0
KEPT = 512
"""Pulses remembered for the rate."""
GLITCHES_PER_HOUR = 60
HOUR_S = 3600.0


class PulseFilter:
    """Edges with their own times in; a pulse is a low of at least `least_s` after such a high.

    Everything shorter is a bounce or a disturbance and is counted as a glitch.
    """

    def __init__(self, least_s: float, low: bool, now: float) -> None:
        self._least = least_s
        self._raw = low
        self._changed = now
        self._stable = low
        self._pulses: deque[float] = deque(maxlen=KEPT)
        self._glitches: deque[float] = deque(maxlen=KEPT)
        self.count = 0
        """Pulses since the start."""

    def see(self, low: bool, at: float) -> None:
        """An edge to `low` (or high) at its own time; the same level again says nothing."""
        if low == self._raw:
            return
        self.settle(at)
        if self._raw != self._stable:
            self._glitches.append(at)
        self._raw, self._changed = low, at

    def settle(self, now: float) -> None:
        """Take the present level for real where it has lasted for long enough."""
        if self._raw == self._stable or now - self._changed < self._least:
            return
        self._stable = self._raw
        if self._stable:
            self.count += 1
            self._pulses.append(self._changed)

    def due(self) -> float | None:
        """When to call `settle` next; None while nothing moves."""
        return None if self._raw == self._stable else self._changed + self._least

    def rate(self, now: float) -> float:
        """Pulses a second: over the last minute, or by the last two where they come slower.

        It falls by itself when the next one does not come when it should.
        """
        if len(self._pulses) < 2:
            return 0.0
        last = self._pulses[-1]
        within = [at for at in self._pulses if last - at <= WINDOW_S]
        first, gaps = (within[0], len(within) - 1) if len(within) > 1 else (self._pulses[-2], 1)
        usual = (last - first) / gaps
        if usual <= 0:
            return 0.0
        late = now - last
        return 1 / (late if late > usual else usual)

    def disturbed(self, now: float) -> int:
        """Glitches in the last hour."""
        while self._glitches and now - self._glitches[0] > HOUR_S:
            self._glitches.popleft()
        return len(self._glitches)
