"""What the embedded store does in quiet moments: roll up, pack, give up what is too old, shrink.

Each step is a short transaction of its own, so that writing never waits long and a kill at any
moment leaves a whole file. Roll-ups are added up anew from all readings of their hour, never
counted on: late, repeated and replaced readings leave them exact.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby

from collectors.store.block import (
    Entry,
    Row,
    joined,
    pack,
    pack_entries,
    summed,
    unpack,
    unpack_entries,
)
from collectors.store.grid import DAY, HOUR, MINUTE, day_shift
from collectors.store.history import USABLE, History
from collectors.store.sqlite_file import block_key, day_of_key
from devices.catalog import Site
from devices.model import PointId, to_ms

log = logging.getLogger(__name__)

SLICE_S = 0.04
"""So long upkeep may hold the writer before it lets readings in again."""
HOURS_A_STEP = 400
SETTLED = 6 * HOUR
"""A day is packed when it is over for so long: the day's stragglers are in by then."""
LOOK = 10 * 60_000
"""Between two looks for days to pack and to give up, in ms of the clock."""
FREE_PAGES = 256
"""Fewer empty pages than these are left for what comes next."""
PAGES_A_STEP = 200

_Job = Callable[[], bool]
"""A short transaction; whether there may be more of the same."""


class Upkeep:
    """Works on the writer's connection; its caller sees to it that nobody else does meanwhile."""

    def __init__(self, connection: sqlite3.Connection, site: Site) -> None:
        self._db = connection
        self._site = site
        self._history = History(connection, site)
        self._shift = day_shift(site.timezone)
        self._looked = 0
        self._jobs: list[_Job] = []
        self._names: dict[int, str] = {}
        self.rolled: set[int] = set()
        """Hours (hour_key) that left the table of stale ones; the writer forgets them too."""

    def tend(self, now: datetime) -> bool:
        """Work for at most a slice; whether there is more to do. Raises sqlite3.Error."""
        until = time.monotonic() + SLICE_S
        at = to_ms(now)
        if not self._jobs and at - self._looked >= LOOK:
            self._looked = at
            self._jobs = [
                lambda: self._pack(at), lambda: self._give_up(at), self._shrink,
            ]  # fmt: skip
        more = self._roll(at)
        while time.monotonic() < until:
            if more:
                more = self._roll(at)
            elif self._jobs:
                if not self._jobs[0]():
                    del self._jobs[0]
            else:
                return False
        return more or bool(self._jobs)

    # --- roll up -----------------------------------------------------------------------------

    def _roll(self, now: int) -> bool:
        """Roll up hours that are over and changed."""
        found = self._db.execute(
            "SELECT point, hour FROM stale WHERE hour < ? ORDER BY point, hour LIMIT ?",
            (now // HOUR, HOURS_A_STEP),
        ).fetchall()
        if not found:
            return False
        with _transaction(self._db):
            for (point, day), hours in groupby(found, lambda f: (f[0], f[1] * HOUR // DAY)):
                self._roll_day(point, day, [hour for _, hour in hours])
            self._db.executemany("DELETE FROM stale WHERE point = ? AND hour = ?", found)
            self._add_up_days({(p, (h * HOUR + self._shift) // DAY) for p, h in found})
        self.rolled.update(hour_key(point, hour) for point, hour in found)
        return len(found) == HOURS_A_STEP

    def _roll_day(self, point: int, day: int, hours: Sequence[int]) -> None:
        block = self._db.execute(
            "SELECT dropped, minutes FROM block WHERE key = ?", (block_key(point, day),)
        ).fetchone()
        if block and block[0]:
            self._roll_late(point, day, hours, block[1])
            return
        rows = self._history.rows_of(point, day, hours[0] * HOUR, (hours[-1] + 1) * HOUR)
        found = {entry[0] // HOUR: entry for entry in summed(*_numbers(rows), HOUR)}
        self._put_hours(point, [found[hour] for hour in hours if hour in found])
        gone = [(point, hour) for hour in hours if hour not in found]
        self._db.executemany("DELETE FROM hour WHERE point = ? AND hour = ?", gone)

    def _roll_late(self, point: int, day: int, hours: Sequence[int], minutes: bytes | None) -> None:
        """Readings of a day whose readings were given up: they are counted on and given up too."""
        rows: list[Row] = self._db.execute(
            "DELETE FROM reading WHERE point = ? AND at >= ? AND at < ?"
            " RETURNING at, value, quality, node, detail", (point, day * DAY, (day + 1) * DAY),
        ).fetchall()  # fmt: skip
        rows.sort(key=lambda row: row[0])
        times, values = _numbers(rows)
        if minutes is not None:
            merged = _together([*unpack_entries(day, minutes), *summed(times, values, MINUTE)])
            self._db.execute(
                "UPDATE block SET minutes = ? WHERE key = ?",
                (pack_entries(day, merged), block_key(point, day)),
            )
        new = summed(times, values, HOUR)
        old: list[Entry] = self._db.execute(
            "SELECT hour * ?, low, mean, high, count FROM hour WHERE point = ?"
            f" AND hour IN ({','.join(map(str, hours))})", (HOUR, point),
        ).fetchall()  # fmt: skip
        self._put_hours(point, _together([*old, *new]))

    def _put_hours(self, point: int, entries: Iterable[Entry]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO hour VALUES (?, ?, ?, ?, ?, ?)",
            [(point, entry[0] // HOUR, *entry[1:]) for entry in entries],
        )

    def _add_up_days(self, days: Iterable[tuple[int, int]]) -> None:
        for point, day in days:
            first = (day * DAY - self._shift) // HOUR
            entries: list[Entry] = self._db.execute(
                "SELECT hour * ?, low, mean, high, count FROM hour"
                " WHERE point = ? AND hour >= ? AND hour < ?", (HOUR, point, first, first + 24),
            ).fetchall()  # fmt: skip
            if entries:
                self._db.execute(
                    "INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?, ?)",
                    (point, day, *joined(entries, 0)[1:]),
                )
            else:
                self._db.execute("DELETE FROM day WHERE point = ? AND day = ?", (point, day))

    # --- pack --------------------------------------------------------------------------------

    def _pack(self, now: int) -> bool:
        """Make a block of one point's oldest day that is over."""
        before = (now - SETTLED) // DAY * DAY
        for point in self._points():
            (oldest,) = self._db.execute(
                "SELECT min(at) FROM reading WHERE point = ?", (point,)
            ).fetchone()
            if oldest is None or oldest >= before:
                self._names.pop(point, None)  # done, until the next look
                continue
            day = oldest // DAY
            with _transaction(self._db):
                self._pack_day(point, day)
            return True
        self._names = {}
        return False

    def _points(self) -> list[int]:
        if not self._names:
            self._names = dict(self._db.execute("SELECT id, name FROM point"))
        return list(self._names)

    def _pack_day(self, point: int, day: int) -> None:
        key = block_key(point, day)
        block = self._db.execute("SELECT dropped FROM block WHERE key = ?", (key,)).fetchone()
        rows = self._history.rows_of(point, day)
        if not (block and block[0]):
            put_block(self._db, key, day, rows)
        # What came late for a day that was given up is rolled up by now, or is no number.
        self._db.execute(
            "DELETE FROM reading WHERE point = ? AND at >= ? AND at < ?",
            (point, day * DAY, (day + 1) * DAY),
        )

    # --- give up -----------------------------------------------------------------------------

    def _give_up(self, now: int) -> bool:
        """Give up what its kind's retention says, a few blocks at a time."""
        kinds = {id: self._site.points[id].kind for id in self._site.points}
        today, settings = now // DAY, self._site.store
        for point, name in self._db.execute("SELECT id, name FROM point").fetchall():
            raw, minute, hour = settings.kept(kinds.get(PointId(name), ""))
            if raw and self._give_up_raw(point, today - raw):
                return True
            if minute and self._give_up_minutes(point, today - minute):
                return True
            if hour:
                self._give_up_hours(point, now - hour * DAY)
        return False

    def _old_blocks(self, point: int, before: int, what: str) -> list[tuple[int, bytes, bytes]]:
        return self._db.execute(
            f"SELECT key, raw, minutes FROM block WHERE key BETWEEN ? AND ? AND {what} IS NOT NULL"
            " LIMIT 20", (block_key(point, 0), block_key(point, max(0, before)) - 1),
        ).fetchall()  # fmt: skip

    def _give_up_raw(self, point: int, before: int) -> bool:
        blocks = self._old_blocks(point, before, "raw")
        with _transaction(self._db):
            for key, raw, minutes in blocks:
                day = day_of_key(key)
                if minutes is None:
                    entries = summed(*_numbers(unpack(day, raw)), MINUTE)
                    minutes = pack_entries(day, entries) if entries else None
                self._db.execute(
                    "UPDATE block SET dropped = 1, raw = NULL, minutes = ? WHERE key = ?",
                    (minutes, key),
                )
        if blocks:
            log.info("readings of %d days of point %d are past their time", len(blocks), point)
        return bool(blocks)

    def _give_up_minutes(self, point: int, before: int) -> bool:
        blocks = self._old_blocks(point, before, "minutes")
        with _transaction(self._db):
            self._db.executemany(
                "UPDATE block SET minutes = NULL WHERE key = ?", [(key,) for key, _, _ in blocks]
            )
        return bool(blocks)

    def _give_up_hours(self, point: int, before: int) -> None:
        with _transaction(self._db):
            self._db.execute(
                "DELETE FROM hour WHERE point = ? AND hour < ?", (point, before // HOUR)
            )
            self._db.execute(
                "DELETE FROM day WHERE point = ? AND day < ?",
                (point, (before + self._shift) // DAY),
            )

    # --- shrink ------------------------------------------------------------------------------

    def _shrink(self) -> bool:
        """Give pages that became empty back to the disk, a few at a time."""
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        if free <= FREE_PAGES:
            return False
        self._db.execute(f"PRAGMA incremental_vacuum({PAGES_A_STEP})").fetchall()
        (left,) = self._db.execute("PRAGMA freelist_count").fetchone()
        return bool(left < free)


def put_block(connection: sqlite3.Connection, key: int, day: int, rows: Sequence[Row]) -> None:
    """Write a point's day, all its rows in the order of time; inside the caller's transaction."""
    times, values = _numbers(rows)
    entries = summed(times, values, MINUTE)
    # Where a minute has one reading, the readings are its roll-up already.
    minutes = pack_entries(day, entries) if len(times) >= 2 * len(entries) > 0 else None
    connection.execute(
        "INSERT OR REPLACE INTO block (key, count, last, raw, minutes) VALUES (?, ?, ?, ?, ?)",
        (key, len(rows), rows[-1][0], pack(day, rows), minutes),
    )


def hour_key(point: int, hour: int) -> int:
    """One number for a point's hour."""
    return point << 24 | hour


def _numbers(rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    kept = [row for row in rows if type(row[1]) is float and row[2] in USABLE]
    return [row[0] for row in kept], [float(row[1]) for row in kept]


def _together(entries: Iterable[Entry]) -> list[Entry]:
    """One entry for each beginning, in their order."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    return [joined(parts, at) for at, parts in groupby(ordered, lambda entry: entry[0])]


class _transaction:
    """BEGIN IMMEDIATE … COMMIT, or nothing of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._db.execute("COMMIT")
        elif self._db.in_transaction:
            self._db.execute("ROLLBACK")
