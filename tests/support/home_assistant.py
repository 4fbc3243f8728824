"""What Home Assistant does with our discovery, by the rules of its MQTT documentation."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from jinja2.sandbox import SandboxedEnvironment

_LONG = {
    "dev": "device", "o": "origin", "cmps": "components", "p": "platform", "ids": "identifiers",
    "mf": "manufacturer", "mdl": "model", "sw": "sw_version", "sa": "suggested_area",
}  # fmt: skip
_ROOT = {"device", "origin", "components", "availability", "availability_mode", "state_topic",
         "command_topic", "qos", "encoding"}  # fmt: skip
_COMMON = {"platform", "unique_id", "name", "state_topic", "value_template", "device_class", "icon",
           "entity_category", "enabled_by_default", "default_entity_id"}  # fmt: skip
_KEYS = {
    "sensor": _COMMON | {"unit_of_measurement", "state_class", "expire_after", "options",
                         "suggested_display_precision", "force_update"},
    "binary_sensor": _COMMON | {"payload_on", "payload_off", "expire_after", "off_delay"},
    "event": _COMMON | {"event_types"},
}  # fmt: skip
_UNITS = {
    "temperature": {"°C"}, "humidity": {"%"}, "power": {"W"}, "voltage": {"V"},
    "current": {"A", "mA"}, "carbon_dioxide": {"ppm"}, "battery": {"%"}, "energy": {"kWh"},
    "water": {"m³"}, "volume_flow_rate": {"m³/h"}, "duration": {"d", "h", "min", "s", "ms"},
    "data_rate": {"Mbit/s"},
}  # fmt: skip
_BINARY = {"door", "opening", "moisture", "motion", "running", "connectivity", "power", "safety",
           "sound"}  # fmt: skip


@dataclass
class Entity:
    config: dict[str, Any]
    value: str | None = None
    heard_at: float = 0.0
    events: list[str] = field(default_factory=list)


def _full(data: dict[str, Any]) -> dict[str, Any]:
    return {_LONG.get(key, key): value for key, value in data.items()}


class HomeAssistant:
    """Learns devices, follows their topics; `now` is the test's own."""

    def __init__(self) -> None:
        self.devices: dict[str, dict[str, Any]] = {}
        self.entities: dict[str, Entity] = {}
        """By unique_id."""
        self.removed: list[str] = []
        self.now = 0.0
        self._ids: dict[tuple[str, str], str] = {}
        self._available: dict[str, bool] = {}
        self._templates = SandboxedEnvironment()

    def hear(self, topic: str, payload: bytes, retained: bool = False) -> None:
        found = re.fullmatch(r"homeassistant/device/([a-zA-Z0-9_-]+)/config", topic)
        if found:
            self._learn(found[1], payload)
            return
        for device, config in self.devices.items():
            for entry in config.get("availability", []):
                if entry["topic"] == topic:
                    word = self._render(entry["value_template"], payload)
                    self._available[device] = word == "online"
        for entity in self.entities.values():
            if entity.config["state_topic"] == topic:
                self._follow(entity, payload, retained)

    def state(self, unique_id: str) -> str:
        """What a person sees."""
        entity = self.entities[unique_id]
        device = next(device for (device, _), id in self._ids.items() if id == unique_id)
        if not self._available.get(device, False):
            return "unavailable"
        expires = entity.config.get("expire_after")
        if expires and entity.value is not None and self.now - entity.heard_at >= expires:
            return "unavailable"
        return entity.value if entity.value is not None else "unknown"

    def _learn(self, device: str, payload: bytes) -> None:
        known = {id for (owner, _), id in self._ids.items() if owner == device}
        if not payload:
            for id in known:
                self._forget(device, id)
            self.devices.pop(device, None)
            return
        config = _full(json.loads(payload))
        assert set(config) <= _ROOT, set(config) - _ROOT
        assert _full(config["device"])["identifiers"] and config["origin"]["name"]
        self.devices[device] = config
        assert config["components"]
        for key, component in config["components"].items():
            assert re.fullmatch("[a-zA-Z0-9_-]+", key)
            self._component(device, key, _full(component))

    def _component(self, device: str, key: str, config: dict[str, Any]) -> None:
        platform = config["platform"]
        if set(config) == {"platform"}:
            if (device, key) in self._ids:
                self._forget(device, self._ids[device, key])
            return
        assert set(config) <= _KEYS[platform], set(config) - _KEYS[platform]
        id = config["unique_id"]
        owner = self._ids.get((device, key))
        assert owner in (None, id)
        assert all(other != id for place, other in self._ids.items() if place != (device, key))
        _check(platform, config)
        before = self.entities.get(id)
        assert before is None or before.config["platform"] == platform
        self._ids[device, key] = id
        if before is None:
            self.entities[id] = Entity(config)
        else:
            before.config = config

    def _forget(self, device: str, id: str) -> None:
        self.entities.pop(id)
        self.removed.append(id)
        self._ids = {place: other for place, other in self._ids.items() if other != id}

    def _follow(self, entity: Entity, payload: bytes, retained: bool) -> None:
        config = entity.config
        word = self._render(config["value_template"], payload)
        entity.heard_at = self.now
        match config["platform"]:
            case "event":
                kind = json.loads(word)["event_type"]
                if not retained:  # a replayed one is no event
                    assert kind in config["event_types"]
                    entity.events.append(kind)
            case "binary_sensor":
                words = {config["payload_on"]: "on", config["payload_off"]: "off"}
                entity.value = words[word]
            case _:
                if "options" in config:
                    assert word in config["options"]
                elif "state_class" in config:
                    float(word)
                entity.value = word

    def _render(self, template: str, payload: bytes) -> str:
        found = self._templates.from_string(template)
        return found.render(value=payload.decode(), value_json=json.loads(payload))


def _check(platform: str, config: dict[str, Any]) -> None:
    """What it refuses of a component."""
    kind, unit = config.get("device_class"), config.get("unit_of_measurement")
    assert config["state_topic"] and config["name"]
    assert config.get("expire_after", 1) > 0 and type(config.get("expire_after", 1)) is int
    if platform == "binary_sensor":
        assert kind is None or kind in _BINARY
        assert config["payload_on"] != config["payload_off"]
    elif platform == "event":
        assert config["event_types"]
    elif kind == "enum":
        assert config["options"] and unit is None and "state_class" not in config
    elif kind is not None:
        assert unit in _UNITS[kind], (kind, unit)
