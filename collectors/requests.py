"""Questions and answers over messages: MQTT 5's response topic and correlation data."""

import logging
import secrets
import threading
from concurrent.futures import Future

from collectors.transport import Message, Transport
from devices import wire
from devices.errors import TransportError

log = logging.getLogger(__name__)


class Requester:
    """Asks and waits; any number of threads may ask at once.

    `client_id` tells its answers from those of others: one requester for each connection.
    """

    def __init__(self, transport: Transport, client_id: str) -> None:
        self._transport = transport
        self._reply_topic = wire.reply_topic(client_id)
        self._lock = threading.Lock()
        self._waiting: dict[bytes, Future[bytes]] = {}
        transport.subscribe(self._reply_topic, self._take)

    def ask(self, topic: str, payload: bytes, timeout: float = 5.0) -> bytes:
        """The answer. Raises TransportError where there is no connection or no answer in time.

        After a timeout the question may still be carried out: ask again with the same id in it.
        """
        correlation = secrets.token_bytes(16)
        answer: Future[bytes] = Future()
        with self._lock:
            self._waiting[correlation] = answer
        try:
            self._transport.publish(
                topic, payload, response_topic=self._reply_topic, correlation=correlation
            )
            return answer.result(timeout)
        except TimeoutError:
            raise TransportError(
                f"nobody answered on {topic} within {timeout:g} s: is that service running?"
            ) from None
        finally:
            with self._lock:
                self._waiting.pop(correlation, None)

    def _take(self, message: Message) -> None:
        with self._lock:
            answer = self._waiting.pop(message.correlation, None)
        if answer is None:
            log.info("an answer that nobody waits for (any more) on %s", message.topic)
        else:
            answer.set_result(message.payload)


def answer(transport: Transport, message: Message, payload: bytes) -> bool:
    """Answer a question where it wants its answer; False where it wants none or may not.

    Raises TransportError without a connection.
    """
    topic = message.response_topic
    if not topic:
        return False
    # We may write everywhere; a question must not make us write where its sender may not.
    ours = topic.startswith((f"{wire.ROOT}/", "homeassistant/", "$"))
    if (ours and not topic.startswith(wire.REPLY_ROOT)) or any(c in topic for c in "+#\0"):
        log.warning("a question on %s wants its answer on %r: refused", message.topic, topic[:100])
        return False
    transport.publish(topic, payload, correlation=message.correlation)
    return True
