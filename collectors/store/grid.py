"""Where the buckets of a series begin and end: the same for every store, so answers agree.

Short buckets are equal parts of the range, to the millisecond. Wider ones begin on whole minutes,
hours or days, so that they can be answered from roll-ups and still be exact: the first one then
holds less than the others where the range begins within it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from collectors.store import SeriesQuery
from devices.model import to_ms

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MINUTES_FROM = 5 * MINUTE
HOURS_FROM = HOUR
DAYS_FROM = 3 * DAY
"""Widths from which buckets begin on whole minutes, hours and days."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets `origin + n × width` to `origin + (n + 1) × width`, cut to `start` … `end`; ms."""

    start: int
    end: int
    origin: int
    width: int
    unit: int
    """1, MINUTE, HOUR or DAY: every edge within the range is a multiple of it (days: local)."""

    def begins(self, number: int) -> int:
        """Where a bucket's part of the range begins."""
        return max(self.start, self.origin + number * self.width)


def grid_of(query: SeriesQuery, timezone: tzinfo) -> Grid | None:
    """The grid of a question; None where the range is empty."""
    start, end = to_ms(query.start), to_ms(query.end)
    if end <= start:
        return None
    wanted = max(1, query.buckets)
    exact = -(-(end - start) // wanted)
    if exact < MINUTES_FROM:
        return Grid(start, end, start, max(1, exact), 1)
    unit = DAY if exact >= DAYS_FROM else HOUR if exact >= HOURS_FROM else MINUTE
    shift = day_shift(timezone) if unit == DAY else 0
    origin = (start + shift) // unit * unit - shift
    width = -(-(end - origin) // (wanted * unit)) * unit
    return Grid(start, end, origin, width, unit)


def day_shift(timezone: tzinfo) -> int:
    """Milliseconds that local days begin before those of UTC, in whole hours, no summer time."""
    offset = datetime(2020, 1, 1, tzinfo=UTC).astimezone(timezone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 3600) * HOUR
