"""Home Assistant discovery: configurations, in both forms and with abbreviations, to entities."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.foreign.payload import Unreadable

MAX_COMPONENTS = 300
MAX_TEMPLATE = 4096
"""Characters of a template; longer ones are refused."""

_KEYS = {
    "act_t": "action_topic", "avty": "availability", "avty_mode": "availability_mode",
    "avty_t": "availability_topic", "avty_tpl": "availability_template", "cmps": "components",
    "curr_hum_t": "current_humidity_topic", "curr_hum_tpl": "current_humidity_template",
    "curr_temp_t": "current_temperature_topic", "curr_temp_tpl": "current_temperature_template",
    "def_ent_id": "default_entity_id", "dev": "device", "dev_cla": "device_class", "e": "encoding",
    "en": "enabled_by_default", "ent_cat": "entity_category", "exp_aft": "expire_after",
    "frc_upd": "force_update", "json_attr": "json_attributes",
    "json_attr_t": "json_attributes_topic",
    "json_attr_tpl": "json_attributes_template", "lrst_t": "last_reset_topic",
    "lrst_val_tpl": "last_reset_value_template", "o": "origin", "obj_id": "object_id",
    "off_dly": "off_delay", "ops": "options", "p": "platform", "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available", "pl_off": "payload_off", "pl_on": "payload_on",
    "stat_cla": "state_class", "stat_clsd": "state_closed", "stat_off": "state_off",
    "stat_on": "state_on", "stat_open": "state_open", "stat_t": "state_topic",
    "stat_tpl": "state_template", "stat_val_tpl": "state_value_template",
    "sug_dsp_prc": "suggested_display_precision", "t": "topic", "temp_unit": "temperature_unit",
    "uniq_id": "unique_id", "unit_of_meas": "unit_of_measurement", "val_tpl": "value_template",
}  # fmt: skip
"""The abbreviations of everything that is read here; those of commands are passed over."""
_DEVICE_KEYS = {
    "cns": "connections", "cu": "configuration_url", "hw": "hw_version", "ids": "identifiers",
    "mdl": "model", "mdl_id": "model_id", "mf": "manufacturer", "sa": "suggested_area",
    "sn": "serial_number", "sw": "sw_version",
}  # fmt: skip
UNDERSTOOD = ("sensor", "binary_sensor", "switch", "climate")
_TOPIC = re.compile(
    r"(?P<component>[a-z_]+)/(?:(?P<node>[a-zA-Z0-9_-]+)/)?(?P<object>[a-zA-Z0-9_-]+)/config"
)


@dataclass(frozen=True, slots=True)
class Availability:
    """One topic that says whether a device is there."""

    topic: str
    there: str = "online"
    gone: str = "offline"
    template: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing that a device says, as its discovery declares it."""

    key: str
    """The discovery topic, and the component's own key in the device form."""
    device: str
    component: str
    field: str
    name: str
    topic: str
    template: str = ""
    unit: str = ""
    device_class: str = ""
    category: str = ""
    on: str = "ON"
    off: str = "OFF"
    expires: float | None = None
    availability: tuple[Availability, ...] = ()
    mode: str = "latest"


@dataclass(frozen=True, slots=True)
class Announced:
    """What a discovery message announces: entities, those it takes back, and what it passes over.

    `about` is of the device: name, model, maker, version, place.
    """

    device: str
    about: Mapping[str, str]
    entities: tuple[Entity, ...]
    removed: tuple[str, ...]
    passed: tuple[str, ...]


def read_config(rest: str, data: Mapping[str, Any]) -> Announced:
    """`rest` is the topic without its prefix. Raises Unreadable with the reason."""
    found = _TOPIC.fullmatch(rest)
    if found is None:
        raise Unreadable("not a discovery topic: <component>/[<node>/]<object>/config")
    component, node, object_id = found["component"], found["node"] or "", found["object"]
    root = _full(data, _KEYS)
    about, device = _device(root.get("device"), node or object_id)
    if component == "device":
        if not isinstance(root.get("components"), dict):
            raise Unreadable("a device discovery without `components`")
        return _device_form(rest, root, device, about)
    if component not in UNDERSTOOD:
        return Announced(device, about, (), (rest,), (f"{component} {object_id}",))
    made = tuple(_entities(rest, component, object_id, root, device))
    return Announced(device, about, made, (rest,), ())


def _device_form(
    rest: str, root: dict[str, Any], device: str, about: Mapping[str, str]
) -> Announced:
    entities: list[Entity] = []
    removed, passed = [rest], []
    shared = {k: v for k, v in root.items() if k not in ("components", "device", "origin")}
    if len(root["components"]) > MAX_COMPONENTS:
        raise Unreadable(f"more than {MAX_COMPONENTS} components")
    for key, part in root["components"].items():
        if not isinstance(part, dict):
            raise Unreadable(f"component {str(key)[:40]!r} is not an object")
        own = _full(part, _KEYS)
        platform = own.get("platform")
        if not isinstance(platform, str):
            raise Unreadable(f"component {str(key)[:40]!r} has no platform")
        if len(own) == 1:
            continue  # it is taken back, by not being among the new ones
        if platform in UNDERSTOOD:
            entities += _entities(f"{rest}#{key}", platform, key, {**shared, **own}, device)
        else:
            passed.append(f"{platform} {key}"[:80])
    return Announced(device, about, tuple(entities), tuple(removed), tuple(passed))


