"""Fleet: any number of simulated nodes at a broker, each as a real one: batches, answers."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from collectors.announce import node_will
from collectors.outbox import new_boot
from collectors.transport import LastWill, Message, Transport
from devices import wire
from devices.errors import TransportError, WireError
from devices.kinds import KINDS
from devices.model import (
    ClockState,
    NodeId,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    ValueType,
    from_ms,
    to_ms,
)
from devices.service import Clock
from devices.simulation.course import Course, Row
from devices.simulation.script import FaultName

GATHER_S = 1.0
"""Telemetry is sent together so often, as a node does; events at once."""
STATUS_S = 30.0
MOST_UNANSWERED = 5000
"""Batches a node keeps; then it takes no more values, and counts those as lost."""
LARGEST_BATCH = 500

Connect = Callable[[str, LastWill], Transport]
"""A transport, not started, for a client id with its last will."""


@dataclass(slots=True)
class Summary:
    """What a fleet did; `lag_ms` is how late the latest value was sent."""

    nodes: int = 0
    readings: int = 0
    batches: int = 0
    answered: int = 0
    unanswered: int = 0
    lost: int = 0
    seconds: float = 0.0
    lag_ms: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class SimulatedNode:
    """One node: what it has said is kept until the server says that it is stored."""

    def __init__(self, node: NodeId, connect: Connect, clock: Clock, kinds: dict[str, str]) -> None:
        self.node = node
        self._connect = connect
        self._clock = clock
        self._kinds = kinds
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._waiting: list[Reading] = []
        self._newest: dict[PointId, tuple[int, Value]] = {}
        self._unanswered: dict[tuple[str, int], bytes] = {}
        self.batches = self.answered = self.lost = 0

    def start(self) -> None:
        """Switched on: a new boot, whose batches are counted from 1."""
        self._boot, self._seq = new_boot(), 0
        self._told = -math.inf
        will = node_will(self.node, self._clock, self._boot)
        transport = self._connect(f"sim-{self.node}-{self._boot}", will)
        transport.subscribe(wire.ack_topic(self.node), self._hear)
        transport.on_connect(self._send_again)
        self._transport = transport
        transport.start()

    def cut(self) -> None:
        """Switched off without a word; what was not answered is sent again after the next start."""
        transport, self._transport = self._transport, None
        if transport is not None:
            self._say(transport, NodeState.OFFLINE)
            transport.close()

    def take(self, row: Row) -> None:
        """One value; an event is sent at once, with what was gathered before it."""
        if self._transport is None:
            return
        point = PointId(row.point)
        before, was = self._newest.get(point, (-1, None))
        at = row.at + 1 if before == row.at else row.at
        self._newest[point] = at, row.value
        origin = Origin(self.node, self._boot, 0)
        self._waiting.append(Reading(point, from_ms(at), row.value, origin, detail=row.detail))
        kind = KINDS[self._kinds[row.point]]
        news = kind.value_type is not ValueType.NUMBER and (row.value != was or not kind.period)
        if news or len(self._waiting) >= LARGEST_BATCH:
            self.send()

    def send(self) -> None:
        """What was gathered, as one batch; and the status, where it is due."""
        transport = self._transport
        if transport is None:
            return
        if self._waiting:
            self._send_batch(transport)
        if self._clock.monotonic() - self._told >= STATUS_S and transport.connected:
            self._say(transport, NodeState.ONLINE)
            self._told = self._clock.monotonic()

    def unanswered(self) -> int:
        with self._lock:
            return len(self._unanswered)

    def _send_batch(self, transport: Transport) -> None:
        readings, self._waiting = self._waiting, []
        with self._lock:
            full = len(self._unanswered) >= MOST_UNANSWERED
            if full:
                self.lost += len(readings)
                return
            self._seq += 1
            origin = Origin(self.node, self._boot, self._seq)
            payload = wire.encode_batch(wire.Batch(origin, ClockState.SYNCED, readings))
            self._unanswered[self._boot, self._seq] = payload
            self.batches += 1
        self._publish(transport, payload)
        for reading in {reading.point: reading for reading in readings}.values():
            unit = KINDS[self._kinds[reading.point]].unit
            state = wire.encode_state(reading.value, reading.at, unit, Quality.GOOD)
            topic = wire.state_topic(self.node, reading.point)
            self._quietly(partial(transport.publish, topic, state, retain=True, qos=0))

    def _publish(self, transport: Transport, payload: bytes) -> None:
        self._quietly(lambda: transport.publish(wire.up_topic(self.node), payload, qos=1))

    def _quietly(self, send: Callable[[], None]) -> None:
        """What does not get through now is sent again at the next connection."""
        try:
            send()
        except TransportError:
            return

    def _send_again(self) -> None:
        """On the transport's own thread, once it is connected."""
        with self._lock:
            waiting = list(self._unanswered.values())
        transport = self._transport
        for payload in waiting:
            if transport is not None:
                self._publish(transport, payload)

    def _hear(self, message: Message) -> None:
        try:
            answer = wire.decode_ack(message.payload)
        except WireError:
            return
        with self._lock:
            for seq in answer.seqs:
                if self._unanswered.pop((answer.boot, seq), None) is not None:
                    self.answered += 1

    def _say(self, transport: Transport, state: NodeState) -> None:
        status = NodeStatus(
            state, self._boot, self._clock.now(), "simulated", self.unanswered(), ClockState.SYNCED
        )
        payload = wire.encode_status(status)
        topic = wire.status_topic(self.node)
        self._quietly(lambda: transport.publish(topic, payload, retain=True, qos=1))


