"""A year of readings for benchmarks: fridges and rooms at one a minute, written in bulk.

The embedded store gets its packed days and roll-ups as its own upkeep would make them, which the
tests hold to what single readings say; the last two days go in as readings.
"""

import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from collectors.store.block import Row, pack, summed
from collectors.store.grid import DAY, HOUR, MINUTE, day_shift
from collectors.store.sqlite import SqliteStore
from collectors.store.sqlite_file import block_key
from devices.catalog import Site
from devices.model import NO_DETAIL, Fact, NodeId, PointId, Quality, to_ms

DAYS = 365
FRESH = 2
"""Days that are not packed yet."""


def day_of(point: int, day: int) -> Iterator[tuple[int, float]]:
    """Time and value of each minute: a compressor's saw, the sensor's noise and steps of 1/16."""
    chance = random.Random(point * 1000 + day)
    level, rhythm = 3.0 + point % 5, 23 + point % 17
    for minute in range(1440):
        at = day * DAY + minute * MINUTE + chance.randrange(40)
        swing = abs((minute % rhythm) / rhythm - 0.5) * 3 + math.sin(minute / 229)
        yield at, round((level + swing + chance.gauss(0, 0.06)) * 16) / 16


def facts(points: list[PointId], first: int, days: int) -> Iterator[list[Fact]]:
    """One point's day after the other."""
    for number, point in enumerate(points):
        for day in range(first, first + days):
            yield [
                (point, at, value, Quality.GOOD, NodeId("pi"), NO_DETAIL)
                for at, value in day_of(number, day)
            ]


def fill(path: Path, site: Site, points: list[PointId], now: datetime) -> int:
    """A year until `now` in the file of an embedded store; how many readings."""
    today = to_ms(now) // DAY
    first = today - DAYS
    with closing(SqliteStore(path, site)) as store:
        store.put([(points[0], to_ms(now), 4.0, Quality.GOOD, NodeId("pi"), NO_DETAIL)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executemany("INSERT OR IGNORE INTO point (name) VALUES (?)", [(p,) for p in points])
        names = dict(db.execute("SELECT name, id FROM point"))
        for number, point in enumerate(points):
            _fill_point(db, names[point], number, range(first, today - FRESH + 1), site)
            db.commit()
    with closing(SqliteStore(path, site)) as store:
        for part in facts(points, today - FRESH + 1, FRESH):
            store.put([fact for fact in part if fact[1] <= to_ms(now)])
        while store.tend(now):
            pass
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT (SELECT sum(count) FROM block) + (SELECT count(*) FROM reading)"
        return int(db.execute(query).fetchone()[0])


def _fill_point(db: sqlite3.Connection, id: int, number: int, days: range, site: Site) -> None:
    shift, by_day = day_shift(site.timezone), {}
    for day in days:
        rows: list[Row] = [(at, value, 0, 1, None) for at, value in day_of(number, day)]
        times, values = [row[0] for row in rows], [float(row[1]) for row in rows]
        db.execute(
            "INSERT INTO block (key, count, last, raw) VALUES (?, ?, ?, ?)",
            (block_key(id, day), len(rows), rows[-1][0], pack(day, rows)),
        )
        entries = summed(times, values, HOUR)
        db.executemany(
            "INSERT INTO hour VALUES (?, ?, ?, ?, ?, ?)",
            [(id, entry[0] // HOUR, *entry[1:]) for entry in entries],
        )
        for at, value in zip(times, values, strict=True):
            by_day.setdefault((at + shift) // DAY, []).append(value)
    db.executemany(
        "INSERT INTO day VALUES (?, ?, ?, ?, ?, ?)",
        [(id, d, min(v), math.fsum(v) / len(v), max(v), len(v)) for d, v in by_day.items()],
    )


def year_before(now: datetime) -> datetime:
    return now - timedelta(days=DAYS)
