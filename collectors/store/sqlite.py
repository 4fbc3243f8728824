"""The embedded store: one SQLite file, one writing process, as many readers as wanted."""

import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import groupby
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import orjson

from collectors.store import (
    Bucket,
    EventQuery,
    Refused,
    SeriesQuery,
    Written,
)
from collectors.store.block import Row
from collectors.store.grid import HOUR, grid_of
from collectors.store.history import CODES, History
from collectors.store.moving import CLOCK, take_away, without_those_in_the_way
from collectors.store.sqlite_file import damage, open_reader, open_writer
from collectors.store.upkeep import Upkeep
from devices.catalog import Site
from devices.errors import StoreError, StoreMisconfigured, StoreUnavailable
from devices.model import (
    NO_DETAIL,
    Fact,
    NodeId,
    Origin,
    PointId,
    Reading,
    fact_of,
    from_ms,
    reading_of,
    to_ms,
)
from devices.service import Health

log = logging.getLogger(__name__)

_QUALITIES = {code: quality for quality, code in CODES.items()}
_EVENTS = """
SELECT point, at, value, quality, node, detail FROM reading
WHERE point IN (SELECT value FROM json_each(:points)) AND at >= :start AND at < :end
ORDER BY at DESC LIMIT :limit
"""
_LAST = """
SELECT at, value, quality, node, detail FROM reading WHERE point = ? ORDER BY at DESC LIMIT 1
"""

_WRITE = f"""
INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (point, at) DO UPDATE
SET value = excluded.value, quality = excluded.quality, node = excluded.node,
  detail = excluded.detail
WHERE excluded.quality <> {CLOCK} OR quality = {CLOCK}
"""
_BY_KEY = itemgetter(0, 1)
_Row = tuple[int, int, float | int | str, int, int, str | None]
_Answer = TypeVar("_Answer")


