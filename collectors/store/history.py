"""Reading the embedded store's past: days that were packed, roll-ups, and rows, as one."""

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from collectors.store import Bucket
from collectors.store.block import (
    Entry,
    Row,
    joined,
    mean_of,
    numbers,
    unpack,
    unpack_entries,
)
from collectors.store.grid import DAY, HOUR, MINUTE, Grid, day_shift
from collectors.store.sqlite_file import block_key, day_of_key
from devices.catalog import Site
from devices.model import Quality, from_ms

CODES = {
    Quality.GOOD: 0,
    Quality.CLOCK: 1,
    Quality.OUT_OF_RANGE: 2,
    Quality.ERROR_VALUE: 3,
    Quality.FROZEN: 4,
    Quality.WARMING: 5,
    Quality.SPIKE: 6,
    Quality.NOISE: 7,
    Quality.JUMP: 8,
    Quality.DRIFT: 9,
    Quality.BIAS: 10,
}
"""What stands in the file for each quality; never change one."""
USABLE = bytes(code for quality, code in CODES.items() if quality.usable)

Pieces = list[tuple[Sequence[int], Sequence[float]]]
"""Numbers by time, each piece ascending."""


class History:
    """Asks one connection; the caller opens the transaction that its answers belong to."""

    def __init__(self, connection: sqlite3.Connection, site: Site) -> None:
        self._db = connection
        self._shift = day_shift(site.timezone)

    # --- series ------------------------------------------------------------------------------

    def series(self, point: str, grid: Grid) -> list[Bucket]:
        """From single readings, minutes, hours or days: whatever answers exactly with least."""
        found = self._db.execute("SELECT id FROM point WHERE name = ?", (point,)).fetchone()
        if found is None:
            return []
        buckets: dict[int, list[Entry]] = {}

        def add(entries: Iterable[Entry]) -> None:
            for entry in entries:
                buckets.setdefault((entry[0] - grid.origin) // grid.width, []).append(entry)

        if grid.unit < HOUR:
            add(self._fine(found[0], grid, grid.start, grid.end))
        else:
            add(self._coarse(found[0], grid))
        return [
            Bucket(from_ms(grid.begins(number)), *joined(buckets[number], 0)[1:])
            for number in sorted(buckets)
        ]

    def _coarse(self, point: int, grid: Grid) -> Iterator[Entry]:
        """Hours as they were rolled up, what lies between them and the ends added up anew."""
        first, last = -(-grid.start // HOUR), grid.end // HOUR
        if first >= last:
            yield from self._fine(point, grid, grid.start, grid.end)
            return
        stale = [row[0] for row in self._db.execute(
            "SELECT hour FROM stale WHERE point = ? AND hour >= ? AND hour < ?",
            (point, first, last))]  # fmt: skip
        days = grid.unit == DAY and not stale
        yield from (
            self._days(point, grid, first, last) if days else
            self._hours(point, grid, first, last, stale)
        )  # fmt: skip
        yield from self._fine(point, grid, grid.start, first * HOUR)
        for begins, ends in _stretches(stale):
            yield from self._fine(point, grid, begins * HOUR, ends * HOUR)
        yield from self._fine(point, grid, last * HOUR, grid.end)

    def _hours(
        self, point: int, grid: Grid, first: int, last: int, stale: Sequence[int] = ()
    ) -> list[Entry]:
        """Hours that are rolled up, added up by bucket, without the `stale` ones."""
        return self._db.execute(
            "SELECT min(hour) * :hour, min(low), sum(mean * count) / sum(count), max(high),"
            " sum(count) FROM hour WHERE point = :point AND hour >= :first AND hour < :last"
            f" AND hour NOT IN ({','.join(map(str, stale))})"
            " GROUP BY (hour * :hour - :origin) / :width",
            {"hour": HOUR, "point": point, "first": first, "last": last,
             "origin": grid.origin, "width": grid.width},
        ).fetchall()  # fmt: skip

    def _days(self, point: int, grid: Grid, first: int, last: int) -> Iterator[Entry]:
        """Whole days, and the hours before and behind them."""
        begins = -(-(first * HOUR + self._shift) // DAY)
        ends = (last * HOUR + self._shift) // DAY
        if begins >= ends:
            yield from self._hours(point, grid, first, last)
            return
        yield from self._hours(point, grid, first, (begins * DAY - self._shift) // HOUR)
        yield from self._db.execute(
            "SELECT day * :day - :shift, low, mean, high, count FROM day"
            " WHERE point = :point AND day >= :begins AND day < :ends",
            {"day": DAY, "shift": self._shift, "point": point, "begins": begins, "ends": ends},
        )
        yield from self._hours(point, grid, (ends * DAY - self._shift) // HOUR, last)

    def _fine(self, point: int, grid: Grid, start: int, end: int) -> Iterator[Entry]:
        """Single readings, or minutes where they answer as well; one entry a bucket and piece."""
        if start >= end:
            return
        pieces: Pieces = []
        blocks = self._db.execute(
            "SELECT key, dropped, raw, minutes FROM block WHERE key BETWEEN ? AND ? ORDER BY key",
            (block_key(point, start // DAY), block_key(point, (end - 1) // DAY)),
        )
        loose = self._loose(point, start, end)
        for key, dropped, raw, minutes in blocks:
            day = day_of_key(key)
            changed = loose.pop(day, None) if not dropped else None
            if dropped:
                yield from self._given_up(point, day, minutes, start, end)
            elif changed is not None:
                pieces.append(_merged(day, raw, changed))
            elif minutes is not None and grid.unit >= MINUTE:
                first, last = -(-start // MINUTE) * MINUTE, end // MINUTE * MINUTE
                for entry in unpack_entries(day, minutes):
                    if first <= entry[0] < last:
                        yield entry
                if (first > start and first > day * DAY) or last < min(end, (day + 1) * DAY):
                    at, values = numbers(day, raw, USABLE)
                    pieces += [_cut(at, values, start, first), _cut(at, values, last, end)]
            else:
                pieces.append(numbers(day, raw, USABLE))
        pieces += [_merged(day, None, rows) for day, rows in loose.items()]
        for at, values in pieces:
            yield from _by_bucket(at, values, grid, start, end)

    def _loose(self, point: int, start: int, end: int) -> dict[int, list[tuple[int, float, int]]]:
        """The rows of the range that are in no block yet, by day."""
        found: dict[int, list[tuple[int, float, int]]] = {}
        rows = self._db.execute(
            "SELECT at, value, quality FROM reading WHERE point = ? AND at >= ? AND at < ?"
            " AND typeof(value) = 'real' ORDER BY at", (point, start, end),
        )  # fmt: skip
        for row in rows:
            found.setdefault(row[0] // DAY, []).append(row)
        return found

    def _given_up(
        self, point: int, day: int, minutes: bytes | None, start: int, end: int
    ) -> Iterator[Entry]:
        """What is left of a day whose readings were given up: minutes, else hours."""
        entries: Iterable[Entry]
        if minutes is not None:
            entries = unpack_entries(day, minutes)
        else:
            entries = self._db.execute(
                "SELECT hour * ?, low, mean, high, count FROM hour WHERE point = ?"
                " AND hour >= ? AND hour < ?",
                (HOUR, point, day * DAY // HOUR, (day + 1) * DAY // HOUR),
            )
        yield from (entry for entry in entries if start <= entry[0] < end)

    # --- single readings ---------------------------------------------------------------------

    def packed(
        self, points: Sequence[int], start: int, end: int, enough: int
    ) -> Iterator[tuple[int, Row]]:
        """(point, row) of the packed days, whole days from the newest back, until `enough`.

        A day is finished before it is enough; a row of the table may take another's place.
        """
        days = self._packed_days(points, start, end)
        count = 0
        for day in sorted(days, reverse=True):
            for point in days[day]:
                raw = self._db.execute(
                    "SELECT raw FROM block WHERE key = ?", (block_key(point, day),)
                ).fetchone()[0]
                for row in unpack(day, raw):
                    if start <= row[0] < end:
                        count += 1
                        yield point, row
            if count >= enough:
                return

    def _packed_days(self, points: Sequence[int], start: int, end: int) -> dict[int, list[int]]:
        days: dict[int, list[int]] = {}
        for point in points:
            keys = self._db.execute(
                "SELECT key FROM block WHERE key BETWEEN ? AND ? AND raw IS NOT NULL",
                (
                    block_key(point, max(0, start // DAY)),
                    block_key(point, max(0, (end - 1) // DAY)),
                ),
            )
            for (key,) in keys:
                days.setdefault(day_of_key(key), []).append(point)
        return days

    def newest(self, point: int) -> Row | None:
        """The last row of the newest packed day."""
        row = self._db.execute(
            "SELECT key, raw FROM block WHERE key BETWEEN ? AND ? AND raw IS NOT NULL"
            " ORDER BY key DESC LIMIT 1", (block_key(point, 0), block_key(point + 1, 0) - 1),
        ).fetchone()  # fmt: skip
        return unpack(day_of_key(row[0]), row[1])[-1] if row else None

    def rows_of(self, point: int, day: int, start: int = 0, end: int = 2**62) -> list[Row]:
        """What a UTC day holds from `start` to `end`, packed or not, in the order of time."""
        first, last = max(day * DAY, start), min((day + 1) * DAY, end)
        raw = self._db.execute(
            "SELECT raw FROM block WHERE key = ?", (block_key(point, day),)
        ).fetchone()
        merged = {row[0]: row for row in unpack(day, raw[0])} if raw and raw[0] else {}
        loose: list[Row] = self._db.execute(
            "SELECT at, value, quality, node, detail FROM reading"
            " WHERE point = ? AND at >= ? AND at < ?", (point, first, last),
        ).fetchall()  # fmt: skip
        merged.update((row[0], row) for row in loose)
        return [merged[at] for at in sorted(merged) if first <= at < last]


def _merged(
    day: int, raw: bytes | None, changed: Iterable[tuple[int, float, int]]
) -> tuple[Sequence[int], Sequence[float]]:
    """A day's usable numbers where rows were added to its block, or took others' place."""
    found: dict[int, float] = {}
    if raw is not None:
        found.update(zip(*numbers(day, raw, USABLE), strict=True))
    for at, value, quality in changed:
        if quality in USABLE:
            found[at] = value
        else:
            found.pop(at, None)
    times = sorted(found)
    return times, array("d", [found[at] for at in times])


def _cut(
    times: Sequence[int], values: Sequence[float], start: int, end: int
) -> tuple[Sequence[int], Sequence[float]]:
    first, last = bisect_left(times, start), bisect_left(times, end)
    return times[first:last], values[first:last]


def _by_bucket(
    times: Sequence[int], values: Sequence[float], grid: Grid, start: int, end: int
) -> Iterator[Entry]:
    """One entry for each bucket that has numbers between `start` and `end`."""
    at, last = bisect_left(times, start), bisect_left(times, end)
    while at < last:
        number = (times[at] - grid.origin) // grid.width
        until = bisect_left(times, grid.origin + (number + 1) * grid.width, at, last)
        part = values[at:until]
        yield times[at], min(part), mean_of(part), max(part), len(part)
        at = until


def _stretches(hours: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring hours as (first, behind the last)."""
    begins = ends = None
    for hour in sorted(hours):
        if ends != hour:
            if begins is not None and ends is not None:
                yield begins, ends
            begins = hour
        ends = hour + 1
    if begins is not None and ends is not None:
        yield begins, ends
