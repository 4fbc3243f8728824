"""A transport inside one process: the same promises without a broker, for tests and replays."""

import threading
from collections import deque
from collections.abc import Callable

from collectors.routing import Router, call
from collectors.transport import Handler, LastWill, Message, matches
from devices.errors import TransportError
from devices.service import Health


class Exchange:
    """Stands where the broker would: hands messages on in order and keeps the retained ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: list[MemoryTransport] = []
        self._retained: dict[str, Message] = {}
        self._deliveries: deque[tuple[Handler, Message]] = deque()
        self._delivering = False

    def join(self, member: "MemoryTransport") -> None:
        with self._lock:
            if member not in self._members:
                self._members.append(member)

    def leave(self, member: "MemoryTransport") -> None:
        with self._lock:
            if member in self._members:
                self._members.remove(member)

    def send(self, message: Message) -> None:
        """To everyone who subscribed; a retained one also to those who will."""
        with self._lock:
            if message.retain and message.payload:
                self._retained[message.topic] = message
            elif message.retain:
                self._retained.pop(message.topic, None)
            live = Message(
                message.topic, message.payload, False, message.response_topic, message.correlation
            )
            for member in self._members:
                self._deliveries.extend((h, live) for h in member.handlers_of(message.topic))
        self._deliver()

    def send_retained(self, filter: str, handler: Handler) -> None:
        """What is kept on the topics of `filter`."""
        with self._lock:
            kept = [message for topic, message in self._retained.items() if matches(filter, topic)]
            self._deliveries.extend((handler, message) for message in kept)
        self._deliver()

    def _deliver(self) -> None:
        """One thread at a time hands out, so a handler that publishes does not turn the order."""
        with self._lock:
            if self._delivering:
                return
            self._delivering = True
        while True:
            with self._lock:
                if not self._deliveries:
                    self._delivering = False
                    return
                handler, message = self._deliveries.popleft()
            call(handler, message)


class MemoryTransport:
    """A Transport over an Exchange; `cut` and `restore` are its network cable."""

    name = "connection"

    def __init__(self, exchange: Exchange, client_id: str, *, will: LastWill | None = None) -> None:
        self._exchange = exchange
        self._client_id = client_id
        self._will = will
        self._router = Router()
        self._connect_callbacks: list[Callable[[], None]] = []
        self._connected = False

    def start(self) -> None:
        self.restore()

    def restore(self) -> None:
        """Plug the cable in."""
        if self._connected:
            return
        self._connected = True
        self._exchange.join(self)
        for filter in self._router.filters():
            self._exchange.send_retained(filter, self._router.dispatch)
        for callback in list(self._connect_callbacks):
            callback()

    def cut(self) -> None:
        """Pull the cable out: the last will is told."""
        self._part()
        if self._will is not None:
            will = self._will
            self._exchange.send(Message(will.topic, will.payload, will.retain))

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        qos: int = 1,
        response_topic: str = "",
        correlation: bytes = b"",
    ) -> None:
        if not self._connected:
            raise TransportError(f"{self._client_id} is not connected")
        self._exchange.send(Message(topic, payload, retain, response_topic, correlation))

    def subscribe(self, filter: str, handler: Handler, qos: int = 1) -> None:
        self._router.add(filter, handler)
        if self._connected:
            self._exchange.send_retained(filter, handler)

    def handlers_of(self, topic: str) -> list[Handler]:
        return self._router.handlers_of(topic)

    def on_connect(self, callback: Callable[[], None]) -> None:
        self._connect_callbacks.append(callback)

    def wait_connected(self, timeout: float) -> None:
        if not self._connected:
            raise TransportError(f"{self._client_id} is not connected")

    def flush(self, timeout: float) -> None:
        self.wait_connected(timeout)

    @property
    def connected(self) -> bool:
        return self._connected

    def health(self) -> Health:
        return Health(True) if self._connected else Health(False, "not connected")

    def close(self) -> None:
        self._part()

    def _part(self) -> None:
        self._connected = False
        self._exchange.leave(self)