def _entities(
    key: str, component: str, object_id: str, data: Mapping[str, Any], device: str
) -> Iterator[Entity]:
    base = data.get("~")
    get = _Reader(data, base if isinstance(base, str) else "", object_id)
    common: dict[str, Any] = {
        "device": device, "availability": tuple(_availability(get)), "expires": get.seconds(),
        "mode": get.text("availability_mode") or "latest", "category": get.text("entity_category"),
        "name": get.text("name") or object_id,
    }  # fmt: skip
    if component == "climate":
        for what, unit in (("temperature", get.text("temperature_unit") or ""), ("humidity", "%")):
            topic = get.topic(f"current_{what}_topic")
            if topic:
                yield Entity(
                    f"{key}@{what}", component="sensor", field=f"{object_id}.current_{what}",
                    topic=topic, template=get.template(f"current_{what}_template"),
                    unit={"C": "°C", "F": "°F"}.get(unit, unit), device_class=what, **common,
                )  # fmt: skip
        return
    topic = get.topic("state_topic")
    if not topic:
        if component == "switch":
            return  # it is only commanded
        raise Unreadable(f"{object_id[:40]!r} has no state_topic")
    template = get.template("value_template") or get.template("state_value_template")
    on, off = get.text("payload_on") or "ON", get.text("payload_off") or "OFF"
    if component == "switch":
        on, off = get.text("state_on") or on, get.text("state_off") or off
    yield Entity(
        key, component=component, field=object_id[:100], topic=topic, template=template,
        unit=get.text("unit_of_measurement"), device_class=get.text("device_class"), on=on,
        off=off, **common,
    )  # fmt: skip


class _Reader:
    """Settings of one entity, checked as they are read."""

    def __init__(self, data: Mapping[str, Any], base: str, name: str) -> None:
        self._data, self._base, self._name = data, base, name[:40]

    def list(self, key: str) -> list[Any]:
        found = self._data.get(key)
        return found[:20] if isinstance(found, list) else [found] if isinstance(found, dict) else []

    def text(self, key: str) -> str:
        value = self._data.get(key)
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value)
        if not isinstance(value, str | int | float):
            raise Unreadable(f"{key} of {self._name!r} is no text")
        return str(value)[:MAX_TEMPLATE]

    def topic(self, key: str) -> str:
        value = self._data.get(key)
        if value is None or value == "":
            return ""
        if not isinstance(value, str) or len(value) > 300 or any(c in value for c in "+#\0"):
            raise Unreadable(f"{key} of {self._name!r} is no topic")
        return based(value, self._base)

    def template(self, key: str) -> str:
        value = self._data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise Unreadable(f"{key} of {self._name!r} is no template")
        if len(value) > MAX_TEMPLATE:
            raise Unreadable(f"{key} of {self._name!r} has over {MAX_TEMPLATE:,} characters")
        return value

    def seconds(self) -> float | None:
        value = self._data.get("expire_after")
        if value in (None, 0, ""):
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
            raise Unreadable(f"expire_after of {self._name!r} is no number of seconds")
        return float(value)

    def inner(self, data: Mapping[str, Any]) -> "_Reader":
        return _Reader({**self._defaults(), **data}, self._base, self._name)

    def _defaults(self) -> dict[str, Any]:
        keys = ("payload_available", "payload_not_available")
        return {key: self._data[key] for key in keys if key in self._data}


def _availability(get: _Reader) -> Iterator[Availability]:
    for each in get.list("availability"):
        if isinstance(each, dict):
            one = get.inner(_full(each, _KEYS))
            topic = one.topic("topic")
            if topic:
                yield Availability(
                    topic, one.text("payload_available") or "online",
                    one.text("payload_not_available") or "offline", one.template("value_template"),
                )  # fmt: skip
    topic = get.topic("availability_topic")
    if topic:
        yield Availability(
            topic, get.text("payload_available") or "online",
            get.text("payload_not_available") or "offline", get.template("availability_template"),
        )  # fmt: skip


def based(topic: str, base: str) -> str:
    """A topic with `~` at its beginning or end replaced by the base topic."""
    if not base:
        return topic
    if topic.startswith("~"):
        topic = base + topic[1:]
    if topic.endswith("~"):
        topic = topic[:-1] + base
    return topic


def _full(data: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """The object with its abbreviations written out."""
    return {keys.get(key, key): value for key, value in data.items()}


def _device(data: Any, otherwise: str) -> tuple[dict[str, str], str]:
    full = _full(data, _DEVICE_KEYS) if isinstance(data, dict) else {}
    about: dict[str, str] = {}
    for key, ours in (("name", "name"), ("model", "model"), ("manufacturer", "maker"),
                      ("sw_version", "version"), ("suggested_area", "place")):  # fmt: skip
        value = full.get(key)
        if isinstance(value, str | int | float) and str(value).isprintable() and str(value):
            about[ours] = str(value)[:80]
    ids = full.get("identifiers")
    first = ids[0] if isinstance(ids, list) and ids else ids
    if not isinstance(first, str | int) or first == "":
        connections = full.get("connections")
        pair = connections[0] if isinstance(connections, list) and connections else None
        first = ":".join(str(p) for p in pair) if isinstance(pair, list) else otherwise
    return about, str(first)[:200]
