"""The node's durable queue: what it holds survives a power cut until the server has stored it."""
# Over 300 lines, because one class owns the database.

import logging
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from collectors.mending import HELD, TO_SEND, Mended, first_time, from_the_future, mend
from collectors.outboxfile import is_corruption, open_file, set_aside, take_over
from collectors.timeline import Taken, Timeline
from devices import wire
from devices.errors import StoreUnavailable
from devices.model import ClockState, NodeFault, NodeId, Origin, Reading, from_ms, to_ms
from devices.service import Clock

log = logging.getLogger(__name__)

LIMIT_BYTES = 200 * 1024 * 1024
"""Payload that is kept at most: some two months of a node with 40 points at one a minute."""
LIMIT_IN_MEMORY = 16 * 1024 * 1024
DROP_TOLD = timedelta(hours=24)
"""How long the status says that something had to be dropped."""
TIDY_AT = 64
"""Acknowledged batches whose rows may still be there; they go with the next commit."""

CARRIED_AFTER = 60
"""Commits that the log holds before they are carried over; SQLite itself would do it within a
commit, at 1,000 pages, while an event waits."""
MOST_STORED = 2000
"""Batches kept though they are stored, because their times may still be mended."""

BatchKey = tuple[str, int]
"""Boot and number of a batch."""
_Basis = tuple[str, int, bool, int]
"""Run of the machine, base, whether that is sure, what it waits for."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that is not yet acknowledged, as it goes over the wire."""

    boot: str
    seq: int
    count: int
    payload: bytes

    @property
    def key(self) -> BatchKey:
        return self.boot, self.seq


