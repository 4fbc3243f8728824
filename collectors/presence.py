"""How a service of the server says, retained, that it lives and which of its parts work."""

import logging
import os
import threading
from collections.abc import Callable, Mapping

from collectors.transport import LastWill, Transport
from devices import wire
from devices.errors import TransportError
from devices.model import NodeState
from devices.service import Clock, Health

log = logging.getLogger(__name__)

TELL_S = 5.0
LOOK_S = 0.5

Parts = Callable[[], Mapping[str, Health]]
Counters = Callable[[], Mapping[str, float]]


def presence_will(name: str, clock: Clock) -> LastWill:
    """What the broker says of the service `name` when it is gone without a word."""
    gone = wire.ServicePresence(NodeState.OFFLINE, clock.now(), os.getpid())
    return LastWill(wire.service_topic(name), wire.encode_presence(gone))


class Presence:
    """Tells the state of a service every 5 s, and at once when one of its parts changes.

    The transport is its caller's: it outlives this service, whose `close` says goodbye.
    """

    def __init__(
        self, name: str, transport: Transport, clock: Clock, parts: Parts, counters: Counters
    ) -> None:
        self.name = f"{name}-presence"
        self._service = name
        self._transport = transport
        self._clock = clock
        self._parts = parts
        self._counters = counters
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._anew = threading.Event()
        self._worker: threading.Thread | None = None

    def start(self) -> None:
        self._transport.on_connect(self._connected)
        self._worker = threading.Thread(target=self._run, name=self.name)
        self._worker.start()

    def health(self) -> Health:
        alive = self._worker is not None and self._worker.is_alive()
        return Health(alive, "" if alive else "the presence is not told any more")

    def close(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._worker is not None:
            self._worker.join()
            self._worker = None

    def _connected(self) -> None:
        self._anew.set()
        self._wake.set()

    def _run(self) -> None:
        told: Mapping[str, Health] | None = None
        told_at = 0.0
        while not self._stop.is_set():
            try:
                if self._anew.is_set():
                    self._anew.clear()
                    told = None
                now, parts = self._clock.monotonic(), dict(self._parts())
                due = parts != told or now - told_at >= TELL_S
                if due and self._tell(NodeState.ONLINE, parts):
                    told, told_at = parts, now
            except Exception:
                log.exception("the presence of %s could not be told", self._service)
            self._wake.wait(LOOK_S)
            self._wake.clear()
        self._tell(NodeState.OFFLINE, {})

    def _tell(self, state: NodeState, parts: Mapping[str, Health]) -> bool:
        counters = self._counters() if state is NodeState.ONLINE else {}
        presence = wire.ServicePresence(state, self._clock.now(), os.getpid(), parts, counters)
        topic = wire.service_topic(self._service)
        try:
            self._transport.publish(topic, wire.encode_presence(presence), retain=True)
        except TransportError as error:
            log.debug("%s not told: %s", topic, error)
            return False
        return True
