"""The embedded store: one SQLite file, one writer, any number of readers."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from collectors.store import Bucket, EventQuery, SeriesQuery, Written
from devices.catalog import Site
from devices.errors import StoreError, StoreUnavailable
from devices.model import (
    NO_DETAIL,
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    ValueType,
    from_ms,
    to_ms,
)
from devices.service import Health

_SCHEMA = """
CREATE TABLE IF NOT EXISTS point (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS origin (
    id INTEGER PRIMARY KEY, node TEXT NOT NULL, boot TEXT NOT NULL, UNIQUE (node, boot));
CREATE TABLE IF NOT EXISTS reading (
    point INTEGER NOT NULL, at INTEGER NOT NULL, value NOT NULL, quality TEXT,
    detail TEXT, origin INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (point, at)) WITHOUT ROWID;
"""
# NULL quality is "good": most rows need not say it.
_BEST = Quality.GOOD
_USABLE = tuple(q.value for q in Quality if q.usable)
BUSY_S = 10.0


class SqliteStore:
    """Readings under the key (point, source time): the same one written twice is one row.

    WAL with synchronous=FULL: what `write` returned for survives a power cut. Values the sensor
    itself disowns (unusable quality) stay out of `series` and are told by `events`.
    """

    def __init__(self, path: Path, site: Site, *, readonly: bool = False) -> None:
        """Raises StoreError where the file is damaged or is no store."""
        self._path = path
        self._kinds = site.kinds
        self._readonly = readonly
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._points: dict[str, int] = {}
        self._origins: dict[tuple[str, str], int] = {}
        self._trouble = ""
        if not readonly:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open_for_writing()

    def _open_for_writing(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_S, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA cache_size=-16000")
            with db:
                db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            db.close()
            raise StoreError(
                f"{self._path} cannot be used ({error}): move it aside, restore a backup in its "
                "place, or start without it; nodes keep what is not stored yet"
            ) from None
        return db

    def _reader(self) -> sqlite3.Connection | None:
        """The connection to ask; None while the writer has not made the file yet."""
        if self._db is None and self._path.exists():
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name='reading'").fetchone():
                db.close()
                return None
            self._db = db
        return self._db

    def write(self, readings: Sequence[Reading]) -> Written:
        db = self._db
        if db is None or self._readonly:
            raise StoreError(f"{self._path} is open for reading only")
        with self._lock:
            try:
                with db:
                    db.executemany(
                        "INSERT OR IGNORE INTO reading VALUES (?,?,?,?,?,?,?)",
                        [self._row(db, reading) for reading in readings],
                    )
            except sqlite3.OperationalError as error:
                # Ids given out inside the failed transaction are gone with it.
                self._points.clear()
                self._origins.clear()
                self._trouble = f"{self._path} cannot be written ({error}): is the disk full?"
                raise StoreUnavailable(self._trouble) from None
            self._trouble = ""
        return Written()

    def _row(self, db: sqlite3.Connection, reading: Reading) -> tuple[Any, ...]:
        value = reading.value
        return (
            self._points.get(reading.point) or self._point_id(db, reading.point),
            to_ms(reading.at),
            int(value) if isinstance(value, bool) else value,
            None if reading.quality is _BEST else reading.quality.value,
            orjson.dumps(dict(reading.detail)).decode() if reading.detail else None,
            self._origin_id(db, reading.origin),
            reading.origin.seq,
        )

    def _point_id(self, db: sqlite3.Connection, name: str) -> int:
        db.execute("INSERT OR IGNORE INTO point (name) VALUES (?)", (name,))
        (found,) = db.execute("SELECT id FROM point WHERE name=?", (name,)).fetchone()
        self._points[name] = found
        return int(found)

    def _origin_id(self, db: sqlite3.Connection, origin: Origin) -> int:
        key = (origin.node, origin.boot)
        known = self._origins.get(key)
        if known is None:
            db.execute("INSERT OR IGNORE INTO origin (node, boot) VALUES (?,?)", key)
            row = db.execute("SELECT id FROM origin WHERE node=? AND boot=?", key).fetchone()
            known = self._origins[key] = int(row[0])
        return known

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        sql = f"{_SELECT} WHERE point.name=? ORDER BY reading.at DESC LIMIT 1"
        found: dict[PointId, Reading] = {}
        for point in points:
            for row in self._ask(sql, (point,)):
                found[point] = self._reading(row)
        return found

    def series(self, query: SeriesQuery) -> list[Bucket]:
        start, end = to_ms(query.start), to_ms(query.end)
        width = max(1, -(-(end - start) // max(1, query.buckets)))
        marks = ",".join("?" * len(_USABLE))
        rows = self._ask(
            f"SELECT (at-?)/?, min(value), avg(value), max(value), count(*) FROM reading"
            f" WHERE point=(SELECT id FROM point WHERE name=?) AND at>=? AND at<?"
            f" AND (quality IS NULL OR quality IN ({marks})) GROUP BY 1 ORDER BY 1",
            (start, width, query.point, start, end, *_USABLE),
        )
        step = timedelta(milliseconds=width)
        return [Bucket(query.start + n * step, lo, mean, hi, c) for n, lo, mean, hi, c in rows]

    def events(self, query: EventQuery) -> list[Reading]:
        if not query.points:
            return []
        marks = ",".join("?" * len(query.points))
        rows = self._ask(
            f"{_SELECT} WHERE reading.point IN (SELECT id FROM point WHERE name IN ({marks}))"
            " AND reading.at>=? AND reading.at<? ORDER BY reading.at DESC LIMIT ?",
            (*query.points, to_ms(query.start), to_ms(query.end), query.limit),
        )
        return [self._reading(row) for row in reversed(rows)]

    def _ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            try:
                db = self._reader()
                if db is None:
                    return []
                with closing(db.execute(sql, values)) as cursor:
                    return cursor.fetchall()
            except sqlite3.Error as error:
                self._trouble = f"{self._path} cannot be read ({error})"
                raise StoreUnavailable(self._trouble) from None

    def _reading(self, row: Sequence[Any]) -> Reading:
        name, at, value, quality, detail, node, boot, seq = row
        point = PointId(name)
        kind = self._kinds.get(point)
        if kind is not None and kind.value_type is ValueType.BOOLEAN:
            value = bool(value)
        return Reading(
            point, from_ms(at), value, Origin(NodeId(node), boot, seq),
            Quality(quality) if quality else _BEST, orjson.loads(detail) if detail else NO_DETAIL,
        )  # fmt: skip

    def health(self) -> Health:
        return Health(not self._trouble, self._trouble)

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None


_SELECT = (
    "SELECT point.name, reading.at, reading.value, reading.quality, reading.detail,"
    " origin.node, origin.boot, reading.seq FROM reading"
    " JOIN point ON point.id=reading.point JOIN origin ON origin.id=reading.origin"
)
