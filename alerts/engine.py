"""Engine: what comes in is judged; what follows is saved, then told, then answered.

One worker owns all of it. The connection's thread only enqueues, or takes the turn of a worker that
has nothing to do.
"""

import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from alerts.board import Board
from alerts.book import Book, Changes, PlanVersion
from alerts.casebook import Casebook
from alerts.catchup import READINGS, CatchUp
from alerts.channel import Means
from alerts.desk import Desk
from alerts.fittings import Fittings
from alerts.inbox import Inbox, Job
from alerts.judge import Judge
from alerts.late import LateJudge
from alerts.model import Alert, AlertState, Hold, Severity, Verdict
from alerts.mute import Mutes
from alerts.order import OrderState
from alerts.outgoing import Outgoing
from alerts.pipeline import Pipeline
from alerts.plan import Plan
from alerts.planwatch import PlanWatch
from alerts.rule import Outcome, Rule
from alerts.timers import Timers, dead_node
from alerts.view import LiveView
from alerts.workorders import WorkOrders
from collectors.quality import Grader
from collectors.store import Store
from collectors.transport import Message, Transport
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError, WireError
from devices.model import Reading
from devices.service import Clock, Health

log = logging.getLogger(__name__)

TICK_S = 1.0
CONNECT_PATIENCE_S = 5.0

_OPEN_ALERTS = [state for state in AlertState if state.open]
_OPEN_ORDERS = [state for state in OrderState if state is not OrderState.CLOSED]


