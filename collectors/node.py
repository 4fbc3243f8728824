"""NodeAgent: from the drivers of a node to its outbox and out, with its status and commands."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from collectors.announce import Announcer, Backlog, node_will
from collectors.condition import Condition
from collectors.courier import Courier
from collectors.crew import Crew, fitting
from collectors.edge import EdgeRules
from collectors.intake import Intake
from collectors.nodeclock import NodeClock, run_of_machine
from collectors.outbox import Outbox, new_boot
from collectors.requests import answer
from collectors.timeline import Taken
from collectors.transport import Message, Transport
from collectors.vitals import Vitals, read_vitals
from devices import wire
from devices.catalog import Point, Site
from devices.driver import surroundings
from devices.errors import (
    CampusError,
    DeviceError,
    StoreUnavailable,
    TransportError,
    WireError,
)
from devices.kinds import KINDS
from devices.model import Detail, Kind, NodeFault, NodeId, PointId, Sample, Value, ValueType
from devices.service import Clock, Health

__all__ = ["NodeAgent", "Scenes", "node_will"]

log = logging.getLogger(__name__)

TELEMETRY_S = 1.0
"""Telemetry is committed together so often: each commit costs the SD card a write."""
VITALS_S = 10.0
POLL_S = 0.2
STUCK_S = 30.0
"""A worker that has done no turn for so long hangs: no watchdog is fed any more."""
LARGEST_BATCH = 500
MOST_UNSAVED = 10_000
"""Values held in memory while the outbox cannot be written."""
AHEAD_TOLD = timedelta(seconds=5)

Scenes = Callable[[str, Mapping[str, Any]], None]
"""Plays a scene of the simulation by its name and the command's arguments."""


@dataclass(frozen=True, slots=True)
class _Heard:
    point: PointId
    mono: float
    sample: Sample
    unsolicited: bool


@dataclass(frozen=True, slots=True)
class _Value:
    """What a driver said, fit for its kind, at a monotonic second; its time comes when saved."""

    point: PointId
    mono: float
    value: Value
    detail: Detail


