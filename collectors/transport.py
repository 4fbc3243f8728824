"""Transport: how messages travel between services, whatever carries them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.service import Health


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `response_topic` and `correlation` are MQTT 5's, for questions and answers."""

    topic: str
    payload: bytes
    retain: bool = False
    response_topic: str = ""
    correlation: bytes = b""


Handler = Callable[[Message], None]
"""Called on the transport's own thread: it only enqueues."""


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker says for us when we are gone without a word (QoS 1)."""

    topic: str
    payload: bytes
    retain: bool = True


class Transport(Protocol):
    """A connection that keeps itself up: it reconnects and subscribes again by itself.

    `start` returns at once, connected or not. `publish` raises TransportError while there is no
    connection or its window is full; what was to be sent stays with the caller. An exception of a
    handler is logged, never fatal.
    """

    def start(self) -> None: ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        qos: int = 1,
        response_topic: str = "",
        correlation: bytes = b"",
    ) -> None: ...

    def subscribe(self, filter: str, handler: Handler, qos: int = 1) -> None: ...

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each (re)connection, once subscriptions are made."""

    def wait_connected(self, timeout: float) -> None:
        """Returns once connected. Raises TransportError, saying why not, after `timeout` s."""

    def flush(self, timeout: float) -> None:
        """Returns once the broker has all that was published. Raises TransportError if not."""

    @property
    def connected(self) -> bool: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...


def matches(filter: str, topic: str) -> bool:
    """Whether a subscription to `filter` (with `+`, `#`, `$share/GROUP/`) brings `topic`."""
    wanted = filter.split("/")
    if wanted[0] == "$share" and len(wanted) > 2:
        wanted = wanted[2:]
    given = topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for position, part in enumerate(wanted):
        if part == "#":
            return True
        if position >= len(given) or part not in ("+", given[position]):
            return False
    return len(wanted) == len(given)
