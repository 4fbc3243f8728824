"""From the broker to the store: decode, grade, write, book, and only then acknowledge."""

import logging
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from collectors.ledger import DeadLetter, Ledger, Receipt
from collectors.quality import Grader
from collectors.store import Store
from collectors.transport import Message, Transport
from devices import wire
from devices.catalog import Site
from devices.errors import StoreMisconfigured, StoreUnavailable, TransportError
from devices.model import ClockState, Origin, Reading
from devices.service import Clock, Health

log = logging.getLogger(__name__)

QUEUE = 2000
QUEUE_BYTES = 64 * 2**20
"""What may wait; beyond, it is dropped unacknowledged and the nodes send it again."""
GROUP = 5000
"""Readings of one write: a group is what has come while the write before was under way."""
MESSAGES = 200
"""Of one group at most."""
QUIET_S = 1.0
"""So long without a message, and the store looks after itself."""
LONGEST_UNTENDED_S = 10.0
"""It does so between two messages where they never end."""
TOO_FAR_AHEAD = timedelta(days=1)
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0


class Ingester:
    """Handlers only enqueue; one worker owns the store and the ledger.

    Nothing is acknowledged before it is durable: while the store is away, the group in hand is
    tried again and what does not fit the queue stays in the nodes' outboxes.
    """

    name = "ingest"

    def __init__(
        self, site: Site, store: Store, transport: Transport, ledger: Ledger, clock: Clock
    ) -> None:
        self._site = site
        self._store = store
        self._transport = transport
        self._ledger = ledger
        self._clock = clock
        self._grader = Grader(site.kinds)
        self._inbox = _Inbox()
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run, name="ingest")
        self._trouble = ""
        self._retries = 0
        self._counts: dict[str, int] = ledger.counters()

    def start(self) -> None:
        self._worker.start()
        self._transport.subscribe(wire.UP_FILTER, self._receive)

    def health(self) -> Health:
        if not self._worker.is_alive():
            return Health(False, "the ingest worker has ended")
        return Health(not self._trouble, self._trouble)

    def counters(self) -> Mapping[str, float]:
        """batches, readings, refused, late, duplicates over all time; the rest since the start."""
        live = {"queue": len(self._inbox), "queue_dropped": self._inbox.dropped,
                "store_retries": self._retries}  # fmt: skip
        return {**self._counts, **live}

    def close(self) -> None:
        self._stop.set()
        self._inbox.close()
        if self._worker.is_alive():
            self._worker.join()

    def _receive(self, message: Message) -> None:
        self._inbox.put(message)

    def _run(self) -> None:
        # An empty group finds out whether the store is as configured before anything comes.
        self._carry([])
        tended = self._clock.monotonic()
        while not self._inbox.closed:
            messages = self._inbox.take(QUIET_S)
            if messages:
                self._carry(messages)
            now = self._clock.monotonic()
            if not messages or now - tended >= LONGEST_UNTENDED_S:
                tended = now
                self._tend(busy=bool(messages))

    def _tend(self, *, busy: bool) -> None:
        """Let the store look after itself, as long as nothing waits."""
        try:
            while self._store.tend(self._clock.now()) and not busy and not len(self._inbox):
                continue
        except (StoreUnavailable, StoreMisconfigured) as error:
            log.warning("the store was not looked after: %s", error)
        except Exception:
            log.exception("the store was not looked after")

    def _carry(self, messages: Sequence[Message]) -> None:
        """Store and acknowledge a group, or as much of it as can be."""
        try:
            group = _Group(self._clock.now(), self._grader)
            for position, message in enumerate(messages):
                group.add(wire.decode_batch(message.topic, message.payload, self._site.kinds))
                if len(group.readings) >= GROUP:
                    self._inbox.put_back(messages[position + 1 :])
                    messages = messages[: position + 1]
                    break
            if self._save(group):
                self._acknowledge(group)
        except Exception:
            log.exception("a group of %d batches failed", len(messages))
            self._trouble = "a batch could not be worked on; its node keeps it: see the log"
            if len(messages) > 1:
                for message in messages:
                    self._carry([message])

    def _save(self, group: "_Group") -> bool:
        """Until it is durable; False when we are stopped before."""
        pause = FIRST_PAUSE_S
        written = False
        while True:
            try:
                if not written:
                    for refused in self._store.write(group.readings).refused:
                        group.refuse(refused.reading, refused.reason)
                    written = True
                self._ledger.record(group.receipts, group.letters, group.counts, group.now)
            except (StoreUnavailable, StoreMisconfigured) as error:
                if self._trouble != str(error):
                    self._trouble = str(error)
                    log.warning("kept, and tried again: %s", error)
                self._retries += 1
                if self._stop.wait(pause):
                    return False
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            if self._trouble:
                log.info("the store takes readings again")
            self._trouble = ""
            self._counts = self._ledger.counters()
            return True

    def _acknowledge(self, group: "_Group") -> None:
        for (node, boot), seqs in group.acknowledgements().items():
            try:
                self._transport.publish(wire.ack_topic(node), wire.encode_ack(boot, seqs))
            except TransportError as error:
                log.info("not acknowledged, so %s sends it again: %s", node, error)