def new_boot() -> str:
    """The name of one run of a node; never the same twice."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(10))


class Outbox:
    """Batches in SQLite (WAL, synchronous=FULL); one thread writes.

    Opening never fails: a corrupt file is set aside and what can be read of it taken over; where
    nothing can be written at all, the queue lives in memory; `faults` says so. Above
    `limit_bytes` the oldest telemetry is dropped, then the oldest events, counted.
    """

    def __init__(
        self,
        path: Path,
        node: NodeId,
        clock: Clock,
        *,
        boot: str = "",
        kernel: str = "",
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        """`kernel` names this run of the machine: within it the monotonic clock goes on."""
        self.boot = boot or new_boot()
        self._kernel = kernel
        self._path = path
        self._node = node
        self._clock = clock
        self._limit = limit_bytes
        self._seq = 0
        self._acknowledged: set[BatchKey] = set()
        self._faults: dict[str, NodeFault] = {}
        self._closed = False
        self._commits = 0
        self._db = self._open()
        try:
            self._load()
        except sqlite3.Error as error:
            if is_corruption(error, path):
                self._recover(error)
            else:
                self._db.close()
                self._db = self._in_memory(error)
                self._load()

    # --- opening -----------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        try:
            return open_file(self._path)
        except OSError as error:
            return self._in_memory(error)
        except sqlite3.Error as error:
            broken = is_corruption(error, self._path)
            return self._start_over(error) if broken else self._in_memory(error)

    def _start_over(self, error: sqlite3.Error) -> sqlite3.Connection:
        try:
            aside = set_aside(self._path, self._clock.now())
            db = open_file(self._path)
            rescued = take_over(aside, db)
        except (sqlite3.Error, OSError) as second:
            return self._in_memory(second)
        text = (
            f"the outbox was corrupt ({error}): it was set aside as {aside.name}, "
            f"{rescued} batches were taken over from it"
        )
        log.error("%s", text)
        self._faults["outbox-corrupt"] = NodeFault("", "outbox-corrupt", text)
        return db

    def _recover(self, error: sqlite3.Error) -> None:
        """The file turned out to be corrupt while we used it."""
        self._db.close()
        self._db = self._start_over(error)
        self._load()

    def _in_memory(self, error: Exception) -> sqlite3.Connection:
        text = (
            f"the outbox {self._path} cannot be written ({error}): readings wait in memory and "
            "are lost at a power cut; check the card and the folder's rights"
        )
        log.error("%s", text)
        self._faults["outbox-memory"] = NodeFault("", "outbox-memory", text)
        self._limit = min(self._limit, LIMIT_IN_MEMORY)
        return open_file(None)

    def _load(self) -> None:
        # Times of an earlier run of the machine can no longer be mended: they go as they are.
        for statement in (
            "UPDATE batch SET state = 0 WHERE state = 1 AND kernel <> ?",
            "DELETE FROM batch WHERE state = 2 AND kernel <> ?",
        ):
            try:
                self._db.execute(statement, (self._kernel,))
            except sqlite3.OperationalError as error:
                log.warning("the outbox cannot be written now: %s", error)
        count, size = self._db.execute(
            "SELECT coalesce(sum(count), 0), coalesce(sum(length(payload)), 0) FROM batch "
            "WHERE state < 2"
        ).fetchone()
        self._depth, self._bytes = int(count), int(size)
        self._load_times()
        tally: Mapping[str, int] = dict(self._db.execute("SELECT name, value FROM tally"))
        self._dropped, self._dropped_at = tally.get("dropped", 0), tally.get("dropped_at", 0)

    def _load_times(self) -> None:
        self._timeline = Timeline(dict(self._db.execute("SELECT point, at FROM last")))

    # --- writing -----------------------------------------------------------------------------

    def commit(
        self,
        taken: Sequence[Taken],
        clock_state: ClockState,
        *,
        urgent: bool,
        base: int = 0,
        held: bool = False,
    ) -> tuple[Waiting, list[Reading]]:
        """Make one batch of `taken` durable: the batch, and its readings with their final times.

        `urgent` marks events, which are kept longest and sent first. `base` is what the times were
        counted from; `held`: it is not sent before `release` or `mend`. Raises StoreUnavailable
        when nothing could be saved; then nothing happened, and the same may be committed again.
        """
        basis = (self._kernel, base, clock_state is ClockState.SYNCED, HELD if held else TO_SEND)
        origin = Origin(self._node, self.boot, self._seq + 1)
        readings = self._timeline.place(taken, origin)
        payload = wire.encode_batch(wire.Batch(origin, clock_state, readings))
        waiting = Waiting(self.boot, origin.seq, len(readings), payload)
        try:
            try:
                self._write(waiting, urgent, readings, basis)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                self._recover(error)
                self._write(waiting, urgent, readings, basis)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the outbox {self._path} cannot be written: {error}") from None
        self._seq += 1
        self._timeline.keep(readings)
        self._depth += len(readings)
        self._bytes += len(payload)
        return waiting, readings

    def _write(
        self, waiting: Waiting, urgent: bool, readings: Sequence[Reading], basis: _Basis
    ) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            removed = self._remove_acknowledged()
            dropped = self._make_room(len(waiting.payload))
            # A commit that failed half-way may have left this number; it was never sent.
            db.execute(
                "INSERT OR REPLACE INTO batch (boot, seq, urgent, count, crc, payload, kernel, "
                "base, synced, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (waiting.boot, waiting.seq, urgent, waiting.count, crc32(waiting.payload),
                 waiting.payload, *basis),
            )  # fmt: skip
            db.executemany(
                "INSERT INTO last VALUES (?1, ?2, CASE WHEN ?3 THEN ?2 ELSE 0 END) "
                "ON CONFLICT (point) DO UPDATE SET at = ?2, "
                "sure = CASE WHEN ?3 THEN ?2 ELSE sure END",
                [(reading.point, to_ms(reading.at), basis[2]) for reading in readings],
            )
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._commits += 1
        self._acknowledged -= removed
        if dropped:
            self._note_drop(*dropped)

    def _remove_acknowledged(self) -> set[BatchKey]:
        """Those whose times may still be mended stay a while: they have to be moved then."""
        keys = set(self._acknowledged)
        kept = [(boot, seq, self._kernel) for boot, seq in keys]
        self._db.executemany(
            "UPDATE batch SET state = 2 WHERE boot = ? AND seq = ? AND synced = 0 AND kernel = ?",
            kept,
        )
        self._db.executemany(
            "DELETE FROM batch WHERE boot = ? AND seq = ? AND (synced = 1 OR kernel <> ?)", kept
        )
        self._db.execute(
            "DELETE FROM batch WHERE state = 2 AND id <= (SELECT id FROM batch WHERE state = 2 "
            "ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (MOST_STORED,),
        )
        return keys

    def _make_room(self, needed: int) -> tuple[int, int] | None:
        """Readings and bytes that had to go for a batch of `needed` bytes."""
        over = self._bytes + needed - self._limit
        if over <= 0:
            return None
        over += self._limit // 20
        self._db.execute("DELETE FROM batch WHERE state = 2")
        readings = freed = 0
        for urgent in (0, 1):
            newest = None
            rows = self._db.execute(
                "SELECT id, count, length(payload) FROM batch WHERE urgent = ? AND state < 2 "
                "ORDER BY id",
                (urgent,),
            )
            for row_id, count, size in rows:
                if freed >= over:
                    break
                newest, readings, freed = row_id, readings + count, freed + size
            rows.close()
            if newest is not None:
                self._db.execute("DELETE FROM batch WHERE urgent = ? AND id <= ?", (urgent, newest))
        now = to_ms(self._clock.now())
        self._db.executemany(
            "INSERT OR REPLACE INTO tally VALUES (?, ?)",
            [("dropped", self._dropped + readings), ("dropped_at", now)],
        )
        return readings, freed

    def _note_drop(self, readings: int, freed: int) -> None:
        self._dropped += readings
        self._dropped_at = to_ms(self._clock.now())
        self._depth -= readings
        self._bytes -= freed
        log.error("the outbox is full: the %d oldest readings were dropped", readings)

    # --- reading and letting go --------------------------------------------------------------

    def pending(self, limit: int, skip: Collection[BatchKey] = ()) -> list[Waiting]:
        """Up to `limit` unacknowledged batches, not `skip`: what happened last, the other events
        and then the telemetry from the oldest on."""
        if len(self._acknowledged) >= TIDY_AT:
            self.tidy()
        columns = "SELECT boot, seq, count, payload, crc FROM batch WHERE state = 0"
        most = limit + len(skip) + len(self._acknowledged)
        last = f"{columns} AND urgent = 1 ORDER BY id DESC LIMIT 1"
        order = f"{columns} ORDER BY urgent DESC, id LIMIT ?"
        # By the index: neither may sort a backlog of months.
        found = {w.key: w for w in (*self._sound(last, ()), *self._sound(order, (most,)))}
        return [waiting for key, waiting in found.items() if key not in skip][:limit]

    def among(self, boot: str, ranges: Sequence[tuple[int, int]], limit: int) -> list[Waiting]:
        """Up to `limit` unacknowledged batches of a boot whose numbers are within `ranges`."""
        found: list[Waiting] = []
        query = (
            "SELECT boot, seq, count, payload, crc FROM batch"
            " WHERE boot = ? AND seq BETWEEN ? AND ? AND state = 0 ORDER BY seq LIMIT ?"
        )
        for first, last in ranges:
            if len(found) < limit:
                found += self._sound(query, (boot, first, last, limit - len(found)))
        return found

    def _sound(self, query: str, values: Sequence[object]) -> list[Waiting]:
        """The rows of `query` that are whole and not acknowledged."""
        try:
            rows = self._db.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            log.warning("the outbox cannot be read now: %s", error)
            return []
        except sqlite3.DatabaseError as error:
            self._recover(error)
            return []
        found: list[Waiting] = []
        for boot, seq, count, payload, crc in rows:
            waiting = Waiting(boot, seq, count, payload)
            if crc32(payload) != crc:
                self._give_up(waiting)
            elif waiting.key not in self._acknowledged:
                found.append(waiting)
        return found

    def _give_up(self, waiting: Waiting) -> None:
        text = f"batch {waiting.seq} of boot {waiting.boot} was damaged on the card and is lost"
        log.error("%s", text)
        self._faults["outbox-damaged"] = NodeFault("", "outbox-damaged", text)
        self.acknowledge(waiting.boot, [waiting.seq])

    def acknowledge(self, boot: str, seqs: Iterable[int]) -> int:
        """These batches are in the store: forget them. How many of them were still here."""
        known = 0
        query = "SELECT count, length(payload) FROM batch WHERE boot = ? AND seq = ? AND state = 0"
        try:
            for key in {(boot, seq) for seq in seqs} - self._acknowledged:
                row = self._db.execute(query, key).fetchone()
                if row is not None:
                    known += 1
                    self._acknowledged.add(key)
                    self._depth -= row[0]
                    self._bytes -= row[1]
        except sqlite3.OperationalError as error:
            log.warning("the outbox cannot be read now: %s", error)
        except sqlite3.DatabaseError as error:
            self._recover(error)
        return known

    # --- times that were not known -------------------------------------------------------------

    def newest(self) -> datetime:
        """The newest time that was handed out."""
        return from_ms(self._timeline.newest())

    def release(self) -> None:
        """What was held back for its true time is sent as it is, marked."""
        self._change("UPDATE batch SET state = 0 WHERE state = 1")

    def mend(self, base: int) -> int:
        """Give everything of this run of the machine its true time; how many readings changed.

        What was sent before and may be in the store says so, and is moved there.
        """
        self.tidy()
        try:
            done = mend(self._db, self._kernel, base)
        except (sqlite3.Error, ValueError) as error:
            log.error("times in the outbox could not be mended now: %s", error)
            done = Mended()
        self._depth += done.again
        self._bytes += done.bytes
        self._load_times()
        return done.readings

    def mend_earlier_runs(self, now: datetime) -> int:
        """Readings of earlier runs of the machine that would lie in the future; how many."""
        try:
            return from_the_future(self._db, self._kernel, to_ms(now))
        except (sqlite3.Error, ValueError) as error:
            log.error("times in the outbox could not be looked through: %s", error)
            return 0

    def _change(self, statement: str) -> None:
        try:
            self._db.execute(statement)
        except sqlite3.Error as error:
            log.warning("the outbox cannot be written now: %s", error)

    def tidy(self) -> None:
        """Remove the rows of acknowledged batches now; a failure only leaves them for later."""
        if not self._acknowledged:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            removed = self._remove_acknowledged()
            self._db.execute("COMMIT")
            self._acknowledged -= removed
        except sqlite3.Error as error:
            log.warning("acknowledged batches stay in the outbox for now: %s", error)
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def rest(self) -> None:
        """Nothing is urgent: carry the log over into the file where it has grown."""
        if self._commits < CARRIED_AFTER:
            return
        self._commits = 0
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            log.warning("the outbox's log is carried over later: %s", error)

    def oldest(self) -> datetime | None:
        """The time of the oldest reading that is not yet in the store."""
        try:
            row = self._db.execute(
                "SELECT payload FROM batch WHERE state < 2 ORDER BY id LIMIT 1"
            ).fetchone()
        except sqlite3.Error:
            return None
        return first_time(row[0]) if row is not None else None

    def depth(self) -> int:
        """Readings that are not yet in the store."""
        return self._depth

    def ahead(self, now: datetime) -> timedelta:
        """How far the times handed out are ahead of now, because the clock was set back."""
        return self._timeline.ahead(now)

    def faults(self) -> list[NodeFault]:
        """What is wrong with the outbox, for the node's status."""
        found = list(self._faults.values())
        at = datetime.fromtimestamp(self._dropped_at / 1000, UTC)
        if self._dropped and self._clock.now() - at < DROP_TOLD:
            text = (
                f"{self._dropped:,} readings were dropped because the outbox was full, last "
                f"{at:%Y-%m-%d %H:%M} UTC: the server was away for too long"
            )
            found.append(NodeFault("", "outbox-full", text))
        return found

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.tidy()
            self._db.close()
