"""The file of found devices: the bridge writes it, the dashboard reads it."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from collectors.roster import Found, Roster
from devices.errors import StoreError

log = logging.getLogger(__name__)

FILE = "found.db"
"""In the node's own folder."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS device (key TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, doc TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the file holds: devices, newest first; counts of messages by how they ended."""

    devices: tuple[Found, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    refusals: tuple[dict[str, Any], ...] = ()


class FoundFile:
    """The one writer. A damaged file is set aside, and the list begins anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".damaged")
            log.error("%s is damaged (%s): set aside as %s", path, error, aside.name)
            for ending in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    path.with_name(path.name + ending).replace(aside.with_name(aside.name + ending))
            self._connection = _open(path)

    def load(self) -> Roster:
        """What was known when the bridge ended."""
        found = _read(self._connection)
        roster = Roster(found.devices, found.counts)
        roster.refusals.extend(found.refusals)
        return roster

    def save(self, roster: Roster) -> None:
        """What has changed since. Raises StoreError where it cannot be written."""
        rows = [
            (key, orjson.dumps(roster.devices[key].as_json()).decode())
            for key in roster.changed
            if key in roster.devices
        ]
        notes = [("counts", orjson.dumps(dict(roster.counts)).decode()),
                 ("refusals", orjson.dumps(list(roster.refusals)).decode())]  # fmt: skip
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO device VALUES (?, ?)", rows)
                self._connection.executemany(
                    "DELETE FROM device WHERE key = ?", [(key,) for key in roster.gone]
                )
                self._connection.executemany("INSERT OR REPLACE INTO note VALUES (?, ?)", notes)
        except sqlite3.Error as error:
            raise StoreError(f"the list of found devices cannot be saved: {error}") from None
        roster.changed.clear()
        roster.gone.clear()

    def close(self) -> None:
        self._connection.close()


def read_found(path: Path) -> Findings:
    """The file as another process sees it; nothing where there is none yet. Raises StoreError."""
    if not path.exists():
        return Findings()
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return _read(connection)
    except sqlite3.Error as error:
        raise StoreError(f"the list of found devices cannot be read: {error}") from None


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("it does not pass its check")
        connection.executescript(_SCHEMA)
        _read(connection)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection) -> Findings:
    devices = list(_devices(connection))
    notes = dict(connection.execute("SELECT name, doc FROM note"))
    counts = orjson.loads(notes.get("counts", "{}"))
    refusals = orjson.loads(notes.get("refusals", "[]"))
    devices.sort(key=lambda found: found.last, reverse=True)
    return Findings(tuple(devices), counts, tuple(refusals))


def _devices(connection: sqlite3.Connection) -> Iterator[Found]:
    for key, doc in connection.execute("SELECT key, doc FROM device"):
        try:
            yield Found.of(orjson.loads(doc))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            log.warning("the found device %s cannot be read: %s", key, error)
