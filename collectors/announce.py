"""What a node says of itself, retained: its status with the last will, and each point's state."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors.discovery import Discovery
from collectors.transport import LastWill, Transport
from collectors.vitals import Vitals
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from devices.model import (
    ClockState,
    ConfigState,
    NodeFault,
    NodeId,
    NodeState,
    NodeStatus,
    PointId,
    Quality,
    Reading,
)
from devices.service import Clock

log = logging.getLogger(__name__)

STATUS_S = 30.0
"""The status is told again so often, and at once when something in it changes."""
LEAST_S = 1.0
"""But never more often than this."""


def node_will(node: NodeId, clock: Clock, boot: str = "") -> LastWill:
    """What the broker says of a node that is gone without a word."""
    status = NodeStatus(NodeState.OFFLINE, boot, clock.now(), _version())
    return LastWill(wire.status_topic(node), wire.encode_status(status))


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("campus-monitor")
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Readings that are not in the store yet, and for how many seconds the oldest has waited."""

    readings: int
    age: float | None = None


class Announcer:
    """Tells status and states; without a connection nothing, and all of it at the next."""

    def __init__(
        self,
        site: Site,
        node: NodeId,
        boot: str,
        transport: Transport,
        clock: Clock,
        now: Callable[[], datetime],
        folder: Path,
    ) -> None:
        """`now` is the node's own count of time."""
        self._now = now
        self._kinds = site.kinds
        self._node = node
        self._boot = boot
        self._transport = transport
        self._clock = clock
        self._version = _version()
        self._discovery = Discovery(site, node, folder, transport, self._version)
        self._newest: dict[PointId, Reading] = {}
        self.config: ConfigState | None = None
        self._told: tuple[object, ...] = ()
        self._told_at = -math.inf

    def newest(self, point: PointId) -> Reading | None:
        """The last reading that was told of a point."""
        return self._newest.get(point)

    def tell_states(self, readings: Sequence[Reading], clock: ClockState) -> None:
        """The newest values; QoS 0, since the next one makes up for a lost one."""
        quality = Quality.GOOD if clock is ClockState.SYNCED else Quality.CLOCK
        for reading in readings:
            self._newest[reading.point] = reading
            unit = self._kinds[reading.point].unit
            payload = wire.encode_state(reading.value, reading.at, unit, quality)
            self._publish(wire.state_topic(self._node, reading.point), payload, qos=0)

    def reconnected(self, clock: ClockState) -> None:
        """The broker may have forgotten everything."""
        self._told_at = -math.inf
        self._discovery.tell()
        self.tell_states(list(self._newest.values()), clock)

    def adopt(self, site: Site, folder: Path) -> None:
        """Other points from now on."""
        self._kinds = site.kinds
        self._discovery = Discovery(site, self._node, folder, self._transport, self._version)
        if self._transport.connected:
            self._discovery.tell()

    def home_assistant_said(self, payload: bytes) -> None:
        """It started, or it ends."""
        self._discovery.hear(payload)

    def tell_status(self, vitals: Vitals, faults: Sequence[NodeFault], waiting: Backlog) -> None:
        """The status, where it is due or has changed."""
        now = self._clock.monotonic()
        news = (vitals.clock, vitals.throttled, self.config, *faults)
        wait = LEAST_S if news != self._told else STATUS_S
        if now - self._told_at >= wait and self._transport.connected:
            self._publish_status(NodeState.ONLINE, vitals, faults, waiting)
            self._told, self._told_at = news, now

    def say_goodbye(self, vitals: Vitals, faults: Sequence[NodeFault], waiting: Backlog) -> None:
        """The node ends on purpose."""
        self._publish_status(NodeState.OFFLINE, vitals, faults, waiting)

    def _publish_status(
        self, state: NodeState, vitals: Vitals, faults: Sequence[NodeFault], waiting: Backlog
    ) -> None:
        status = NodeStatus(
            state, self._boot, self._now(), self._version, waiting.readings, vitals.clock,
            vitals.throttled, vitals.cpu_c, vitals.disk_free, tuple(faults), waiting.age,
            vitals.written, vitals.worn, self.config,
        )  # fmt: skip
        self._publish(wire.status_topic(self._node), wire.encode_status(status), qos=1)

    def _publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        try:
            self._transport.publish(topic, payload, retain=True, qos=qos)
        except TransportError as error:
            log.debug("%s not told: %s", topic, error)
