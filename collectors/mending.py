"""Mending: gives batches in the outbox their true times, once the node knows its clock's base."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import orjson

from devices.model import from_ms

TO_SEND, HELD, STORED = 0, 1, 2
"""What a batch in the outbox waits for: to be sent; to get its true time first; only for that,
since it is in the store already."""
CHUNK = 500
LEAST_MS = 500
"""A base that differs by less is the same."""
LONGEST_WAIT_MS = 3_600_000
"""Times ahead of the clock by up to an hour are waited for, 1 ms a reading, so that nothing is
reordered or overwritten; what is further ahead was never a time."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What a mending changed."""

    readings: int = 0
    batches: int = 0
    again: int = 0
    """Readings that wait again, though the store has them: they have to be moved there."""
    bytes: int = 0
    """By how much the payload of what waits has grown."""


def mend(db: sqlite3.Connection, kernel: str, base: int) -> Mended:
    """Rewrite what was taken in this run of the machine with another base, or an unknown one.

    Some hundred batches in each transaction; `last` then holds the true times too. Raises
    sqlite3.Error, with the rest to be mended by the next call.
    """
    sure = dict(db.execute("SELECT point, sure FROM last"))
    running: dict[str, int] = {}
    done, after = Mended(), 0
    while rows := db.execute(
        "SELECT id, payload, base, state, synced FROM batch WHERE id > ? AND kernel = ? "
        "AND (synced = 0 OR abs(base - ?) > ?) ORDER BY id LIMIT ?",
        (after, kernel, base, LEAST_MS, CHUNK),
    ).fetchall():
        after = rows[-1][0]
        changed: list[tuple[bytes, int, int, int]] = []
        for row_id, payload, was, state, synced in rows:
            batch = orjson.loads(payload)
            _shift(batch, base - was, running, sure, sent=state != HELD and not synced)
            fresh = orjson.dumps(batch | {"clock": "synced"})
            changed.append((fresh, crc32(fresh), base, row_id))
            again = len(batch["readings"]) if state == STORED else 0
            done = Mended(
                done.readings + len(batch["readings"]), done.batches + 1, done.again + again,
                done.bytes + len(fresh) - (0 if again else len(payload)),
            )  # fmt: skip
        _save(db, changed, running)
    return done


def _save(
    db: sqlite3.Connection, changed: list[tuple[bytes, int, int, int]], last: dict[str, int]
) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.executemany(
            "UPDATE batch SET payload = ?, crc = ?, base = ?, synced = 1, state = 0 WHERE id = ?",
            changed,
        )
        db.executemany(
            "INSERT OR REPLACE INTO last (point, at, sure) VALUES (?, ?, ?)",
            [(point, at, at) for point, at in last.items()],
        )
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _shift(
    batch: dict[str, Any], by: int, running: dict[str, int], sure: dict[str, int], *, sent: bool
) -> None:
    before = batch.pop("was", None) or [[] for _ in batch["readings"]]
    for reading, earlier in zip(batch["readings"], before, strict=True):
        point, at = reading[0], reading[1]
        if point not in running:
            known = sure.get(point, 0)
            running[point] = known if known < at else 0
        floor = running[point]
        fresh = at + by
        if 0 <= floor - fresh <= LONGEST_WAIT_MS:
            fresh = floor + 1
        running[point] = reading[1] = fresh
        if sent and at not in earlier:
            earlier.append(at)
    if any(before):
        batch["was"] = before


def from_the_future(db: sqlite3.Connection, kernel: str, now: int) -> int:
    """Readings of earlier runs of the machine that lie after `now`: their clock was wrong.

    Their true time is lost. They are put before now, in their order and distances, and marked.
    """
    boots: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for row_id, boot, payload in db.execute(
        "SELECT id, boot, payload FROM batch WHERE kernel <> ? AND state = 0 ORDER BY id", (kernel,)
    ):
        boots.setdefault(boot, []).append((row_id, orjson.loads(payload)))
    count = 0
    changed: list[tuple[bytes, int, int]] = []
    for rows in boots.values():
        newest = max(_times(batch for _, batch in rows), default=0)
        if newest <= now:
            continue
        for row_id, batch in rows:
            for reading in batch["readings"]:
                reading[1] -= newest - now + 1
                count += 1
            batch["clock"] = "unsynced"
            fresh = orjson.dumps(batch)
            changed.append((fresh, crc32(fresh), row_id))
    if changed:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("UPDATE batch SET payload = ?, crc = ?, synced = 0 WHERE id = ?", changed)
        db.execute("COMMIT")
    return count


def _times(batches: Iterable[dict[str, Any]]) -> Iterable[int]:
    return (reading[1] for batch in batches for reading in batch["readings"])


def first_time(payload: bytes) -> datetime | None:
    """The time of a batch's first reading; None where it is damaged."""
    try:
        return from_ms(orjson.loads(payload)["readings"][0][1])
    except (ValueError, LookupError, TypeError, OverflowError):
        return None
