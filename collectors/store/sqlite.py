"""The embedded store: one SQLite file, one writing process, as many readers as wanted."""

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from collectors.store import Bucket, EventQuery, Refused, SeriesQuery, Written
from collectors.store.sqlite_file import damage, open_reader, open_writer
from devices.catalog import Site
from devices.errors import StoreError, StoreMisconfigured, StoreUnavailable
from devices.model import (
    NO_DETAIL,
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    from_ms,
    to_ms,
)
from devices.service import Health

log = logging.getLogger(__name__)

CODES = {
    Quality.GOOD: 0,
    Quality.CLOCK: 1,
    Quality.OUT_OF_RANGE: 2,
    Quality.ERROR_VALUE: 3,
    Quality.FROZEN: 4,
}
"""What stands in the file for each quality; never change one."""
_QUALITIES = {code: quality for quality, code in CODES.items()}
_USABLE = ",".join(str(code) for quality, code in CODES.items() if quality.usable)

_COLUMNS = "p.name, r.at, r.value, r.quality, n.name, r.detail"
_SERIES = f"""
SELECT (at - :start) / :width AS bucket, min(value), avg(value), max(value), count(*)
FROM reading
WHERE point = (SELECT id FROM point WHERE name = :point) AND at >= :start AND at < :end
  AND quality IN ({_USABLE}) AND typeof(value) = 'real'
GROUP BY bucket ORDER BY bucket
"""
_EVENTS = f"""
SELECT {_COLUMNS}
FROM reading r JOIN point p ON p.id = r.point JOIN node n ON n.id = r.node
WHERE r.point IN (SELECT id FROM point WHERE name IN (SELECT value FROM json_each(:points)))
  AND r.at >= :start AND r.at < :end
ORDER BY r.at DESC, p.name DESC LIMIT :limit
"""
_LATEST = f"""
SELECT {_COLUMNS}
FROM point p
JOIN reading r ON r.point = p.id AND r.at = (SELECT max(at) FROM reading WHERE point = p.id)
JOIN node n ON n.id = r.node
WHERE p.name IN (SELECT value FROM json_each(:points))
"""

_BY_KEY = itemgetter(0, 1)
_Row = tuple[int, int, float | int | str, int, int, str | None]


class SqliteStore:
    """A Store in the file `path`: WAL, every write durable before it returns.

    A second reading of a point at the same time takes the place of the first. `series` leaves out
    what no alarm may use (error values, out of range, frozen); `events` and `latest` show it.
    With `readonly` a missing file is an empty store until the writer has made it. Raises
    StoreError where the file is damaged or of a newer version.
    """

    def __init__(self, path: Path, site: Site, readonly: bool = False) -> None:
        self._path = path
        self._readonly = readonly
        self._trouble = ""
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._points: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._writer = None if readonly else open_writer(path, site)

    # --- writing -----------------------------------------------------------------------------

    def write(self, readings: Sequence[Reading]) -> Written:
        if self._writer is None:
            raise StoreError(f"the store {self._path} is open for reading only")
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                rows, refused = self._rows(self._writer, readings)
                rows.sort(key=_BY_KEY)  # neighbours in the file go in together
                self._writer.executemany(
                    "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?)", rows
                )
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                self._undo(self._writer)
                raise self._failure(error) from None
        self._trouble = ""
        return Written(refused)

    def _rows(
        self, connection: sqlite3.Connection, readings: Sequence[Reading]
    ) -> tuple[list[_Row], list[Refused]]:
        rows: list[_Row] = []
        refused: list[Refused] = []
        points, nodes = self._points, self._nodes
        for reading in readings:
            value: float | int | str = reading.value
            if type(value) is not str:
                value = int(value) if type(value) is bool else float(value)
                if not isfinite(value):
                    refused.append(Refused(reading, f"{value} is not a number"))
                    continue
            point = points.get(reading.point)
            if point is None:
                point = self._number(connection, "point", points, reading.point)
            node = nodes.get(reading.origin.node)
            if node is None:
                node = self._number(connection, "node", nodes, reading.origin.node)
            detail = orjson.dumps(dict(reading.detail)).decode() if reading.detail else None
            rows.append((point, to_ms(reading.at), value, CODES[reading.quality], node, detail))
        return rows, refused

    def _number(
        self, connection: sqlite3.Connection, table: str, known: dict[str, int], name: str
    ) -> int:
        connection.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))
        found = connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()
        number: int = found[0]
        known[name] = number
        return number

    def _undo(self, connection: sqlite3.Connection) -> None:
        """Give up the open transaction, and the numbers that were given in it."""
        self._points, self._nodes = {}, {}
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")

    def _failure(self, error: sqlite3.Error) -> StoreError:
        if isinstance(error, sqlite3.OperationalError):
            self._trouble = (
                f"the store {self._path} takes nothing ({error}): look at the disk's free space "
                "and the folder's rights"
            )
            return StoreUnavailable(self._trouble)
        self._trouble = damage(self._path, error)
        return StoreMisconfigured(self._trouble)

    # --- reading -----------------------------------------------------------------------------

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        rows = self._ask(_LATEST, {"points": _names(points)})
        return {reading.point: reading for reading in map(_reading, rows)}

    def series(self, query: SeriesQuery) -> list[Bucket]:
        start, end = to_ms(query.start), to_ms(query.end)
        width = bucket_width(start, end, query.buckets)
        asked = {"point": query.point, "start": start, "end": end, "width": width}
        return [
            Bucket(from_ms(start + number * width), low, mean, high, count)
            for number, low, mean, high, count in self._ask(_SERIES, asked)
        ]

    def events(self, query: EventQuery) -> list[Reading]:
        asked = {
            "points": _names(query.points), "start": to_ms(query.start), "end": to_ms(query.end),
            "limit": query.limit,
        }  # fmt: skip
        return [_reading(row) for row in reversed(self._ask(_EVENTS, asked))]

    def _ask(self, sql: str, asked: Mapping[str, Any]) -> list[Any]:
        try:
            with self._reader() as connection:
                return [] if connection is None else connection.execute(sql, asked).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # the writer has only just begun
                return []
            raise StoreUnavailable(f"the store {self._path} cannot be read: {error}") from None
        except sqlite3.DatabaseError as error:
            self._trouble = damage(self._path, error)
            raise StoreMisconfigured(self._trouble) from None

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection | None]:
        """A connection of this caller alone, or None where there is no file yet."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            if not self._path.exists():
                yield None
                return
            connection = open_reader(self._path)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    # --- life --------------------------------------------------------------------------------

    def health(self) -> Health:
        if self._readonly and not self._path.exists():
            return Health(False, f"the store {self._path} is not there yet: does ingest run?")
        return Health(not self._trouble, self._trouble)

    def close(self) -> None:
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            if self._writer is not None:
                self._writer.close()
                self._writer = None


def bucket_width(start: int, end: int, buckets: int) -> int:
    """Milliseconds of each of at most `buckets` equal buckets from `start` to `end`."""
    return max(1, -(-(end - start) // max(1, buckets)))


def _names(points: Iterable[PointId]) -> str:
    return orjson.dumps(list(points)).decode()


def _reading(row: tuple[Any, ...]) -> Reading:
    point, at, value, quality, node, detail = row
    return Reading(
        PointId(point),
        from_ms(at),
        bool(value) if type(value) is int else value,
        Origin(NodeId(node), "", 0),
        _QUALITIES[quality],
        orjson.loads(detail) if detail else NO_DETAIL,
    )