class Engine:
    """The safety plan at work. `health` tells of a book that cannot be written."""

    name = "engine"

    def __init__(
        self, site: Site, plan: Plan, book: Book, store: Store, transport: Transport, clock: Clock
    ) -> None:
        self._site, self._plan, self._book = site, plan, book
        self._transport, self._clock = transport, clock
        now = clock.now()
        self._watched = PlanWatch(plan)
        self._grader = Grader(site.kinds)
        self._view = LiveView(site, now)
        self._judge = Judge(plan, self._view, book.memories())
        open_alerts = book.alerts(_OPEN_ALERTS, limit=100_000)
        self._mutes = Mutes(site, book.mutes(now))
        self._cases = Casebook(site, plan, open_alerts, book.alert, self._mutes)
        self._fittings = Fittings(site, book.fittings(), book.calibrations())
        self._orders = WorkOrders(
            site, book.work_orders(_OPEN_ORDERS), book.last_order_number(), self._fittings,
            book.work_order,
        )  # fmt: skip
        self._timers = Timers(site, plan, self._cases, self._mutes, self._view)
        self._board = Board(site, plan, transport)
        self._inbox = Inbox(clock)
        told = book.deliveries_of(_OPEN_ALERTS)
        self._pipeline = Pipeline(self._means(plan), told, self._muted, self._inbox.wake)
        self._desk = Desk(site, plan, self._cases, self._orders, self._mutes, self._fittings)
        self._catch_up = CatchUp(site, store, book)
        self._late = LateJudge(site, plan, now, book.raised_between)
        self._stop = threading.Event()
        self._outgoing = Outgoing(book, self._pipeline, self._board, transport, self._stop)
        self._worker = threading.Thread(target=self._run, name="engine")
        self._looked_at = 0.0
        self._tick_at = clock.monotonic()
        self._counts: Counter[str] = Counter()

    # --- service ---------------------------------------------------------------------------

    def start(self) -> None:
        self._transport.subscribe(wire.UP_FILTER, self._later(self._on_batch))
        self._transport.subscribe(wire.STATUS_FILTER, self._later(self._on_status))
        self._transport.subscribe(wire.COMMAND_FILTER, self._later(self._on_command))
        self._transport.subscribe(wire.ALERT_FILTER, self._later(self._on_alert))
        self._transport.on_connect(lambda: self._inbox.put(self._connected))
        self._worker.start()

    def health(self) -> Health:
        if not self._worker.is_alive():
            return Health(False, "the alarm engine's worker has ended")
        trouble = self._outgoing.trouble
        return Health(not trouble, trouble or self._catch_up.trouble)

    def plan_health(self) -> Health:
        """Whether the plan at work is the one in the file."""
        trouble = self._watched.trouble
        return Health(not trouble, trouble or f"version {self.plan.version} is at work")

    @property
    def plan(self) -> Plan:
        """The version that is at work."""
        return self._watched.plan

    def counters(self) -> Mapping[str, float]:
        now = {
            "alerts_open": len(self._cases), "orders_open": len(self._orders),
            "deliveries_waiting": self._pipeline.waiting, "inbox": len(self._inbox),
            "inbox_dropped": self._inbox.dropped, "looked_at": self._looked_at,
        }  # fmt: skip
        return {**self._counts, **self._outgoing.counts, **now}

    def close(self) -> None:
        self._stop.set()
        self._inbox.wake()
        if self._worker.is_alive():
            self._worker.join()
        with self._inbox.turn:
            self._inbox.open = False
        self._pipeline.close()

    def _later(
        self, take: Callable[[Message, Changes, datetime], None]
    ) -> Callable[[Message], None]:
        return lambda message: self._inbox.offer(
            lambda changes, now: take(message, changes, now), self._at_once
        )

    # --- the worker ------------------------------------------------------------------------

    def _run(self) -> None:
        with self._inbox.turn:
            self._guarded(self._begin)
            self._inbox.open = True
        while not self._stop.is_set():
            first = self._inbox.first(max(0.0, self._tick_at - self._clock.monotonic()))
            with self._inbox.turn:
                self._look(first)

    def _look(self, first: Job | None) -> None:
        """What waits, and once a second what time does."""
        changes = Changes()
        self._inbox.work(first, partial(self._do, changes))
        ticked = self._clock.monotonic() >= self._tick_at
        now = self._clock.now()
        if ticked:
            self._tick_at = self._clock.monotonic() + TICK_S
            self._guarded(partial(self._tick, changes, now))
        told = self._outgoing.answers or self._outgoing.kept or self._pipeline.has_outcomes
        if ticked or changes or told:
            self._guarded(partial(self._finish, changes, now))
        if ticked:
            self._looked_at = now.timestamp()

    def _at_once(self, job: Job) -> None:
        """On the connection's thread while the worker is idle. It never waits for the book: what
        cannot be saved at the first try is the worker's."""
        changes, now = Changes(), self._clock.now()
        if self._do(changes, job, now):
            self._guarded(partial(self._finish, changes, now, patient=False))
        if self._outgoing.kept or self._clock.monotonic() >= self._tick_at:
            self._inbox.wake()

    def _do(self, changes: Changes, job: Job, now: datetime) -> bool:
        """Whether somebody has to be told or answered now."""
        self._guarded(partial(job, changes, now))
        return bool(changes or self._outgoing.answers)

    def _guarded(self, act: Callable[[], None]) -> None:
        """One bad message or a fault of ours must not end the watch."""
        try:
            act()
        except WireError as error:
            self._counts["messages_refused"] += 1
            log.warning("a message is passed over: %s", error)
        except Exception:
            self._counts["failures"] += 1
            log.exception("the alarm engine stumbled; it goes on")

    def _begin(self) -> None:
        """Judge what was stored while we were away, before what comes now."""
        now = self._clock.now()
        try:
            self._transport.wait_connected(CONNECT_PATIENCE_S)
        except TransportError as error:
            log.info("catching up without the broker: %s", error)
        changes = Changes()
        self._at_work(self._plan, changes, now)
        if self._catch_up.again(self._clock.monotonic()):
            self._replay(changes, now)
        self._finish(changes, now)

    # --- the plan --------------------------------------------------------------------------

    def _means(self, plan: Plan) -> Means:
        board = self._board
        return Means(self._site, plan, self._transport, board.show, board.as_shown)

    def _at_work(self, plan: Plan, changes: Changes, now: datetime) -> None:
        """A version of the plan counts from now on; it is kept for those who ask later."""
        self._cases.drop_unwatched(changes, now)
        text = plan.path.read_text("utf-8")
        changes.plans.append(PlanVersion(plan.version, now, text))

    def _adopt(self, plan: Plan, changes: Changes, now: datetime) -> None:
        self._plan = plan
        for part in (
            self._judge,
            self._late,
            self._cases,
            self._timers,
            self._board,
            self._desk,
        ):
            part.adopt(plan)
        self._pipeline.adopt(self._means(plan))
        self._at_work(plan, changes, now)

    def _muted(self, alert: Alert, now: datetime) -> Hold | None:
        if self._mutes.maintenance(alert.rule, alert.key, now):
            return Hold.MAINTENANCE
        if alert.severity is not Severity.CRITICAL and self._cases.chatters(alert, now):
            return Hold.CHATTER
        return None

    def _replay(self, changes: Changes, now: datetime) -> None:
        for reading, judged in self._catch_up.readings(now):
            reading = self._fittings.corrected(reading)
            if judged:
                self._judge_reading(reading, None, changes, now)
                self._counts["caught_up"] += 1
            else:
                self._view.keep(reading, None)

    def _finish(self, changes: Changes, now: datetime, *, patient: bool = True) -> None:
        checkpoint = self._catch_up.due()
        if checkpoint is not None:
            changes.checkpoints[READINGS] = checkpoint
        if changes:
            # Not at every reading: after a crash the readings since the checkpoint come again.
            changes.memories = self._judge.take_changed()
        self._outgoing.finish(changes, self._cases, now, patient=patient)

    # --- what comes in ---------------------------------------------------------------------

    def _on_batch(self, message: Message, changes: Changes, now: datetime) -> None:
        self._site.look()
        decoded = wire.decode_batch(message.topic, message.payload, self._site.kinds)
        if decoded.moved:
            return  # judged when it first came; only its time is known better now
        for reading in decoded.readings:
            quality = self._grader.grade(reading, now)
            graded = self._fittings.corrected(replace(reading, quality=quality))
            self._judge_reading(graded, now, changes, now)
        self._counts["readings"] += len(decoded.readings)

    def _judge_reading(
        self, reading: Reading, arrived: datetime | None, changes: Changes, now: datetime
    ) -> None:
        known = self._view.newest(reading.point)
        fresh = known is None or reading.at > known.at
        if known is not None and reading.at < known.at:
            self._judge_late(reading, known, changes, now)
            return
        for rule, verdict in self._judge.check(reading, arrived):
            self._take(rule, verdict, changes, now)
        if fresh:
            self._catch_up.judged(reading, now)
            if self._site.points[reading.point].kind == "acknowledge-button":
                self._on_button(reading, changes, now)

    def _judge_late(
        self, reading: Reading, known: Reading, changes: Changes, now: datetime
    ) -> None:
        """Not one of a rule and point that somebody looks at already."""
        for rule, then, since in self._late.check(reading, known):
            if self._cases.has(then.rule, then.key):
                continue
            self._cases.take(rule, then, changes, now)
            self._cases.take(rule, since, changes, now)
            self._counts["judged_late"] += 1

    def _on_button(self, reading: Reading, changes: Changes, now: datetime) -> None:
        if reading.value == "pressed":
            post = self._site.points[reading.point].room
            waiting = self._pipeline.waits_at(post, self._cases)
            self._desk.pressed(reading, waiting, changes, now)

    def _take(
        self, rule: Rule, verdict: Verdict, changes: Changes, now: datetime, cause: str = ""
    ) -> None:
        if rule.outcome is Outcome.ALERT:
            self._cases.take(rule, verdict, changes, now, cause)
            if not rule.order_fault:
                return
            verdict = replace(verdict, fault=rule.order_fault)
        if verdict.breached and self._mutes.out_of_service(verdict.rule, verdict.key, now):
            if rule.outcome is not Outcome.ALERT:
                self._judge.forget(verdict.rule, verdict.key)  # to be found again in service
            return
        changes.orders += self._orders.fault(verdict, secrets.token_hex(8), self._view, now)

    def _on_status(self, message: Message, changes: Changes, now: datetime) -> None:
        node = wire.node_of(message.topic)
        if node not in self._site.nodes or not message.payload:
            return
        status = wire.decode_status(message.payload)
        if self._view.status(node, status, message.retain, now):
            self._pipeline.forget_node(node)

    def _on_command(self, message: Message, changes: Changes, now: datetime) -> None:
        try:
            command = wire.decode_command(message.topic, message.payload)
        except WireError as error:
            refusal = wire.encode_object({"ok": False, "error": str(error)})
            self._outgoing.answers.append((message, refusal))
            return
        payload = self._book.answer(command.id)
        if payload is None:
            said = self._desk.carry_out(command, secrets.token_hex(8), changes, now)
            payload = wire.encode_object(said)
            changes.answers.append((command.id, payload))
        self._outgoing.answers.append((message, payload))

    def _on_alert(self, message: Message, changes: Changes, now: datetime) -> None:
        """A retained alert of before: it is brought up to date, or cleared where it is over."""
        if message.retain and message.payload:
            self._board.adopt_retained(wire.last_part(message.topic))

    def _connected(self, changes: Changes, now: datetime) -> None:
        self._view.listen_anew(now)
        self._board.forget()
        self._pipeline.forget()
        self._pipeline.hurry()

    # --- time ------------------------------------------------------------------------------

    def _tick(self, changes: Changes, now: datetime) -> None:
        self._view.deaf = not self._transport.connected
        plan = self._watched.look(self._clock.monotonic())
        if plan is not None:
            self._adopt(plan, changes, now)
        self._view.learn_untold(self._pipeline.unreached(self._cases, now))
        if self._catch_up.again(self._clock.monotonic()):
            self._replay(changes, now)
        for rule, verdict in self._judge.tick(now):
            cause = dead_node(self._site, verdict.key, self._view, now) if verdict.breached else ""
            self._take(rule, verdict, changes, now, cause)
        self._mutes.take_over(now)
        self._timers.tick(changes, now, self._pipeline.muffled)
        changes.orders += self._orders.tick(self._plan.file.maintenance.patience, now)
