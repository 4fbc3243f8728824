"""The outbox's file: opening and checking it, and rescuing what a corrupt one still holds."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from collectors.logroom import make_room

log = logging.getLogger(__name__)

LONGEST = 4 * 1024**3
"""Bytes; a header that tells more is not believed."""
KEEP = 3
"""Corrupt files that stay for a look at them; older ones go."""


_MORE = {
    "batch": {
        # The run of the machine it was taken in, its base in ms, whether that was known for sure,
        # and what it waits for (collectors.mending).
        "kernel": "TEXT NOT NULL DEFAULT ''", "base": "INTEGER NOT NULL DEFAULT 0",
        "synced": "INTEGER NOT NULL DEFAULT 1", "state": "INTEGER NOT NULL DEFAULT 0",
    },
    # The newest time that was known for sure.
    "last": {"sure": "INTEGER NOT NULL DEFAULT 0"},
}  # fmt: skip
"""Columns that the first outboxes did not have."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, seq INTEGER NOT NULL, urgent INTEGER NOT NULL,
    count INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL, {batch_more},
    UNIQUE (boot, seq));
CREATE INDEX IF NOT EXISTS batch_order ON batch (urgent, id);
CREATE TABLE IF NOT EXISTS last (
    point TEXT PRIMARY KEY, at INTEGER NOT NULL, {last_more}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
""".format(
    **{
        f"{table}_more": ", ".join(f"{name} {kind}" for name, kind in columns.items())
        for table, columns in _MORE.items()
    }
)


def open_file(path: Path | None) -> sqlite3.Connection:
    """A checked database. Raises sqlite3.DatabaseError where it is corrupt."""
    name = ":memory:" if path is None else str(path)
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        _add_columns(db)
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        if path is not None:
            make_room(path)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _add_columns(db: sqlite3.Connection) -> None:
    """What the outbox of an older version lacks."""
    for table, columns in _MORE.items():
        there = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns.items():
            if name not in there:
                db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def set_aside(path: Path, now: datetime) -> Path:
    """Rename a corrupt database out of the way, with its log. Raises OSError."""
    name = f"{path.name}.corrupt-{now:%Y%m%dT%H%M%S}"
    aside = path.with_name(name)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    path.rename(aside)
    for end in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(f"{aside}{end}")
    older = sorted(path.parent.glob(f"{path.name}.corrupt-*"), key=lambda p: p.stat().st_mtime)
    for stale in [p for p in older if not p.name.endswith(("-wal", "-shm"))][:-KEEP]:
        for end in ("", "-wal", "-shm"):
            Path(f"{stale}{end}").unlink(missing_ok=True)
    return aside


def take_over(aside: Path, db: sqlite3.Connection) -> int:
    """Copy every whole batch of the corrupt file into `db`, in one transaction; how many."""
    _restore_length(aside)
    try:
        broken = sqlite3.connect(aside, isolation_level=None)
    except sqlite3.Error:
        return 0
    with contextlib.closing(broken):
        before = db.total_changes
        db.execute("BEGIN IMMEDIATE")
        for row in _whole_batches(broken):
            db.execute(
                "INSERT OR IGNORE INTO batch (boot, seq, urgent, count, crc, payload) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
        rescued = db.total_changes - before
        for point, at in _readable(broken, "SELECT point, at FROM last"):
            if isinstance(point, str) and isinstance(at, int):
                db.execute("INSERT OR REPLACE INTO last VALUES (?, ?, ?)", (point, at, at))
        db.execute("COMMIT")
    return rescued


def _restore_length(path: Path) -> None:
    """Give a truncated file back the length its header tells, or SQLite reads nothing of it."""
    with path.open("rb") as file:
        header = file.read(32)
    if header.startswith(b"SQLite format 3\0") and len(header) == 32:
        page = int.from_bytes(header[16:18], "big")
        length = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
        if path.stat().st_size < length <= LONGEST:
            os.truncate(path, length)


def _whole_batches(broken: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """From both ends, since reading stops at the first broken page; a damaged row is passed."""
    for order in ("ASC", "DESC"):
        rows = _readable(
            broken,
            f"SELECT boot, seq, urgent, count, crc, payload FROM batch ORDER BY id {order}",
        )
        for row in rows:
            boot, seq, urgent, count, crc, payload = row
            if (
                isinstance(boot, str)
                and all(isinstance(number, int) for number in (seq, urgent, count, crc))
                and isinstance(payload, bytes)
                and crc32(payload) == crc
            ):
                yield row


def _readable(broken: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query up to the first that cannot be read."""
    try:
        yield from broken.execute(query)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("the corrupt outbox can be read no further: %s", error)
