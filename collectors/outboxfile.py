"""The outbox's file: opening and checking it, and rescuing what a corrupt one still holds."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from collectors.logcheck import broken_within, log_of
from collectors.logroom import make_room
from collectors.salvage import salvage

log = logging.getLogger(__name__)

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
_STRANGE = """
SELECT 1 FROM batch WHERE typeof(state) <> 'integer' OR state NOT BETWEEN 0 AND 2
    OR (state = 2 AND synced <> 0) OR typeof(kernel) <> 'text' OR typeof(base) <> 'integer'
UNION ALL SELECT 1 FROM last WHERE typeof(at) <> 'integer' OR typeof(sure) <> 'integer'
UNION ALL SELECT 1 FROM tally WHERE typeof(value) <> 'integer' LIMIT 1
"""


def is_corruption(error: sqlite3.Error, path: Path) -> bool:
    """Whether it is the file that is at fault, and not the disk, its rights or another program."""
    if not isinstance(error, sqlite3.OperationalError):
        return True
    code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
    if code == sqlite3.SQLITE_READONLY:
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return code == sqlite3.SQLITE_ERROR or (code == sqlite3.SQLITE_CANTOPEN and path.is_file())


def open_file(path: Path | None) -> sqlite3.Connection:
    """A checked database. Raises sqlite3.DatabaseError where it is corrupt."""
    if path is not None and log_of(path).exists() and broken_within(log_of(path).read_bytes()):
        raise sqlite3.DatabaseError("its log is damaged in the midst")
    name = ":memory:" if path is None else str(path)
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        _add_columns(db)
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        if db.execute(_STRANGE).fetchone() is not None:
            raise sqlite3.DatabaseError("it holds what was never written")
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
    """Copy every whole batch of the corrupt file into `db`, in one transaction; how many.

    Raises sqlite3.Error or OSError where `db` cannot be written or the file not be read at all.
    """
    before = db.total_changes
    db.execute("BEGIN IMMEDIATE")
    columns = "(id, boot, seq, urgent, count, crc, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
    for row in salvage(aside):
        # Two rows may claim one number, where one of them is damaged.
        if not db.execute(f"INSERT OR IGNORE INTO batch {columns}", row).rowcount:
            db.execute(f"INSERT OR IGNORE INTO batch {columns}", (None, *row[1:]))
    rescued = db.total_changes - before
    # Only now, since SQLite removes the log that it finds.
    with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as broken:
        for point, at in _readable(broken, "SELECT point, at FROM last"):
            if isinstance(point, str) and isinstance(at, int):
                db.execute("INSERT OR REPLACE INTO last VALUES (?, ?, ?)", (point, at, at))
    db.execute("COMMIT")
    return rescued


def _readable(broken: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query up to the first that cannot be read."""
    try:
        yield from broken.execute(query)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        log.warning("the corrupt outbox can be read no further: %s", error)
