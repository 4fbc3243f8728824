"""Bridge: hears foreign devices, passes their values to the node's drivers, keeps who was found."""

import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson

from collectors.found import FoundFile
from collectors.node import NodeAgent
from collectors.placing import Placing
from collectors.requests import answer
from collectors.transport import Message, Transport
from devices import wire
from devices.catalog import Bridge as Settings
from devices.errors import CampusError, StoreError, TransportError, WireError
from devices.foreign.ear import Ear
from devices.foreign.interpreter import Interpreter
from devices.foreign.said import Outcome
from devices.model import to_ms
from devices.service import Clock, Health

log = logging.getLogger(__name__)

QUEUE = 5000
"""Messages that may wait; beyond, they are dropped and counted."""
GROUP = 500
SAVE_S = 2.0


class Bridge:
    """One worker understands, one message after the other; the network only enqueues.

    `foreign` is the connection to the devices' broker, `own` to ours; both are their caller's.
    """

    name = "bridge"

    def __init__(
        self, settings: Settings, interpreter: Interpreter, ear: Ear, file: FoundFile,
        placing: Placing, agent: NodeAgent, foreign: Transport, own: Transport, clock: Clock,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._interpreter = interpreter
        self._ear = ear
        self._file = file
        self._placing = placing
        self._agent = agent
        self._foreign = foreign
        self._own = own
        self._clock = clock
        self._roster = file.load()
        self._waiting: deque[Message] = deque()
        self._asked: deque[Message] = deque()
        self._changed = threading.Condition()
        self._dropped = 0
        self._trouble = ""
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._run, name="bridge")

    def start(self) -> None:
        self._worker.start()
        for filter in self._settings.listen:
            self._foreign.subscribe(filter, self._hear, qos=0)
        self._own.subscribe(wire.devices_topic(self._settings.node), self._ask)

    def health(self) -> Health:
        if not self._worker.is_alive():
            return Health(False, "the bridge's worker has ended")
        if not self._foreign.connected:
            return Health(False, f"foreign devices cannot be heard: {self._foreign.health().text}")
        return Health(not self._trouble, self._trouble)

    def counters(self) -> Mapping[str, float]:
        """Messages by how they ended, over all time; devices, and what was dropped since start."""
        ends = {
            name.partition(".")[2]: count
            for name, count in list(self._roster.counts.items())
            if name.startswith("messages.")
        }
        return {**ends, "devices": len(self._roster.devices), "dropped": self._dropped,
                "waiting": len(self._waiting)}  # fmt: skip

    def close(self) -> None:
        self._stop.set()
        with self._changed:
            self._changed.notify()
        if self._worker.is_alive():
            self._worker.join()

    # --- on the network's threads --------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        if message.topic.startswith((f"{wire.ROOT}/", "$")):
            return
        with self._changed:
            if len(self._waiting) >= QUEUE:
                self._dropped += 1
                return
            self._waiting.append(message)
            self._changed.notify()

    def _ask(self, message: Message) -> None:
        with self._changed:
            self._asked.append(message)
            self._changed.notify()

    # --- the worker ------------------------------------------------------------------------

    def _run(self) -> None:
        saved = self._clock.monotonic()
        while not self._stop.is_set():
            messages, asked = self._take()
            try:
                for message in messages:
                    self._understand(message)
                for message in asked:
                    self._carry_out(message)
                if asked or self._clock.monotonic() - saved >= SAVE_S:
                    self._save()
                    saved = self._clock.monotonic()
            except Exception:
                log.exception("the bridge stumbled; it goes on")
        self._save()

    def _take(self) -> tuple[list[Message], list[Message]]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._asked or self._stop.is_set(), timeout=SAVE_S
            )
            count = min(len(self._waiting), GROUP)
            messages = [self._waiting.popleft() for _ in range(count)]
            asked = list(self._asked)
            self._asked.clear()
            return messages, asked

    def _understand(self, message: Message) -> None:
        outcome = self._interpreter.hear(message.topic, message.payload)
        now = to_ms(self._clock.now())
        self._roster.learn(message.topic, outcome, now, retained=message.retain)
        self._ear.tell(message.topic, message.payload, outcome, retained=message.retain)
        self._log(message.topic, outcome)

    def _log(self, topic: str, outcome: Outcome) -> None:
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s: %s %s", topic, outcome.came, outcome.reason)

    def _save(self) -> None:
        try:
            self._file.save(self._roster)
        except StoreError as error:
            if self._trouble != str(error):
                log.error("%s", error)
            self._trouble = str(error)
        else:
            self._trouble = ""

    def _carry_out(self, message: Message) -> None:
        said: dict[str, Any]
        try:
            wish = wire.decode_object(message.payload)
            said = {"ok": True, **self._placing.carry_out(wish, self._roster, self._agent)}
        except (CampusError, WireError) as error:
            said = {"ok": False, "error": str(error)}
        self._save()
        try:
            answer(self._own, message, orjson.dumps(said))
        except TransportError as error:
            log.info("done but not answered: %s", error)
