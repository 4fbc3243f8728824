"""ForeignActors: makes the demonstration's foreign devices speak on the broker."""

import logging
import threading
from collections.abc import Iterable
from typing import Any

import orjson

from collectors.transport import Transport
from devices.errors import TransportError
from devices.service import Clock, Health
from devices.simulation.foreign import EVERY_S, Said, greetings, speaks

log = logging.getLogger(__name__)


class ForeignActors:
    """Owns its connection; greets at the start and after each reconnection."""

    name = "foreign-actors"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._stop = threading.Event()
        self._greet = threading.Event()
        self._worker = threading.Thread(target=self._run, name=self.name)

    def start(self) -> None:
        self._transport.on_connect(self._greet.set)
        self._transport.start()
        self._worker.start()

    def health(self) -> Health:
        return self._transport.health()

    def close(self) -> None:
        self._stop.set()
        if self._worker.is_alive():
            self._worker.join()
        self._transport.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._transport.connected:
                if self._greet.is_set():
                    self._greet.clear()
                    self._say(greetings())
                self._say(speaks(self._clock.now()))
                self._stop.wait(EVERY_S)
            else:
                self._stop.wait(0.2)

    def _say(self, messages: Iterable[Said]) -> None:
        for topic, payload, retain in messages:
            data: Any = payload.encode() if isinstance(payload, str) else orjson.dumps(payload)
            try:
                self._transport.publish(topic, data, retain=retain)
            except TransportError as error:
                log.info("%s was not said: %s", topic, error)
                return
