"""From the broker to the store: decode, grade, write, book, and only then acknowledge."""

import logging
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
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
"""Messages that may wait; beyond, they are dropped unacknowledged and the nodes send them again."""
GROUP = 5000
"""Readings of one write: a group is what has come while the write before was under way."""
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
        self._inbox: queue.Queue[Message | None] = queue.Queue(QUEUE)
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run, name="ingest")
        self._trouble = ""
        self._dropped = 0
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
        live = {"queue": self._inbox.qsize(), "queue_dropped": self._dropped,
                "store_retries": self._retries}  # fmt: skip
        return {**self._counts, **live}

    def close(self) -> None:
        self._stop.set()
        if self._worker.is_alive():
            try:
                self._inbox.put_nowait(None)
            except queue.Full:
                log.debug("the worker has enough to wake up for")
            self._worker.join()

    def _receive(self, message: Message) -> None:
        try:
            self._inbox.put_nowait(message)
        except queue.Full:
            self._dropped += 1

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self._inbox.get()
            if message is None:
                return
            try:
                self._carry([message])
            except Exception:
                log.exception("a group of batches failed; the nodes send it again")

    def _carry(self, messages: list[Message]) -> None:
        """One group: `messages` and what else is waiting by now."""
        now = self._clock.now()
        group = _Group(now, self._grader)
        while messages:
            decoded = wire.decode_batch(messages[0].topic, messages[0].payload, self._site.kinds)
            group.add(decoded)
            if len(group.readings) >= GROUP:
                break
            try:
                following = self._inbox.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._stop.set()
                break
            messages = [following]
        if self._save(group):
            self._acknowledge(group)

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
        newest: datetime | None = None
        for reading in decoded.readings:
            if reading.at > self.now + TOO_FAR_AHEAD:
                ahead = (reading.at - self.now).days
                self.refuse(reading, f"its time is {ahead} days ahead of the server's clock")
                continue
            quality = self._grader.grade(reading, self.now)
            graded = reading if quality is reading.quality else replace(reading, quality=quality)
            self.readings.append(graded)
            if newest is None or reading.at > newest:
                newest = reading.at
        self._origins.append(decoded.origin)
        self.receipts.append(Receipt(decoded.origin, newest or self.now, len(decoded.readings)))

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
