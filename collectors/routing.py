"""Which handlers a message goes to, and that one failing handler harms nobody else."""

import logging
import threading

from collectors.transport import Handler, Message, matches

log = logging.getLogger(__name__)

REMEMBERED_TOPICS = 2000


class Router:
    """The subscriptions of one connection; may be asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: list[tuple[str, Handler, int]] = []
        self._found: dict[str, list[Handler]] = {}

    def add(self, filter: str, handler: Handler, qos: int = 1) -> None:
        with self._lock:
            self._subscriptions.append((filter, handler, qos))
            self._found = {}

    def filters(self) -> dict[str, int]:
        """Every filter with the highest QoS that is wanted of it."""
        with self._lock:
            wanted: dict[str, int] = {}
            for filter, _, qos in self._subscriptions:
                wanted[filter] = max(qos, wanted.get(filter, 0))
            return wanted

    def handlers_of(self, topic: str) -> list[Handler]:
        found = self._found.get(topic)
        if found is None:
            with self._lock:
                if len(self._found) >= REMEMBERED_TOPICS:
                    self._found = {}
                found = [h for filter, h, _ in self._subscriptions if matches(filter, topic)]
                self._found[topic] = found
        return found

    def dispatch(self, message: Message) -> None:
        """Call every handler of the message's topic; what they raise is logged."""
        for handler in self.handlers_of(message.topic):
            call(handler, message)


def call(handler: Handler, message: Message) -> None:
    """Call one handler; an exception is logged, never fatal to the connection."""
    try:
        handler(message)
    except Exception:
        log.exception("a handler failed on %s", message.topic)
