"""The ledger of completeness: which batches are in, which are missing, what was refused and why."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from devices.errors import StoreError, StoreUnavailable
from devices.model import NodeId, Origin, from_ms, to_ms

LATE = timedelta(minutes=5)
"""A batch whose newest reading is older than this when it comes in counts as late."""
MOST_DEAD_LETTERS = 10_000
RAW_BYTES = 4096

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
        if not readonly:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open_for_writing()

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
            try:
                with db:
                    duplicates = sum(not self._enter(db, receipt, now) for receipt in receipts)
                    self._bury(db, letters)
                    _add(db, Counter(counts or {}) + Counter(duplicates=duplicates))
            except sqlite3.Error as error:
                raise StoreUnavailable(
                    f"the ledger {self._path} cannot be written ({error}): look at the disk"
                ) from None

    def _enter(self, db: sqlite3.Connection, receipt: Receipt, now: datetime | None) -> bool:
        node, boot, seq = receipt.origin.node, receipt.origin.boot, receipt.origin.seq
        day = receipt.newest.astimezone(self._timezone).date().isoformat()
        below = db.execute(
            "SELECT first, last, day FROM batches WHERE node=? AND boot=? AND first<=?"
            " ORDER BY first DESC LIMIT 1", (node, boot, seq),
        ).fetchone()  # fmt: skip
        if below and below[1] >= seq:
            return False
        above = db.execute(
            "SELECT last, day FROM batches WHERE node=? AND boot=? AND first=?",
            (node, boot, seq + 1),
        ).fetchone()
        first, last = seq, seq
        if above and above[1] == day:
            last = above[0]
            db.execute(
                "DELETE FROM batches WHERE node=? AND boot=? AND first=?", (node, boot, seq + 1)
            )
        if below and below[1] == seq - 1 and below[2] == day:
            first = below[0]
        db.execute("INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?)",
                   (node, boot, first, last, day))  # fmt: skip
        late = int(now is not None and now - receipt.newest > LATE)
        db.execute(
            "INSERT INTO days VALUES (?,?,1,?,?) ON CONFLICT (node, day) DO UPDATE SET"
            " received=received+1, late=late+excluded.late, readings=readings+excluded.readings",
            (node, day, late, receipt.readings),
        )
        _add(db, Counter(batches=1, readings=receipt.readings, late=late))
        return True

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
        first = start.astimezone(self._timezone).date().isoformat()
        last = end.astimezone(self._timezone).date().isoformat()
        days = self._ask(
            "SELECT node, day, received, late FROM days WHERE day BETWEEN ? AND ?"
            " AND (? IS NULL OR node=?) ORDER BY day, node", (first, last, node, node),
        )  # fmt: skip
        return [
            Completeness(NodeId(n), date.fromisoformat(day), *self._gaps(n, day, received), late)
            for n, day, received, late in days
        ]

    def _gaps(self, node: str, day: str, received: int) -> tuple[int, int, int]:
        """Boots of a node that day, batches received, and the holes between their ranges.

        A hole counts for the day of the batch behind it.
        """
        boots = {row[0] for row in self._ask(
            "SELECT boot FROM batches WHERE node=? AND day=?", (node, day))}  # fmt: skip
        missing = 0
        for boot in boots:
            reached: int | None = None
            for first, last, of in self._ask(
                "SELECT first, last, day FROM batches WHERE node=? AND boot=? ORDER BY first",
                (node, boot),
            ):
                if reached is not None and of == day:
                    missing += first - reached - 1
                reached = last
        return len(boots), received, missing

    def ranges(self, node: NodeId, boot: str) -> list[tuple[int, int]]:
        """The batch numbers of one boot that are in, as joined (first, last) ranges."""
        joined: list[tuple[int, int]] = []
        for first, last in self._ask(
            "SELECT first, last FROM batches WHERE node=? AND boot=? ORDER BY first", (node, boot)
        ):
            if joined and joined[-1][1] == first - 1:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
        return joined

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest first."""
        rows = self._ask(
            "SELECT at, node, reason, raw FROM dead_letters ORDER BY id DESC LIMIT ?", (limit,)
        )
        return [DeadLetter(from_ms(at), NodeId(n), reason, raw) for at, n, reason, raw in rows]

    def counters(self) -> dict[str, int]:
        """All that was ever counted: batches, readings, refused, late, duplicates, …"""
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


def _add(db: sqlite3.Connection, counts: "Counter[str]") -> None:
    rows: Iterable[tuple[str, int]] = [(name, n) for name, n in counts.items() if n]
    db.executemany(
        "INSERT INTO counters VALUES (?,?) ON CONFLICT (name) DO UPDATE SET"
        " value=value+excluded.value", rows,
    )  # fmt: skip
