"""Battery: a voltage that is low, or will be within two days by its fall since yesterday."""

from collections.abc import Iterator

from collectors.faults import figures as f
from collectors.faults.episode import Episode, FaultName
from collectors.faults.level import median

HOUR = 3600
READINGS = 24
"""Of an hour, at most so many go into its median: a garbled voltage does not count."""
FRESH_HOURS = 24
RECOVERED = 0.05
"""A new cell is this share higher."""


def low_voltage(fresh: float) -> float:
    """Where a cell is nearly empty that began with `fresh` volts (or per cent)."""
    if fresh > f.PERCENT:
        return f.PERCENT_LOW
    return max(f.BATTERY_DEAD * fresh, min(f.BATTERY_LOW * fresh, f.PAIR_LOW))


class Battery:
    """One sensor's cell; hourly medians of a day are kept."""

    __slots__ = (
        "_began",
        "_device",
        "_fresh",
        "_hour",
        "_hours",
        "_last",
        "_low",
        "_told",
        "_values",
    )

    def __init__(self, device: str) -> None:
        self._device = device
        self._hour = -1
        self._values: list[float] = []
        self._hours: list[tuple[int, float]] = []
        self._fresh = 0.0
        self._began = 0.0
        self._low = 0.0
        self._last = 0.0
        self._told: list[Episode] = []

    def observe(self, at: float, voltage: float) -> None:
        """One voltage in V (or % of charge); zero and less are no voltage."""
        if not voltage > 0:
            return
        hour = int(at // HOUR)
        if hour != self._hour:
            if len(self._values) >= 3 or (self._values and not self._hours):
                self._close(median(self._values))
            self._hour, self._values = hour, []
        if len(self._values) < READINGS:
            self._values.append(voltage)
        self._last = at

    @property
    def low(self) -> bool:
        return bool(self._began)

    def episodes(self) -> Iterator[Episode]:
        """What was found; a battery that is low until the end is told as long."""
        if self._values and len(self._values) >= 3:
            self._close(median(self._values))
        yield from self._told
        if self._began:
            yield self._episode(self._last)

    def _close(self, level: float) -> None:
        hour = self._hour
        self._hours.append((hour, level))
        while self._hours[0][0] < hour - 24:
            self._hours.pop(0)
        if len(self._hours) <= FRESH_HOURS:
            self._fresh = max(self._fresh, level)
        recent = median([value for at, value in self._hours if at > hour - 3])
        if self._began:
            if recent > self._low * (1 + RECOVERED):
                self._told.append(self._episode(hour * HOUR))
                self._began, self._fresh = 0.0, recent
                self._hours = [(hour, recent)]
            return
        if self._is_low(hour, recent):
            self._began, self._low = (hour + 1) * HOUR, recent

    def _is_low(self, hour: int, recent: float) -> bool:
        low = low_voltage(self._fresh)
        if recent <= low:
            return True
        before = [value for at, value in self._hours if at <= hour - 21]
        if len(before) < 3 or len(self._hours) < 12:
            return False
        fall = median(before) - recent
        return fall > 0.01 * self._fresh and recent - f.BATTERY_AHEAD * fall <= low

    def _episode(self, end: float) -> Episode:
        evidence: dict[str, float | str] = {
            "voltage": round(self._low, 3),
            "fresh": round(self._fresh, 3),
        }
        return Episode(self._device, FaultName.BATTERY, self._began, end, evidence)