class _Inbox:
    """What came and waits for the worker, bounded in number and bytes."""

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self.closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """Keep `message`, or count it as dropped where there is no room."""
        size = len(message.payload)
        with self._changed:
            if len(self._waiting) >= QUEUE or (self._waiting and self._bytes + size > QUEUE_BYTES):
                self.dropped += 1
                return
            self._waiting.append(message)
            self._bytes += size
            self._changed.notify()

    def put_back(self, messages: Sequence[Message]) -> None:
        """To the front, in their order."""
        with self._changed:
            self._waiting.extendleft(reversed(messages))
            self._bytes += sum(len(message.payload) for message in messages)

    def take(self, wait: float) -> list[Message]:
        """What waits, at most MESSAGES; `wait` s for the first. Empty then, or once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.closed, wait)
            if self.closed:
                return []
            count = min(len(self._waiting), MESSAGES)
            taken = [self._waiting.popleft() for _ in range(count)]
            self._bytes -= sum(len(message.payload) for message in taken)
            return taken

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class _Group:
    """What one write is about: good readings, refusals, and whom to answer."""

    def __init__(self, now: datetime, grader: Grader) -> None:
        self.now = now
        self.readings: list[Reading] = []
        self.receipts: list[Receipt] = []
        self.letters: list[DeadLetter] = []
        self.counts: Counter[str] = Counter()
        self._origins: list[Origin] = []
        self._grader = grader

    def add(self, decoded: wire.Decoded) -> None:
        for refusal in decoded.refusals:
            self._bury(DeadLetter(self.now, decoded.node, refusal.reason, refusal.raw))
        if decoded.origin is None:
            return
        far, grade, stored = self.now + TOO_FAR_AHEAD, self._grader.grade, len(self.readings)
        newest: datetime | None = None
        for reading in decoded.readings:
            at = reading.at
            if at > far:
                ahead = (at - self.now).days
                self.refuse(reading, f"its time is {ahead} days ahead of the server's clock")
                continue
            quality = grade(reading, self.now)
            self.readings.append(
                reading if quality is reading.quality else replace(reading, quality=quality)
            )
            if newest is None or at > newest:
                newest = at
        if newest is None or decoded.clock is ClockState.UNSYNCED:
            newest = self.now  # the day of a clock that was never set would be any day
        self._origins.append(decoded.origin)
        self.receipts.append(Receipt(decoded.origin, newest, len(self.readings) - stored))

    def refuse(self, reading: Reading, reason: str) -> None:
        batch = wire.Batch(reading.origin, ClockState.SYNCED, [reading])
        self._bury(DeadLetter(self.now, reading.origin.node, reason, wire.encode_batch(batch)))

    def _bury(self, letter: DeadLetter) -> None:
        self.letters.append(letter)
        self.counts["refused"] += 1

    def acknowledgements(self) -> dict[tuple[str, str], list[int]]:
        """Batch numbers by node and boot."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for origin in self._origins:
            found[origin.node, origin.boot].append(origin.seq)
        return found
