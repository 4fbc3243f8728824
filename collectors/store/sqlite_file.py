"""The embedded store's file: making, opening and checking it."""

import sqlite3
from pathlib import Path

from collectors.store.grid import HOUR
from devices.catalog import Site
from devices.errors import StoreError

VERSION = 2
CHECKED_BYTES = 64 * 2**20
"""A file up to this size is checked whole at each start; that takes some tenths of a second."""
FIRST_SCHEMA = """
CREATE TABLE point (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE reading (
  point INTEGER NOT NULL, at INTEGER NOT NULL,
  value NOT NULL, quality INTEGER NOT NULL, node INTEGER NOT NULL, detail TEXT,
  PRIMARY KEY (point, at)
) WITHOUT ROWID;
"""
_HISTORY = """
CREATE TABLE stale (
  point INTEGER NOT NULL, hour INTEGER NOT NULL, PRIMARY KEY (point, hour)
) WITHOUT ROWID;
CREATE TABLE block (
  key INTEGER PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL,
  dropped INTEGER NOT NULL DEFAULT 0, raw BLOB, minutes BLOB
);
CREATE TABLE hour (
  point INTEGER NOT NULL, hour INTEGER NOT NULL,
  low REAL NOT NULL, mean REAL NOT NULL, high REAL NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (point, hour)
) WITHOUT ROWID;
CREATE TABLE day (
  point INTEGER NOT NULL, day INTEGER NOT NULL,
  low REAL NOT NULL, mean REAL NOT NULL, high REAL NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (point, day)
) WITHOUT ROWID;
"""
# `reading` holds what is new; a day that is past becomes one `block`. A reading in both counts as
# the row says. An hour in `stale` has changed since it was rolled up: readers add it up anew.
# `dropped`: the block's readings were given up; its hours (and minutes) are what there is.
# `hour` counts hours since 1970, `day` the school's days: (ms + grid.day_shift) // DAY.
_DAY_BITS = 20
# A value is REAL for a number, INTEGER for a boolean, TEXT for a text: the column has no affinity.


def block_key(point: int, day: int) -> int:
    """The key of a point's UTC day: those of one point lie together, in order of time."""
    return point << _DAY_BITS | day


def day_of_key(key: int) -> int:
    return key & (1 << _DAY_BITS) - 1


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection to an existing file that cannot change it. Raises sqlite3.OperationalError."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10,
        isolation_level=None, check_same_thread=False,
    )  # fmt: skip


def open_writer(path: Path, site: Site) -> sqlite3.Connection:
    """The one connection that writes, the file made or checked. Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the store {path} cannot be opened: {error}") from None
    try:
        if path.stat().st_size == 0:  # it can only be said of a new file
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection, path)
        _check(connection, path)
        _number_all(connection, site)
    except sqlite3.OperationalError as error:
        connection.close()
        raise StoreError(f"the store {path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(damage(path, error)) from None
    except StoreError:
        connection.close()
        raise
    return connection


def _number_all(connection: sqlite3.Connection, site: Site) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for table, names in (("point", site.points), ("node", site.nodes)):
        connection.executemany(
            f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", [(name,) for name in names]
        )
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Look for damage: through the whole of a small file, at the ends of a large one."""
    if path.stat().st_size <= CHECKED_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(damage(path, found))
    for order in ("ASC", "DESC"):
        connection.execute(
            f"SELECT * FROM reading ORDER BY point {order}, at {order} LIMIT 1"
        ).fetchone()


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise StoreError(
            f"the store {path} was written by a newer version of this program "
            f"({found}, known here: {VERSION}): start that version"
        )
    if found == 0:
        connection.executescript(
            f"BEGIN;{FIRST_SCHEMA}{_HISTORY}PRAGMA user_version = {VERSION};COMMIT;"
        )
    elif found == 1:
        connection.executescript(
            f"BEGIN;{_HISTORY}INSERT INTO stale SELECT DISTINCT point, at / {HOUR} FROM reading"
            f" WHERE typeof(value) = 'real';PRAGMA user_version = {VERSION};COMMIT;"
        )


def damage(path: Path, error: Exception | str) -> str:
    """What a person is told of a damaged file, and what to do about it."""
    name, found = path.name, " ".join(str(error).split())
    return (
        f"the store {path} is damaged ({found}); nothing was changed: stop the service, "
        f"set it aside with its side files (mv {name}* ELSEWHERE), then restore the last "
        "backup or start anew"
    )
