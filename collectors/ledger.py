"""The ledger of completeness: which batches are in, which are missing, what was refused and why."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from collectors.booking import Booking, Ranges, Row, joined, tally
from devices.errors import StoreError, StoreUnavailable
from devices.model import NodeId, Origin, from_ms, to_ms

LATE = timedelta(minutes=5)
"""A batch whose newest reading is older than this when it comes in counts as late."""
MOST_DEAD_LETTERS = 10_000
RAW_BYTES = 4096
BOOTS_IN_MEMORY = 500
_SLOT_MS = 15 * 60_000
"""No time zone begins its day within such a stretch."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    node TEXT NOT NULL, boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    day TEXT NOT NULL, PRIMARY KEY (node, boot, first)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batches_day ON batches (day, node);
CREATE TABLE IF NOT EXISTS days (
    node TEXT NOT NULL, day TEXT NOT NULL, received INTEGER NOT NULL, late INTEGER NOT NULL,
    readings INTEGER NOT NULL, PRIMARY KEY (node, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, node TEXT NOT NULL,
    reason TEXT NOT NULL, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One batch that is in the store: its newest source time and how many readings it held."""

    origin: Origin
    newest: datetime
    readings: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be stored, as it came (at most 4 KiB), and why."""

    at: datetime
    node: NodeId
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Completeness:
    """One node's day (in the site's zone): batches received, known to be missing, and late."""

    node: NodeId
    day: date
    boots: int
    received: int
    missing: int
    late: int


def reckon(
    rows: Iterable[Row], lates: Mapping[tuple[str, str], int], first: str, last: str
) -> list[Completeness]:
    """What ranges, of one ledger or of several, say of the days `first` to `last`."""
    found = tally(rows)
    return [
        Completeness(NodeId(node), date.fromisoformat(day), *found[day, node],
                     lates.get((node, day), 0))
        for day, node in sorted(found)
        if first <= day <= last
    ]  # fmt: skip


class Ledger:
    """Keeps, for each boot of each node, the numbers that are in as ranges, so it stays small.

    The ingester is its one writer; `readonly` is for others, and a missing file is empty to them.
    Raises StoreError where the file is damaged.
    """

    def __init__(self, path: Path, timezone: tzinfo, *, readonly: bool = False) -> None:
        self._path = path
        self._timezone = timezone
        self._readonly = readonly
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._books: dict[tuple[NodeId, str], Ranges] = {}
        self._days: dict[int, str] = {}
        self._counters: Counter[str] = Counter()
        if not readonly:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open_for_writing()
            self._counters.update(self._counted())

    def _open_for_writing(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=10, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            db.close()
            said = " ".join(str(error).split())
            raise StoreError(
                f"the ledger {self._path} cannot be used ({said}); nothing was changed: stop "
                f"ingest, set it aside (mv {self._path.name}* ELSEWHERE), then restore the last "
                "backup or start anew; it holds no readings"
            ) from None
        return db

    def record(
        self,
        receipts: Sequence[Receipt],
        letters: Sequence[DeadLetter] = (),
        counts: "Counter[str] | None" = None,
        now: datetime | None = None,
    ) -> None:
        """Book a group of batches that arrived at `now`, refusals and counts, all or nothing.

        A batch that is in already counts as one of the `duplicates`; without `now` none counts as
        late. Durable on return. Raises StoreUnavailable, with nothing booked.
        """
        db = self._db
        if db is None or self._readonly:
            raise StoreUnavailable(f"{self._path} is open for reading only")
        with self._lock:
            booking = Booking(self._books, counts or {})
            try:
                with db:
                    for receipt in receipts:
                        self._enter(db, booking, receipt, now)
                    booking.write(db)
                    self._bury(db, letters)
            except sqlite3.Error as error:
                self._books.clear()  # they may say what was not saved
                raise StoreUnavailable(
                    f"the ledger {self._path} cannot be written ({error}): look at the disk"
                ) from None
            self._counters.update(booking.counts)

    def _enter(
        self, db: sqlite3.Connection, booking: Booking, receipt: Receipt, now: datetime | None
    ) -> None:
        node, boot, seq = receipt.origin.node, receipt.origin.boot, receipt.origin.seq
        if (node, boot) not in self._books:
            if len(self._books) >= BOOTS_IN_MEMORY:
                booking.write(db)
                self._books.clear()
            self._books[node, boot] = Ranges(
                db.execute(
                    "SELECT first, last, day FROM batches WHERE node=? AND boot=? ORDER BY first",
                    (node, boot),
                ).fetchall()
            )
        late = now is not None and now - receipt.newest > LATE
        booking.enter(node, boot, seq, self._day(receipt.newest), receipt.readings, late)

    def _day(self, at: datetime) -> str:
        """The school's day; remembered, since all of a group lie close together."""
        slot = to_ms(at) // _SLOT_MS
        day = self._days.get(slot)
        if day is None:
            if len(self._days) > 1000:
                self._days.clear()
            day = self._days[slot] = at.astimezone(self._timezone).date().isoformat()
        return day

    def _bury(self, db: sqlite3.Connection, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        db.executemany(
            "INSERT INTO dead_letters (at, node, reason, raw) VALUES (?,?,?,?)",
            [
                (to_ms(letter.at), letter.node, letter.reason[:RAW_BYTES], letter.raw[:RAW_BYTES])
                for letter in letters[-MOST_DEAD_LETTERS:]
            ],
        )
        db.execute(
            "DELETE FROM dead_letters WHERE id <= (SELECT max(id) FROM dead_letters) - ?",
            (MOST_DEAD_LETTERS,),
        )

    def completeness(
        self, node: NodeId | None, start: datetime, end: datetime
    ) -> list[Completeness]:
        """A row for each node and day that had batches between two times, oldest day first."""
        first, last = self._day(start), self._day(end)
        return reckon(self.rows(node, first, last), self.lates(node, first, last), first, last)

    def rows(self, node: NodeId | None, first: str, last: str) -> list[Row]:
        """All ranges of the boots that had batches on these days."""
        return self._ask(
            "SELECT node, boot, first, last, day FROM batches WHERE (node, boot) IN"
            " (SELECT node, boot FROM batches WHERE day BETWEEN ? AND ? AND (? IS NULL OR node=?))",
            (first, last, node, node),
        )  # fmt: skip

    def lates(self, node: NodeId | None, first: str, last: str) -> dict[tuple[str, str], int]:
        """Late batches by node and day."""
        rows = self._ask(
            "SELECT node, day, late FROM days WHERE day BETWEEN ? AND ? AND (? IS NULL OR node=?)",
            (first, last, node, node),
        )
        return {(name, day): late for name, day, late in rows}

    def ranges(self, node: NodeId, boot: str) -> list[tuple[int, int]]:
        """The batch numbers of one boot that are in, as joined (first, last) ranges."""
        return joined(self._ask(
            "SELECT first, last FROM batches WHERE node=? AND boot=?", (node, boot)
        ))  # fmt: skip

    def gaps(self) -> dict[tuple[NodeId, str], list[tuple[int, int]]]:
        """Numbers missing between those that came since the start, for each boot that has any."""
        with self._lock:
            found = {key: ranges.gaps() for key, ranges in self._books.items()}
        return {key: gaps for key, gaps in found.items() if gaps}

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest first."""
        rows = self._ask(
            "SELECT at, node, reason, raw FROM dead_letters ORDER BY id DESC LIMIT ?", (limit,)
        )
        return [DeadLetter(from_ms(at), NodeId(n), reason, raw) for at, n, reason, raw in rows]

    def counters(self) -> dict[str, int]:
        """All that was ever counted: batches, readings, refused, late, duplicates, …"""
        return self._counted() if self._readonly else dict(self._counters)

    def _counted(self) -> dict[str, int]:
        return dict(self._ask("SELECT name, value FROM counters", ()))

    def _ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            if self._db is None and self._path.exists():
                uri = f"{self._path.absolute().as_uri()}?mode=ro"
                self._db = sqlite3.connect(uri, uri=True, timeout=10, check_same_thread=False)
            if self._db is None:
                return []
            try:
                with closing(self._db.execute(sql, values)) as cursor:
                    return cursor.fetchall()
            except sqlite3.Error as error:
                if "no such table" in str(error):  # the ingester has only just begun
                    return []
                raise StoreUnavailable(f"{self._path} cannot be read ({error})") from None

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None