class Fleet:
    """Lets the nodes of a course say what it gives, when it is time."""

    def __init__(self, course: Course, connect: Connect, clock: Clock) -> None:
        self._course = course
        self._clock = clock
        kinds = {point.id: point.kind for point in course.points}
        owners = {point.id: NodeId(point.node) for point in course.points}
        self._nodes = {
            node: SimulatedNode(node, connect, clock, kinds)
            for node in dict.fromkeys(owners.values())
        }
        self._owner = owners
        self._stop = threading.Event()
        self._sent = -GATHER_S
        self.summary = Summary(len(self._nodes))

    def stop(self) -> None:
        """From a signal or another thread."""
        self._stop.set()

    def run(self, told: Callable[[Summary], None] = lambda _summary: None) -> Summary:
        """Returns when the course is over and answered, or 10 s later; or after `stop`."""
        began = self._clock.monotonic()
        for node in self._nodes.values():
            node.start()
        try:
            self._play(self._course.rows(), self._switching(), told)
            for node in self._nodes.values():
                node.send()
            self._await_answers(10.0)
        finally:
            self._count(began)
            for node in self._nodes.values():
                node.cut()
        return self.summary

    def _play(
        self,
        rows: Iterable[Row],
        switching: Sequence[tuple[int, SimulatedNode, bool]],
        told: Callable[[Summary], None],
    ) -> None:
        coming = list(switching)
        for row in rows:
            due = row.at if row.fault != FaultName.CLOCK_JUMP else self._now()
            while coming and coming[0][0] <= due:
                at, node, on = coming.pop(0)
                self._wait_until(at, told)
                node.start() if on else node.cut()
            self._wait_until(due, told)
            if self._stop.is_set():
                return
            self._nodes[self._owner[row.point]].take(row)
            self.summary.readings += 1
            if row.fault:
                self.summary.faults[row.fault] += 1
            self.summary.lag_ms = max(self.summary.lag_ms, self._now() - due)
        self._wait_until(self._course.ends, told)

    def _wait_until(self, ms: int, told: Callable[[Summary], None]) -> None:
        """Send what was gathered each second meanwhile."""
        while not self._stop.is_set():
            self._send_where_due(told)
            left = (ms - self._now()) / 1000
            if left <= 0:
                return
            self._stop.wait(min(left, GATHER_S / 4))

    def _send_where_due(self, told: Callable[[Summary], None]) -> None:
        now = self._clock.monotonic()
        if now - self._sent >= GATHER_S:
            self._sent = now
            for node in self._nodes.values():
                node.send()
            told(self.summary)

    def _now(self) -> int:
        return to_ms(self._clock.now())

    def _switching(self) -> list[tuple[int, SimulatedNode, bool]]:
        """When which node is switched off and on again by the script's power cuts."""
        cuts = [span for span in self._course.script.faults if span.name == FaultName.POWER_CUT]
        found = []
        for span in cuts:
            for id, node in self._nodes.items():
                if span.is_at(id):
                    found += [(span.begins, node, False), (span.ends, node, True)]
        return sorted(found, key=lambda event: event[0])

    def _await_answers(self, patience: float) -> None:
        ends = time.monotonic() + patience
        while time.monotonic() < ends and not self._stop.is_set():
            if not any(node.unanswered() for node in self._nodes.values()):
                return
            self._stop.wait(0.05)

    def _count(self, began: float) -> None:
        summary, nodes = self.summary, self._nodes.values()
        summary.seconds = self._clock.monotonic() - began
        summary.batches = sum(node.batches for node in nodes)
        summary.answered = sum(node.answered for node in nodes)
        summary.unanswered = sum(node.unanswered() for node in nodes)
        summary.lost = sum(node.lost for node in nodes)
