"""Readings of the embedded store whose time was uncertain: taken away, never put over good ones."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby

from collectors.store.block import unpack
from collectors.store.grid import DAY, HOUR
from collectors.store.history import CODES
from collectors.store.sqlite_file import block_key
from collectors.store.upkeep import hour_key, put_block
from devices.model import Fact, Quality

CLOCK = CODES[Quality.CLOCK]


def take_away(db: sqlite3.Connection, point: int, times: Sequence[int]) -> set[int]:
    """Remove a point's readings of quality `clock` at these times, packed ones too.

    Inside the caller's transaction; the hours (hour_key) that changed.
    """
    gone: set[int] = set()
    for at in times:
        cursor = db.execute(
            "DELETE FROM reading WHERE point = ? AND at = ? AND quality = ?", (point, at, CLOCK)
        )
        if cursor.rowcount:
            gone.add(at)
    for day, wanted in groupby(sorted(times), lambda at: at // DAY):
        key = block_key(point, day)
        found = db.execute("SELECT raw FROM block WHERE key = ?", (key,)).fetchone()
        if found is None or found[0] is None:
            continue
        rows, away = unpack(day, found[0]), set(wanted)
        kept = [row for row in rows if row[2] != CLOCK or row[0] not in away]
        if len(kept) == len(rows):
            continue
        gone |= away
        if kept:
            put_block(db, key, day, kept)
        else:
            db.execute("DELETE FROM block WHERE key = ?", (key,))
    return {hour_key(point, at // HOUR) for at in gone}


def without_those_in_the_way(
    db: sqlite3.Connection, numbers: dict[str, int], facts: Sequence[Fact]
) -> Sequence[Fact]:
    """All but readings of uncertain time that would take the place of a good one that is packed."""
    uncertain = [
        (numbers[fact[0]], fact[1]) for fact in facts
        if fact[3] is Quality.CLOCK and fact[0] in numbers
    ]  # fmt: skip
    if not uncertain:
        return facts
    sure = set(_packed_and_sure(db, uncertain))
    if not sure:
        return facts
    return [
        fact for fact in facts
        if fact[3] is not Quality.CLOCK or (numbers.get(fact[0]), fact[1]) not in sure
    ]  # fmt: skip


def _packed_and_sure(
    db: sqlite3.Connection, places: Iterable[tuple[int, int]]
) -> Iterable[tuple[int, int]]:
    for (point, day), _ in groupby(sorted(places), lambda place: (place[0], place[1] // DAY)):
        key = block_key(point, day)
        found = db.execute("SELECT raw FROM block WHERE key = ?", (key,)).fetchone()
        if found is not None and found[0] is not None:
            for row in unpack(day, found[0]):
                if row[2] != CLOCK:
                    yield point, row[0]