class NodeAgent:
    """Runs the drivers of one node; what they say is saved first, then sent until it is stored.

    The transport is its caller's: started before or after, closed after `close`. One worker
    thread owns the outbox; drivers, pins and the network only enqueue.
    """

    name = "node"

    def __init__(
        self,
        site: Site,
        node: NodeId,
        folder: Path,
        transport: Transport,
        clock: Clock,
        *,
        scenes: Scenes | None = None,
        boot: str = "",
        run: str = "",
        intake: Intake | None = None,
    ) -> None:
        """`folder` holds the outbox. `boot` where the last will names it already, `run` is the
        kernel's name of this run of the machine, `intake` where the configuration comes from the
        server."""
        if node not in site.nodes:
            raise CampusError(f"the site file has no node {node!r}; it has {', '.join(site.nodes)}")
        self._site = site
        self._node = node
        self._folder = folder
        self._transport = transport
        self._clock = clock
        self._scenes = scenes
        self._intake = intake
        self._boot = boot or new_boot()
        self._run_of_machine = run or run_of_machine()
        self._points = site.points_on(node)
        self._condition = Condition(folder / "low-power-told", self._run_of_machine)
        self._turned = clock.monotonic()
        self._inbox: queue.SimpleQueue[_Heard | Message | Site | None] = queue.SimpleQueue()
        self._crew = Crew(
            self._points, clock, self._hear, lambda p: surroundings(self._site, p, folder / "kept"),
            lambda point: self._edge.opened(point),
        )  # fmt: skip
        self._edge = EdgeRules(
            site.local_on(node), {p.id: p.kind for p in self._points}, clock, self._crew.carry_out
        )
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None
        self._events: list[_Value] = []
        self._telemetry: list[_Value] = []
        self._committed = clock.monotonic()
        self._value_faults: dict[PointId, NodeFault] = {}
        self._unsaved: NodeFault | None = None
        self._commands: deque[str] = deque(maxlen=200)
        self._announcer = Announcer(site, node, self._boot, transport, clock, self._now, folder)

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "outbox.db"
        self._outbox = Outbox(
            path, self._node, self._clock, boot=self._boot, kernel=self._run_of_machine
        )
        up = wire.up_topic(self._node)
        self._courier = Courier(self._outbox, self._transport, up, self._clock)
        self._time = NodeClock(self._clock, self._outbox, self._courier.mended)
        self._examine()
        self._transport.subscribe(wire.ack_topic(self._node), self._inbox.put)
        self._transport.subscribe(wire.node_command_topic(self._node), self._inbox.put)
        self._transport.subscribe(wire.HOME_ASSISTANT_STATUS, self._inbox.put)
        self._transport.on_connect(lambda: self._inbox.put(None))
        if self._transport.connected:
            self._inbox.put(None)
        if self._intake is not None:
            self._intake.adopt = self._inbox.put
        self._worker = threading.Thread(target=self._run, name=f"node-{self._node}")
        self._worker.start()

    def health(self) -> Health:
        if self._worker is None or not self._worker.is_alive():
            return Health(False, "the node's worker does not run")
        faults = self._faults()
        if not faults:
            return Health(True)
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return Health(False, f"{first.point or self._node}: {first.text}{more}")

    def progressing(self) -> bool:
        """Whether the worker has done a turn of its work lately."""
        return self._clock.monotonic() - self._turned < STUCK_S

    def close(self) -> None:
        self._stop.set()
        if self._worker is not None:
            self._worker.join()
            self._worker = None

    @property
    def boot(self) -> str:
        """The name of this run, as its batches carry it."""
        return self._boot

    def take_on(self, point: Point) -> None:
        """Run the driver of a point that the site has got since."""
        self._crew.take_on(point)

    def let_go(self, point: PointId) -> None:
        """Run the driver of a point no more."""
        self._crew.let_go(point)
        self._value_faults.pop(point, None)

    def depth(self) -> int:
        """Readings that are saved but not yet in the store."""
        return self._outbox.depth()

    def _hear(self, point: PointId, sample: Sample, unsolicited: bool) -> None:
        """From any thread: stamp the time and enqueue."""
        if unsolicited:
            self._edge.hear(point, sample.value)
        cause = self._edge.cause(point)
        if cause:
            sample = replace(sample, detail={**sample.detail, "local": cause})
        self._inbox.put(_Heard(point, self._time.moment(sample), sample, unsolicited))

    def _now(self) -> datetime:
        return self._time.now()

    # --- the worker --------------------------------------------------------------------------

    def _run(self) -> None:
        self._edge.start()
        self._crew.start()
        try:
            while not self._stop.is_set():
                try:
                    self._turn(self._crew.tick())
                except Exception:
                    log.exception("the worker of node %s stumbled", self._node)
                    self._stop.wait(1.0)
        finally:
            self._finish()

    def _turn(self, next_due: float) -> None:
        self._take_in(max(0.0, min(POLL_S, next_due - self._clock.monotonic())))
        self._turned = self._clock.monotonic()
        self._time.look(self._transport.connected)
        now = self._clock.monotonic()
        if self._events:
            self._events = self._commit(self._events, urgent=True)
        if self._telemetry and now - self._committed >= TELEMETRY_S:
            self._telemetry = self._commit(self._telemetry, urgent=False)
            self._committed = now
        self._courier.top_up()
        if now - self._examined >= VITALS_S:
            self._examine()
        self._announcer.tell_status(self._stand(), self._faults(), self._backlog())
        self._outbox.rest()

    def _take_in(self, wait: float) -> None:
        """Everything that came in, at most waiting `wait` seconds for the first."""
        try:
            item = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
            for _ in range(LARGEST_BATCH):
                self._take(item)
                item = self._inbox.get_nowait()
            self._take(item)
        except queue.Empty:
            pass

    def _take(self, item: _Heard | Message | Site | None) -> None:
        if isinstance(item, _Heard):
            self._take_sample(item)
        elif isinstance(item, Site):
            self._adopt(item)
        elif item is None:
            self._time.connected()
            self._courier.reconnected()
            self._announcer.reconnected(self._time.state)
        elif item.topic == wire.ack_topic(self._node):
            self._take_acknowledgement(item)
        elif item.topic == wire.HOME_ASSISTANT_STATUS:
            self._announcer.home_assistant_said(item.payload)
        else:
            self._take_command(item)

    def _adopt(self, site: Site) -> None:
        """Run another configuration: only the drivers of points that changed are touched."""
        before = {point.id: point for point in self._points}
        self._site, self._points = site, site.points_on(self._node)
        now = {point.id: point for point in self._points}
        for id, point in before.items():
            if id not in now:
                self._crew.let_go(PointId(id))
                self._value_faults.pop(PointId(id), None)
            elif now[id] != point and not point.driver == now[id].driver == "":
                self._crew.let_go(PointId(id))
        for id, point in now.items():
            if before.get(id) != point and point.driver:
                self._crew.take_on(point)
        self._edge.adopt(site.local_on(self._node), {p.id: p.kind for p in self._points})
        self._announcer.adopt(site, self._folder)
        log.info("a new configuration is at work: %d points", len(now))

    def _take_acknowledgement(self, message: Message) -> None:
        try:
            answer = wire.decode_ack(message.payload)
        except WireError as error:
            log.warning("an acknowledgement that is none: %s", error)
        else:
            self._time.hear(answer)
            self._courier.acknowledge(answer.boot, answer.seqs)

    def _take_sample(self, heard: _Heard) -> None:
        point, sample = heard.point, heard.sample
        if point not in self._site.kinds:
            return  # it was taken out of the configuration meanwhile
        kind = self._site.kinds[point]
        value = fitting(kind, sample.value)
        if value is None:
            text = f"the driver gave {sample.value!r}, which is no {kind.value_type} of {kind.key}"
            if point not in self._value_faults:
                log.warning("%s: %s", point, text)
            self._value_faults[point] = NodeFault(point, "value", text)
            return
        self._value_faults.pop(point, None)
        taken = _Value(point, heard.mono, value, sample.detail)
        if heard.unsolicited or self._is_news(kind, taken):
            # What was heard of this point before must not be placed after it.
            self._events += [t for t in self._telemetry if t.point == point]
            self._telemetry = [t for t in self._telemetry if t.point != point]
            self._events.append(taken)
        else:
            self._telemetry.append(taken)

    def _is_news(self, kind: Kind, taken: _Value) -> bool:
        """A level that changed is an event; one that is repeated is a sign of life."""
        if kind.value_type is ValueType.NUMBER:
            return False
        newest = self._announcer.newest(taken.point)
        return newest is None or newest.value != taken.value

    def _commit(self, taken: list[_Value], *, urgent: bool) -> list[_Value]:
        """Save and send; what could not be saved comes back."""
        while taken:
            batch = [
                Taken(v.point, self._time.at(v.mono), v.value, v.detail)
                for v in taken[:LARGEST_BATCH]
            ]
            state, base, held = self._time.state, self._time.base, self._time.holding
            try:
                waiting, readings = self._outbox.commit(
                    batch, state, urgent=urgent, base=base, held=held
                )
            except StoreUnavailable as error:
                return self._keep_unsaved(taken, str(error))
            self._unsaved = None
            if not held:
                self._courier.send_now(waiting)
            self._announcer.tell_states(readings, state)
            taken = taken[LARGEST_BATCH:]
        return []

    def _keep_unsaved(self, taken: list[_Value], text: str) -> list[_Value]:
        if self._unsaved is None:
            log.error("%s", text)
        lost = len(taken) - MOST_UNSAVED
        if lost > 0:
            log.error("%d values could not be saved and are lost", lost)
        self._unsaved = NodeFault("", "outbox-unwritable", text)
        self._stop.wait(0.2)
        return taken[-MOST_UNSAVED:]

    def _finish(self) -> None:
        """Close the pins, save what is in hand, say goodbye."""
        self._edge.close()
        self._crew.close()
        self._take_in(0.0)
        self._commit(self._events, urgent=True)
        self._commit(self._telemetry, urgent=False)
        self._announcer.say_goodbye(self._stand(), self._faults(), self._backlog())
        self._outbox.close()

    # --- how it is doing ---------------------------------------------------------------------

    def _examine(self) -> None:
        self._vitals: Vitals = read_vitals(self._folder)
        self._examined = self._clock.monotonic()
        self._ahead = self._outbox.ahead(self._now()) > AHEAD_TOLD
        self._oldest = self._outbox.oldest()

    def _backlog(self) -> Backlog:
        depth = self._outbox.depth()
        if not depth or self._oldest is None:
            return Backlog(depth)
        return Backlog(depth, round(max(0.0, (self._now() - self._oldest).total_seconds()), 1))

    def _stand(self) -> Vitals:
        """How the machine is, with our own word on the time."""
        if self._intake is not None:
            self._announcer.config = self._intake.state
        return replace(self._vitals, clock=self._time.state)

    def _faults(self) -> list[NodeFault]:
        found = [*self._outbox.faults(), *([self._unsaved] if self._unsaved else [])]
        found += self._time.faults()
        if self._intake is not None and self._intake.state.refused:
            state = self._intake.state
            text = f"configuration {state.refused} is refused, {state.applied} stays: {state.why}"
            found.append(NodeFault("", "config", text))
        mono = self._clock.monotonic()
        found += self._condition.faults(self._vitals, mono, self._backlog().age)
        if self._ahead:
            text = "the clock was set back: times of readings go on 1 ms apart until it caught up"
            found.append(NodeFault("", "clock-back", text))
        return [*found, *self._crew.faults(), *list(self._value_faults.values())]

    # --- commands ----------------------------------------------------------------------------

    def _take_command(self, message: Message) -> None:
        try:
            command = wire.decode_node_command(message.payload)
        except WireError as error:
            log.warning("a command that is none: %s", error)
            return
        if command.id in self._commands:
            return
        self._commands.append(command.id)
        if command.do == "resend":
            self._courier.resend(*wire.missing_of(command))
        elif command.do == "simulate" and self._scenes is not None:
            self._crew.run(partial(self._play, self._scenes, message, command))
        elif any(kind.output and kind.key == command.do for kind in KINDS.values()):
            self._switch(command)
        else:
            log.warning("node %s does not know how to %r", self._node, command.do)

    def _play(self, scenes: Scenes, message: Message, command: wire.NodeCommand) -> None:
        said: dict[str, object] = {"ok": True}
        try:
            scenes(str(command.args.get("scene", "")), command.args)
        except DeviceError as error:
            said = {"ok": False, "error": str(error)}
        try:
            answer(self._transport, message, wire.encode_object(said))
        except TransportError as error:
            log.info("a scene was played but not answered: %s", error)

    def _switch(self, command: wire.NodeCommand) -> None:
        """`do` is the kind of the output; without `point` all of them, but a relay only by name."""
        wanted = command.args.get("point")
        outputs = [p for p in self._points if p.kind == command.do and wanted in (None, p.id)]
        if not outputs or (command.do == "relay" and wanted is None):
            log.warning("node %s switches no %s %s", self._node, command.do, wanted or "unnamed")
            return
        for point in outputs:
            if point.id in self._edge.outputs:
                self._edge.engine_wishes(point.id, str(command.args.get("state")))
                continue
            self._crew.command(PointId(point.id), command.do, command.args)
