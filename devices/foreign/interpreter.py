"""Interpreter: whose message is this, and what did it come to; never raises, always an end."""

from dataclasses import replace

from devices.foreign import bare, shelly1
from devices.foreign.esphome import Esphome
from devices.foreign.haentities import Entities, Templates
from devices.foreign.payload import MAX_DISCOVERY, Unreadable
from devices.foreign.said import Came, Heard, Outcome, ignored, refused
from devices.foreign.shelly2 import Shelly2
from devices.foreign.tasmota import Tasmota
from devices.foreign.zigbee2mqtt import Zigbee2mqtt

MAX_TOPIC = 512


class Interpreter:
    """Remembers what devices told of themselves (discovery, exposes, prefixes), each bounded."""

    def __init__(
        self, templates: Templates, *, zigbee2mqtt: tuple[str, ...] = ("zigbee2mqtt",),
        discovery: str = "homeassistant",
    ) -> None:  # fmt: skip
        self._discovery = discovery.strip("/")
        self._tasmota = Tasmota()
        self._zigbee = Zigbee2mqtt(zigbee2mqtt)
        self._shelly = Shelly2()
        self._esphome = Esphome()
        self._entities = Entities(templates, self._native)

    def hear(self, topic: str, payload: bytes) -> Outcome:
        """How one message ended."""
        try:
            return self._hear(topic, payload)
        except Unreadable as error:
            return refused(str(error))

    def _hear(self, topic: str, payload: bytes) -> Outcome:
        if not topic or len(topic) > MAX_TOPIC or "\0" in topic:
            return refused(f"a topic of {len(topic)} characters")
        if topic.startswith(("campus/", "$")):
            return ignored("the monitor's or the broker's own topic")
        if len(payload) > MAX_DISCOVERY:
            return refused(f"{len(payload):,} bytes are over the limit of {MAX_DISCOVERY:,}")
        if topic.startswith(self._discovery + "/"):
            return self._home_assistant(topic.removeprefix(self._discovery + "/"), payload)
        there = self._availability(topic, payload)
        outcome = self._read(topic, payload)
        if not there:
            return outcome
        if outcome.came is Came.IGNORED and not any(heard.values for heard in outcome.heard):
            word = "online" if there[0].available else "offline"
            return Outcome(Came.IGNORED, f"availability: {word}", (*outcome.heard, *there))
        return replace(outcome, heard=(*outcome.heard, *there))

    def _availability(self, topic: str, payload: bytes) -> tuple[Heard, ...]:
        try:
            return self._entities.availability(topic, payload)
        except Unreadable:
            return ()

    def _home_assistant(self, rest: str, payload: bytes) -> Outcome:
        if rest == "status":
            return ignored("Home Assistant tells that it started or ended")
        if rest.endswith("/config"):
            return self._entities.announce(rest, payload)
        return ignored("Home Assistant's own topic")

    def _read(self, topic: str, payload: bytes) -> Outcome:
        claimed = self._entities.claims(topic)
        for read in (self._tasmota.read, self._zigbee.read, self._shelly.read, shelly1.read):
            try:
                outcome = read(topic, payload)
            except Unreadable:
                if not claimed:
                    raise
                break
            if outcome is not None:
                if claimed and outcome.came is not Came.READING:
                    break
                return outcome
        if claimed:
            return self._entities.read(topic, payload)
        outcome = self._esphome.read(topic, payload)
        return bare.read(topic, payload) if outcome is None else outcome

    def _native(self, topic: str) -> str:
        """The family that reads a topic without any discovery."""
        if self._tasmota.place(topic) is not None:
            return "tasmota"
        if self._zigbee.base_of(topic) is not None:
            return "zigbee2mqtt"
        if topic.startswith(shelly1.ROOT) or self._shelly.place(topic) is not None:
            return "shelly"
        return ""