class SqliteStore:
    """A Store in the file `path`: WAL, every write durable before it returns.

    A second reading of a point at the same time takes the place of the first. `series` leaves out
    what no alarm may use (error values, out of range, frozen); `events` and `latest` show it.
    With `readonly` a missing file is an empty store until the writer has made it. Raises
    StoreError where the file is damaged or of a newer version.
    """

    lanes = 1

    def __init__(self, path: Path, site: Site, readonly: bool = False) -> None:
        self._path = path
        self._readonly = readonly
        self._trouble = ""
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._points: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._stale: set[int] = set()
        self._site = site
        self._writer = None if readonly else open_writer(path, site)
        self._upkeep = Upkeep(self._writer, site) if self._writer is not None else None

    # --- writing -----------------------------------------------------------------------------

    def write(self, readings: Sequence[Reading]) -> Written:
        return self.put([fact_of(reading) for reading in readings])

    def put(self, facts: Sequence[Fact]) -> Written:
        with self._transaction() as (writer, changed):
            facts = without_those_in_the_way(writer, self._points, facts)
            rows, refused = self._rows(writer, facts, changed)
            rows.sort(key=_BY_KEY)  # neighbours in the file go in together
            writer.executemany(_WRITE, rows)
        return Written(refused)

    def forget(self, moved: Sequence[tuple[PointId, int]]) -> None:
        with self._transaction() as (writer, changed):
            for name, places in groupby(sorted(moved), itemgetter(0)):
                number = self._number(writer, "point", self._points, name)
                changed |= take_away(writer, number, [at for _, at in places])

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, set[int]]]:
        """All or nothing, and durable at its end; the hours (hour_key) put into the set changed."""
        changed: set[int] = set()
        with self._lock:
            if self._writer is None:
                raise StoreError(f"the store {self._path} is open for reading only")
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer, changed
                self._writer.executemany(
                    "INSERT OR IGNORE INTO stale VALUES (?, ?)",
                    [(key >> 24, key & 0xFFFFFF) for key in changed],
                )
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                self._undo(self._writer)
                raise self._failure(error) from None
            self._stale |= changed
        self._trouble = ""

    def tend(self, now: datetime) -> bool:
        with self._lock:
            if self._writer is None or self._upkeep is None:
                return False
            try:
                more = self._upkeep.tend(now)
            except sqlite3.Error as error:
                self._undo(self._writer)
                raise self._failure(error) from None
            self._stale -= self._upkeep.rolled
            self._upkeep.rolled.clear()
        return more

    def _rows(
        self, connection: sqlite3.Connection, facts: Sequence[Fact], changed: set[int]
    ) -> tuple[list[_Row], list[Refused]]:
        """What goes into the table and what is refused; notes the hours (hour_key) it changes."""
        rows: list[_Row] = []
        refused: list[Refused] = []
        points, nodes, stale = self._points, self._nodes, self._stale
        for fact in facts:
            name, at, value, quality, node_name, detail = fact
            point = points.get(name)
            if point is None:
                point = self._number(connection, "point", points, name)
            if type(value) is not str:
                value = int(value) if type(value) is bool else float(value)
                if not isfinite(value):
                    refused.append(Refused(reading_of(fact), f"{value} is not a number"))
                    continue
                key = point << 24 | at // HOUR
                if key not in stale:
                    changed.add(key)
            node = nodes.get(node_name)
            if node is None:
                node = self._number(connection, "node", nodes, node_name)
            told = orjson.dumps(dict(detail)).decode() if detail else None
            rows.append((point, at, value, CODES[quality], node, told))
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
        self._points, self._nodes, self._stale = {}, {}, set()
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
        def ask(connection: sqlite3.Connection) -> dict[PointId, Reading]:
            history, names = History(connection, self._site), _Names(connection)
            found = {}
            for name in points:
                point = names.number(name)
                if point is None:
                    continue
                row = connection.execute(_LAST, (point,)).fetchone()
                packed = history.newest(point)
                if packed is not None and (row is None or packed[0] > row[0]):
                    row = packed
                if row is not None:
                    found[name] = names.reading(point, row)
            return found

        return self._ask(ask, {})

    def series(self, query: SeriesQuery) -> list[Bucket]:
        grid = grid_of(query, self._site.timezone)
        if grid is None:
            return []
        return self._ask(lambda db: History(db, self._site).series(query.point, grid), [])

    def events(self, query: EventQuery) -> list[Reading]:
        start, end = max(0, to_ms(query.start)), max(0, to_ms(query.end))
        if start >= end or query.limit < 1:
            return []

        def ask(connection: sqlite3.Connection) -> list[Reading]:
            names = _Names(connection)
            numbers = [n for n in map(names.number, query.points) if n is not None]
            asked = {"points": orjson.dumps(numbers).decode(), "start": start, "end": end,
                     "limit": query.limit}  # fmt: skip
            # What is in both counts as the table says, so it may be looked through later.
            packed = History(connection, self._site).packed(numbers, start, end, query.limit)
            found = {(row[0], point): row for point, row in packed}
            loose = connection.execute(_EVENTS, asked)
            found.update({(row[1], row[0]): row[1:] for row in loose})
            places = {n: place for place, n in enumerate(sorted(numbers, key=names.name))}
            order = sorted(found, key=lambda key: (key[0], places[key[1]]))
            return [names.reading(key[1], found[key]) for key in order[-query.limit :]]

        return self._ask(ask, [])

    def _ask(self, question: Callable[[sqlite3.Connection], _Answer], nothing: _Answer) -> _Answer:
        """The answer of `question`, all of one moment; `nothing` before the file is there."""
        try:
            with self._reader() as connection:
                if connection is None:
                    return nothing
                connection.execute("BEGIN")
                answer = question(connection)
                connection.execute("COMMIT")
                return answer
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # the writer has only just begun
                return nothing
            raise StoreUnavailable(f"the store {self._path} cannot be read: {error}") from None
        except (sqlite3.DatabaseError, zlib.error) as error:
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


class _Names:
    """What the numbers of one connection's file stand for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._points: dict[str, int] = dict(connection.execute("SELECT name, id FROM point"))
        self._of_points = {number: name for name, number in self._points.items()}
        self._origins = {
            number: Origin(NodeId(node), "", 0)
            for number, node in connection.execute("SELECT id, name FROM node")
        }

    def number(self, point: PointId) -> int | None:
        return self._points.get(point)

    def name(self, point: int) -> str:
        return self._of_points[point]

    def reading(self, point: int, row: Row) -> Reading:
        at, value, quality, node, detail = row
        return Reading(
            PointId(self._of_points[point]),
            from_ms(at),
            bool(value) if type(value) is int else value,
            self._origins[node],
            _QUALITIES[quality],
            orjson.loads(detail) if detail else NO_DETAIL,
        )
