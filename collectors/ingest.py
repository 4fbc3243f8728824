"""From the broker to the store: decode, grade, write, book, and only then acknowledge."""

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from collectors.asking import Asker, Known
from collectors.group import Group, Sorter
from collectors.inbox import Inbox
from collectors.ledger import Ledger
from collectors.store import Store
from collectors.transport import Message, Transport
from collectors.vitals import clock_state
from collectors.watch import Watch
from devices import wire
from devices.catalog import Site
from devices.errors import StoreMisconfigured, StoreUnavailable, TransportError, WireError
from devices.model import ClockState, NodeState
from devices.service import Clock, Health

log = logging.getLogger(__name__)

GROUP = 10_000
"""Readings of one write: a group is what has come while the writes before were under way."""
MESSAGES = 200
"""Of one group at most."""
QUIET_S = 1.0
"""So long without a message, and the store looks after itself."""
LONGEST_UNTENDED_S = 10.0
"""It does so between two messages where they never end."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
SHARED_FILTER = f"$share/ingest/{wire.UP_FILTER}"
"""Ingesters that subscribe to it each get a part; what one of them had when it was killed is not
acknowledged, so its node sends it again and another one takes it."""


class Ingester:
    """Handlers only enqueue; one worker sorts, and as many threads write as help the store.

    Nothing is acknowledged before it is durable: while the store is away, the groups in hand are
    tried again and what does not fit the queue stays in the nodes' outboxes.
    """

    name = "ingest"

    def __init__(
        self,
        site: Site,
        store: Store,
        transport: Transport,
        ledger: Ledger,
        clock: Clock,
        *,
        others: Known | None = None,
    ) -> None:
        """`others`, where several ingesters share the work, tells what is in at any of them."""
        self._store = store
        self._transport = transport
        self._ledger = ledger
        self._clock = clock
        self._site, self._points = site, site.look()
        self._filter = wire.UP_FILTER if others is None else SHARED_FILTER
        self._asker = Asker(transport, ledger.gaps, others or ledger.ranges)
        self._watch = Watch(site)
        self._sorter = Sorter(site.kinds, self._watch.grade_all)
        self._inbox = Inbox()
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run, name="ingest")
        self._lanes = ThreadPoolExecutor(store.lanes, thread_name_prefix="ingest-write")
        self._free = threading.Semaphore(store.lanes)
        self._trouble = ""
        self._retries = 0

    def start(self) -> None:
        self._worker.start()
        self._transport.subscribe(self._filter, self._inbox.put)
        self._transport.subscribe(wire.STATUS_FILTER, self._tell_time)

    def health(self) -> Health:
        if not self._worker.is_alive():
            return Health(False, "the ingest worker has ended")
        return Health(not self._trouble, self._trouble)

    def counters(self) -> Mapping[str, float]:
        """batches, readings, refused, late, duplicates over all time; the rest since the start."""
        live = {"queue": len(self._inbox), "queue_dropped": self._inbox.dropped,
                "store_retries": self._retries, "asked_again": self._asker.asked}  # fmt: skip
        return {**self._ledger.counters(), **live}

    def close(self) -> None:
        self._stop.set()
        self._inbox.close()
        if self._worker.is_alive():
            self._worker.join()
        self._lanes.shutdown()

    def _tell_time(self, message: Message) -> None:
        """To a node that says its clock is not set; at once, also while the store is away."""
        try:
            status, node = wire.decode_status(message.payload), wire.node_of(message.topic)
        except WireError:
            return
        if status.state is NodeState.ONLINE and status.clock is ClockState.UNSYNCED:
            self._answer(node, status.boot, [])

    def _answer(self, node: str, boot: str, seqs: Sequence[int]) -> None:
        answer = wire.encode_ack(boot, seqs, self._clock.now(), clock_state())
        try:
            self._transport.publish(wire.ack_topic(node), answer)
        except TransportError as error:
            log.info("not acknowledged, so %s sends it again: %s", node, error)

    # --- the worker --------------------------------------------------------------------------

    def _run(self) -> None:
        self._watch.recall(self._store, self._clock.now())
        # An empty group finds out whether the store is as configured before anything comes.
        self._hand_over(Group(self._clock.now()))
        tended = self._clock.monotonic()
        while not self._stop.is_set():
            messages = self._inbox.take(MESSAGES, QUIET_S)
            if messages:
                self._hand_over(self._sorted(messages))
            now = self._clock.monotonic()
            if not messages or now - tended >= LONGEST_UNTENDED_S:
                tended = now
                self._tend()
                self._ask_again(now)

    def _sorted(self, messages: list[Message]) -> Group:
        """A group of the first of `messages`, as many as make one write; the others go back."""
        group = Group(self._clock.now())
        if self._site.look() != self._points:  # a first reading may follow its assignment at once
            self._points = self._site.look()
            self._sorter.renew()
            self._watch.renew()
        for position, message in enumerate(messages):
            try:
                self._sorter.add(group, message)
            except Exception:
                self._stumbled(message)
            if len(group.facts) >= GROUP:
                self._inbox.put_back(messages[position + 1 :])
                break
        return group

    def _stumbled(self, message: Message) -> None:
        log.exception("a batch on %s failed", message.topic)
        self._trouble = "a batch could not be worked on; its node keeps it: see the log"

    def _hand_over(self, group: Group) -> None:
        """To the next free lane; meanwhile what comes waits, and makes the next group larger."""
        while not self._free.acquire(timeout=QUIET_S):
            if self._stop.is_set():
                return
        if not self._stop.is_set():
            self._lanes.submit(self._carry, group)

    def _tend(self) -> None:
        """Let the store look after itself, as long as nothing waits."""
        try:
            while self._store.tend(self._clock.now()) and not len(self._inbox):
                if self._stop.is_set():
                    return
        except (StoreUnavailable, StoreMisconfigured) as error:
            log.warning("the store was not looked after: %s", error)
        except Exception:
            log.exception("the store was not looked after")

    def _ask_again(self, now: float) -> None:
        try:
            self._asker.ask(now)
        except (StoreUnavailable, TransportError) as error:
            log.info("nobody was asked for what is missing: %s", error)

    # --- the lanes ---------------------------------------------------------------------------

    def _carry(self, group: Group) -> None:
        """Store and acknowledge a group, or as much of it as can be."""
        try:
            self._finish(group)
        except Exception:
            log.exception("a group of %d batches failed", len(group.messages))
            for message in group.messages:
                self._carry_alone(message)
        finally:
            self._free.release()

    def _carry_alone(self, message: Message) -> None:
        try:
            group = Group(self._clock.now())
            self._sorter.add(group, message)
            self._finish(group)
        except Exception:
            self._stumbled(message)

    def _finish(self, group: Group) -> None:
        if self._save(group):
            self._acknowledge(group)

    def _save(self, group: Group) -> bool:
        """Until it is durable; False when we are stopped before."""
        pause = FIRST_PAUSE_S
        written = False
        while True:
            try:
                if not written:
                    for refused in self._store.put(group.facts).refused:
                        group.refuse(refused.reading, refused.reason)
                    if group.moved:
                        self._store.forget(group.moved)
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
            return True

    def _acknowledge(self, group: Group) -> None:
        for (node, boot), seqs in group.acknowledgements().items():
            self._answer(node, boot, seqs)
