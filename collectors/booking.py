"""Batch numbers as ranges, and a group of batches on its way into the ledger's tables."""

import sqlite3
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from devices.model import NodeId

Key = tuple[NodeId, str]
"""Node and boot."""
Row = tuple[NodeId, str, int, int, str]
"""Node, boot, first and last number, and the day they belong to."""


class Ranges:
    """The numbers of one boot that are in, as (first, last, day); neighbours of a day are one."""

    def __init__(self, rows: Iterable[tuple[int, int, str]] = ()) -> None:
        """`rows` ascend and do not overlap."""
        self._firsts: list[int] = []
        self._rows: list[tuple[int, str]] = []
        for first, last, day in rows:
            self._firsts.append(first)
            self._rows.append((last, day))
        self.changed: set[int] = set()
        """Firsts whose row is new, changed or gone since the ranges were written."""

    def add(self, seq: int, day: str) -> bool:
        """False for a number that is in already."""
        firsts, rows = self._firsts, self._rows
        at = bisect_right(firsts, seq) - 1
        if at >= 0 and rows[at][0] >= seq:
            return False
        if at >= 0 and rows[at] == (seq - 1, day):
            rows[at] = (seq, day)
        else:
            at += 1
            firsts.insert(at, seq)
            rows.insert(at, (seq, day))
        self.changed.add(firsts[at])
        if at + 1 < len(firsts) and firsts[at + 1] == seq + 1 and rows[at + 1][1] == day:
            rows[at] = rows[at + 1]
            self.changed.add(firsts[at + 1])
            del firsts[at + 1], rows[at + 1]
        return True

    def gaps(self) -> list[tuple[int, int]]:
        """What lies between the ranges, as (first, last)."""
        behind = zip(self._rows, self._firsts[1:], strict=False)
        return [(last + 1, first - 1) for (last, _), first in behind if first > last + 1]

    def row(self, first: int) -> tuple[int, str] | None:
        """Last and day of the range that begins there."""
        at = bisect_right(self._firsts, first) - 1
        return self._rows[at] if at >= 0 and self._firsts[at] == first else None


def joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in any order, which may overlap, as few that do not."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and found[-1][1] >= first - 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def tally(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Boots, batches received and batches missing, by day and node.

    A hole counts for the day of the batch behind it; a number that stands in two ledgers, once.
    """
    boots: dict[tuple[str, str], set[str]] = defaultdict(set)
    received: Counter[tuple[str, str]] = Counter()
    missing: Counter[tuple[str, str]] = Counter()
    before: Key | None = None
    reached = 0
    for node, boot, first, last, day in sorted(rows):
        if (node, boot) != before:
            before, reached = (node, boot), first - 1
        boots[day, node].add(boot)
        missing[day, node] += max(0, first - reached - 1)
        received[day, node] += max(0, last - max(first - 1, reached))
        reached = max(reached, last)
    return {key: (len(names), received[key], missing[key]) for key, names in boots.items()}


class Booking:
    """Batches of many nodes; `write` puts what they change into the tables, row by row once."""

    def __init__(self, books: dict[Key, Ranges], counts: Mapping[str, int]) -> None:
        self.counts: Counter[str] = Counter(counts)
        self._books = books
        self._days: dict[tuple[str, str], list[int]] = {}
        self._touched: set[Key] = set()
        self._written: Counter[str] = Counter()

    def enter(self, node: NodeId, boot: str, seq: int, day: str, readings: int, late: bool) -> None:
        """Book one batch, or count it as a duplicate."""
        if not self._books[node, boot].add(seq, day):
            self.counts["duplicates"] += 1
            return
        self._touched.add((node, boot))
        of_day = self._days.setdefault((node, day), [0, 0, 0])
        of_day[0] += 1
        of_day[1] += late
        of_day[2] += readings
        self.counts.update(batches=1, readings=readings, late=int(late))

    def write(self, db: sqlite3.Connection) -> None:
        """Within the caller's transaction. Raises sqlite3.Error."""
        for node, boot in self._touched:
            ranges = self._books[node, boot]
            rows = [(first, ranges.row(first)) for first in ranges.changed]
            db.executemany(
                "DELETE FROM batches WHERE node=? AND boot=? AND first=?",
                [(node, boot, first) for first, row in rows if row is None],
            )
            db.executemany(
                "INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?)",
                [(node, boot, first, *row) for first, row in rows if row is not None],
            )
            ranges.changed.clear()
        db.executemany(
            "INSERT INTO days VALUES (?,?,?,?,?) ON CONFLICT (node, day) DO UPDATE SET"
            " received=received+excluded.received, late=late+excluded.late,"
            " readings=readings+excluded.readings",
            [(node, day, *sums) for (node, day), sums in self._days.items()],
        )
        new = self.counts - self._written
        db.executemany(
            "INSERT INTO counters VALUES (?,?) ON CONFLICT (name) DO UPDATE SET"
            " value=value+excluded.value", new.items(),
        )  # fmt: skip
        self._written += new
        self._touched.clear()
        self._days.clear()
