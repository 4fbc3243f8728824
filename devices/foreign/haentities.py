"""Entities of Home Assistant discovery at work: state and availability messages to values."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from devices.errors import CampusError
from devices.foreign.hadiscovery import Announced, Entity, read_config
from devices.foreign.names import other_than_air, quantity_of
from devices.foreign.payload import (
    MAX_DISCOVERY,
    Unreadable,
    absent,
    json_of,
    number,
    object_of,
    text_of,
)
from devices.foreign.said import (
    Dropped,
    Family,
    Findings,
    Heard,
    Outcome,
    Sign,
    Told,
    found,
    ignored,
    judged,
    refused,
)
from devices.foreign.units import QUANTITIES, state, told

MOST_ENTITIES = 5000
_CLASSES: Mapping[str, str] = {
    "temperature": "temperature", "humidity": "humidity", "power": "power",
    "apparent_power": "apparent_power", "reactive_power": "reactive_power", "voltage": "voltage",
    "current": "current", "energy": "energy", "energy_storage": "energy", "frequency": "frequency",
    "power_factor": "power_factor", "illuminance": "illuminance", "carbon_dioxide": "co2",
    "carbon_monoxide": "co", "pressure": "pressure", "atmospheric_pressure": "pressure",
    "pm1": "pm1", "pm25": "pm25", "pm10": "pm10", "battery": "battery", "moisture": "soil_moisture",
    "volatile_organic_compounds_parts": "voc", "sound_pressure": "noise",
}  # fmt: skip
_BINARY: Mapping[str, str] = {
    "door": "contact", "window": "contact", "garage_door": "contact", "opening": "contact",
    "moisture": "leak", "motion": "motion", "occupancy": "motion", "presence": "motion",
    "smoke": "smoke",
}  # fmt: skip
_BINARY_SIGNS = ("battery", "battery_charging", "connectivity", "problem", "tamper", "update")
_ONE_UNIT = ("humidity", "battery", "illuminance", "co2", "soil_moisture", "power_factor")
"""Quantities that come in one unit only, so that a missing one leaves no question."""
_BY_UNIT: Mapping[str, str] = {
    "°C": "temperature", "°F": "temperature", "W": "power", "kW": "power", "V": "voltage",
    "kWh": "energy", "Wh": "energy", "hPa": "pressure", "lx": "illuminance", "A": "current",
}  # fmt: skip


class TemplateError(CampusError, ValueError):
    """A template that gives no value, and why."""


class Templates(Protocol):
    """Renders the templates of strangers, within limits of size, memory and time."""

    def render(self, template: str, text: str, json: Any, has_json: bool) -> str:
        """The text that `template` makes of a payload. Raises TemplateError."""


class Entities:
    """Every entity that was announced, found by the topics it listens to; bounded."""

    def __init__(self, templates: Templates, native: Callable[[str], str]) -> None:
        """`native` says the family that reads a topic without discovery, or ""."""
        self._templates = templates
        self._native = native
        self._by_key: dict[str, Entity] = {}
        self._by_topic: dict[str, dict[str, Entity]] = defaultdict(dict)
        self._watching: dict[str, dict[str, Entity]] = defaultdict(dict)
        self._there: dict[tuple[str, str], bool] = {}
        self._latest: dict[str, bool] = {}

    def announce(self, rest: str, payload: bytes) -> Outcome:
        """A configuration; an empty payload takes it back. Raises Unreadable."""
        if not payload.strip():
            gone = self._forget(rest)
            return ignored(f"a discovery is taken back: {gone} entities")
        announced = read_config(rest, object_of(payload, MAX_DISCOVERY))
        ours = [e for e in announced.entities if e.topic.startswith("campus/v1/")]
        if ours:
            return ignored("our own node's discovery")
        for key in announced.removed:
            self._forget(key)
        if len(self._by_key) + len(announced.entities) > MOST_ENTITIES:
            return refused(f"more than {MOST_ENTITIES:,} entities are announced already")
        for entity in announced.entities:
            self._learn(entity)
        return self._outcome(announced)

    def _outcome(self, announced: Announced) -> Outcome:
        findings = Findings(Family.HA_DISCOVERY, announced.device)
        findings.about.update(announced.about)
        findings.passed = [entity.field for entity in announced.entities]
        heard = findings.heard()
        if not announced.entities:
            what = ", ".join(announced.passed[:3]) or "nothing"
            return ignored(f"a discovery of what is no sensor: {what}")
        if all(self._native(entity.topic) for entity in announced.entities):
            return found("a device that is read by its own messages")
        return found("a device", heard)

    def _learn(self, entity: Entity) -> None:
        self._by_key[entity.key] = entity
        self._by_topic[entity.topic][entity.key] = entity
        for each in entity.availability:
            self._watching[each.topic][entity.key] = entity

    def _forget(self, key: str) -> int:
        gone = [k for k in self._by_key if k == key or k.startswith((key + "#", key + "@"))]
        for one in gone:
            entity = self._by_key.pop(one)
            self._by_topic[entity.topic].pop(one, None)
            for each in entity.availability:
                self._watching[each.topic].pop(one, None)
        return len(gone)

    def claims(self, topic: str) -> bool:
        """Whether an entity takes its state from this topic."""
        return bool(self._by_topic.get(topic))

    # --- states ------------------------------------------------------------------------------

    def read(self, topic: str, payload: bytes) -> Outcome:
        """A state message: what each entity that listens makes of it. Raises Unreadable."""
        if not payload.strip():
            return ignored("an empty payload")
        text, (data, has_json) = text_of(payload), _as_json(payload)
        by_device: dict[str, Findings] = {}
        expires: dict[str, float] = {}
        for entity in list(self._by_topic[topic].values())[:200]:
            findings = by_device.setdefault(
                entity.device, Findings(Family.HA_DISCOVERY, entity.device)
            )
            if entity.expires is not None:
                expires[entity.device] = min(entity.expires, expires.get(entity.device, 1e9))
            self._read_one(entity, text, data, has_json, findings)
        heard = [replace(f.heard(), expires=expires.get(d)) for d, f in by_device.items()]
        first = judged(heard[0], "a state without readings")
        ends = [judged(each, "") for each in heard]
        came = min((end.came for end in ends), key=_RANK.index)
        reason = "" if came is ends[0].came and heard[0].values else first.reason
        return Outcome(came, "" if came.value == "reading" else reason, tuple(heard))

    def _read_one(
        self, entity: Entity, text: str, data: Any, has_json: bool, findings: Findings
    ) -> None:
        value = text.strip()
        if entity.template:
            try:
                value = self._templates.render(entity.template, text, data, has_json).strip()
            except TemplateError as error:
                findings.drop(entity.field, str(error))
                return
            if not value:
                findings.passed.append(entity.field)  # this message is not about it
                return
        if entity.component == "sensor":
            _sensor(entity, value, findings)
        else:
            _binary(entity, value, findings)

    # --- availability ------------------------------------------------------------------------

    def availability(self, topic: str, payload: bytes) -> tuple[Heard, ...]:
        """What a message says of who is there; nothing where the topic is nobody's."""
        watching = self._watching.get(topic)
        if not watching:
            return ()
        text, (data, has_json) = text_of(payload).strip(), _as_json(payload)
        devices: dict[str, Entity] = {}
        for entity in watching.values():
            for each in entity.availability:
                if each.topic != topic:
                    continue
                said = text
                if each.template:
                    try:
                        said = self._templates.render(each.template, text, data, has_json).strip()
                    except TemplateError:
                        continue
                if said in (each.there, each.gone):
                    self._there[entity.key, topic] = self._latest[entity.key] = said == each.there
                    devices[entity.device] = entity
        return tuple(
            Heard(Family.HA_DISCOVERY, device, available=self._is_there(entity))
            for device, entity in devices.items()
        )

    def _is_there(self, entity: Entity) -> bool | None:
        known = [self._there.get((entity.key, each.topic)) for each in entity.availability]
        match entity.mode:
            case "all":
                return False if False in known else None if None in known else True
            case "any":
                return True if True in known else None if None in known else False
        return self._latest.get(entity.key)


