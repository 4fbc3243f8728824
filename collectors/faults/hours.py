"""What is usual at each hour of the day: a value and its day-to-day spread, slowly forgetting."""

from collectors.faults.figures import HOURLY, SPREAD_LEAST

DAY = 86400


def between(at: float) -> tuple[int, int, float]:
    """The two hours whose middles enclose a time of day, and the weight of the second."""
    position = (at % DAY) / 3600 - 0.5
    first = int(position // 1)
    return first % 24, (first + 1) % 24, position - first


class Hours:
    """24 values; an hour is learned from the mean of a visit to it, when the next one begins."""

    __slots__ = ("_count", "_sum", "hour", "seen", "spread", "value")

    def __init__(self) -> None:
        self.value = [0.0] * 24
        self.seen = [0.0] * 24
        """How many days of each hour were learned from; days in an episode count for less."""
        self.spread = [0.0] * 24
        self.hour = -1
        self._sum = 0.0
        self._count = 0

    def add(self, hour: int, value: float, weight: float, prior: float, limit: float) -> float:
        """Gather one bin; what the visit before taught, 0 where there was none.

        `prior` is what was believed of the hour before, where it was never seen; news beyond
        `limit` are cut.
        """
        learned = 0.0
        if hour != self.hour:
            if self._count:
                learned = self._sum / self._count
                self._learn(learned, weight, prior, limit)
            self.hour, self._sum, self._count = hour, 0.0, 0
        self._sum += value
        self._count += 1
        return learned

    def _learn(self, mean: float, weight: float, prior: float, limit: float) -> None:
        hour, seen = self.hour, self.seen[self.hour]
        if not seen:
            self.value[hour] = prior
        off = mean - self.value[hour]
        if seen >= 1:
            rate = max(HOURLY, 1 / (seen + 1)) * max(weight, SPREAD_LEAST)
            self.spread[hour] += rate * (min(abs(off), 4 * limit) - self.spread[hour])
        news = max(-limit, min(limit, off))
        self.value[hour] += max(HOURLY, 1 / (seen + 1)) * weight * news
        self.seen[hour] = seen + weight