_RANK = ["reading", "discovery", "refused", "ignored"]


def _as_json(payload: bytes) -> tuple[Any, bool]:
    try:
        return json_of(text_of(payload)), True
    except Unreadable:
        return None, False


def _sensor(entity: Entity, value: str, findings: Findings) -> None:
    field = entity.field
    if entity.category:
        level = number(value)
        findings.signs.append(Sign(field, value[:60] if level is None else level, entity.unit))
        return
    quantity, declared = _quantity(entity)
    if not quantity:
        findings.passed.append(field)
        return
    if absent(value):
        findings.drop(field, f"{value[:20]}: the device has no value now")
        return
    if not entity.unit and quantity in QUANTITIES and declared and quantity not in _ONE_UNIT:
        findings.drop(field, "its discovery declares no unit")
        return
    one = told(field, quantity, value, entity.unit if quantity != "number" else "",
               declared=declared)  # fmt: skip
    if isinstance(one, Dropped):
        findings.dropped.append(one)
        return
    if quantity == "number" and entity.unit:
        one = replace(one, unit=entity.unit[:20])
    findings.values.append(one)
    if quantity == "battery":
        findings.signs.append(Sign("battery", one.value, "%"))


def _quantity(entity: Entity) -> tuple[str, bool]:
    """What a sensor measures, and whether that is declared; empty where it is none of ours."""
    other = other_than_air(entity.field) or other_than_air(entity.name)
    air = ("temperature", "pressure")
    if entity.device_class:
        quantity = _CLASSES.get(entity.device_class, "")
        if quantity in air and other:
            return "", True
        return quantity, True
    by_unit = _BY_UNIT.get(entity.unit, "")
    if by_unit in air and other:
        return "", True
    if by_unit:
        return by_unit, True
    by_name = quantity_of(entity.name) or quantity_of(entity.field)
    if by_name and (entity.unit in QUANTITIES[by_name]):
        return by_name, bool(entity.unit)
    return ("", False) if other else ("number", False)


def _binary(entity: Entity, value: str, findings: Findings) -> None:
    field = entity.field
    if value not in (entity.on, entity.off):
        what = "the device has no value now" if absent(value) else (
            f"neither {entity.on[:20]!r} nor {entity.off[:20]!r}, as its discovery declares"
        )  # fmt: skip
        findings.drop(field, f"{value[:30]!r}: {what}")
        return
    on = value == entity.on
    if entity.category or entity.device_class in _BINARY_SIGNS:
        findings.signs.append(Sign(field, "on" if on else "off"))
        return
    quantity = "switch" if entity.component == "switch" else _BINARY.get(entity.device_class)
    findings.values.append(state(field, quantity or "binary", on))


def values_of(heard: Iterable[Heard]) -> list[Told]:
    """All values of several."""
    return [value for each in heard for value in each.values]
