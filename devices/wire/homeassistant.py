"""Home Assistant's device discovery: a node and its points as it knows them (pure).

The form is that of its MQTT documentation: one payload a device with `dev`, `o` (origin) and
`cmps`, each component with its platform `p` and `unique_id`. Nothing in it names a person, a card
or a token: a badge reader is an event of its verdicts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from devices.catalog import Point, Site
from devices.kinds import KINDS
from devices.model import Kind, NodeId, PlaceId, ValueType
from devices.wire.topics import state_topic, status_topic

BIRTH_TOPIC = "homeassistant/status"
BIRTH = b"online"

Components = Mapping[str, str]
"""Component id -> its platform."""

_NUMBERS: dict[str, str] = {
    "temperature": "temperature", "humidity": "humidity", "power": "power", "voltage": "voltage",
    "current": "current", "residual_current": "current", "co2": "carbon_dioxide",
    "battery_charge": "battery", "energy": "energy", "water": "water", "flow": "volume_flow_rate",
    "lamp_hours": "duration", "filter_hours": "duration", "uptime": "duration",
    "ups_runtime": "duration", "backup_age": "duration", "round_trip": "duration",
    "clock_offset": "duration", "traffic": "data_rate",
}  # fmt: skip
"""Measurement -> device class, where Home Assistant has one that takes our unit."""
_GROWING = ("energy", "water", "lamp_hours", "filter_hours", "page_count")
_SWITCHES: dict[str, tuple[str, str, str]] = {
    "contact": ("door", "open", "closed"), "gate": ("opening", "open", "closed"),
    "water-leak": ("moisture", "wet", "dry"), "motion": ("motion", "motion", "clear"),
    "running": ("running", "running", "stopped"), "link": ("connectivity", "up", "down"),
    "ups": ("power", "mains", "battery"), "panic": ("safety", "pressed", "released"),
    "exit-button": ("", "pressed", "released"), "patrol": ("", "pressed", "released"),
    "acknowledge-button": ("", "pressed", "released"), "passage": ("", "passed", "clear"),
    "siren": ("sound", "on", "off"), "relay": ("power", "on", "off"),
}  # fmt: skip
"""Kind -> device class of a binary sensor, and its words for on and off."""
_VERDICTS = ("granted", "denied", "unknown")


def discovery_topic(node: str) -> str:
    return f"homeassistant/device/{node}/config"


def component_id(point: str) -> str:
    """Of a point; Home Assistant takes letters, digits, `_` and `-`, and our ids hold no `_`."""
    return point.replace("/", "_")


def components(points: Iterable[Point]) -> dict[str, str]:
    """The components that these points become."""
    return {component_id(point.id): _platform(point) for point in points}


def encode_discovery(site: Site, node: NodeId, version: str, gone: Components) -> bytes:
    """The device of a node; empty where it has no points, which takes the device away.

    `gone` are components that were announced before and are to go (or become another platform):
    they are named with their old platform alone, once.
    """
    points = site.points_on(node)
    present = {component_id(point.id): _component(site, point) for point in points}
    left = {id: {"p": platform} for id, platform in gone.items()}
    if not present and not left:
        return b""
    origin = {"name": "campus-monitor", "sw": version}
    return orjson.dumps({
        "dev": _device(site, node, version),
        "o": {key: value for key, value in origin.items() if value},
        "availability": [
            {"topic": status_topic(node), "value_template": "{{ value_json.state }}"}
        ],
        "qos": 1,
        "cmps": present | left,
    })  # fmt: skip


def _device(site: Site, node: NodeId, version: str) -> dict[str, Any]:
    found = site.nodes[node]
    device = {
        "ids": [f"campus_{site.school.id}_{node}"],
        "name": _name(site, found.name, found.name_en),
        "mf": "campus-monitor",
        "mdl": "node",
        "sw": version,
        "sa": _area(site, found.room),
    }
    return {key: value for key, value in device.items() if value}


def _name(site: Site, name: str, name_en: str) -> str:
    return name_en if site.school.language == "en" and name_en else name


def _area(site: Site, place: str) -> str:
    found = site.places.get(PlaceId(place))
    return _name(site, found.name, found.name_en) if found else ""


def _platform(point: Point) -> str:
    kind = KINDS[point.kind]
    if point.kind == "access":
        return "event"
    if point.kind in _SWITCHES or kind.value_type is ValueType.BOOLEAN:
        return "binary_sensor"
    return "sensor"


def _component(site: Site, point: Point) -> dict[str, Any]:
    kind, platform = KINDS[point.kind], _platform(point)
    component: dict[str, Any] = {
        "p": platform,
        "unique_id": f"campus_{site.school.id}_{component_id(point.id)}",
        "name": _name(site, point.name, point.name_en),
        "state_topic": state_topic(point.node, point.id),
    }
    if platform == "event":
        # The state is retained, so that only the words are left of it: an event of its own type.
        template = '{{ {"event_type": value_json.value} | tojson }}'
        return component | {"event_types": list(_VERDICTS), "value_template": template}
    component["value_template"] = "{{ value_json.value }}"
    if kind.stale_after > 0:
        component["expire_after"] = round(kind.stale_after)
    if platform == "binary_sensor":
        return component | _two_words(point.kind)
    return component | (_number(kind) if kind.value_type is ValueType.NUMBER else _words(kind))


def _two_words(kind: str) -> dict[str, Any]:
    device_class, on, off = _SWITCHES.get(kind, ("", "True", "False"))
    words: dict[str, Any] = {"payload_on": on, "payload_off": off}
    return words | ({"device_class": device_class} if device_class else {})


def _number(kind: Kind) -> dict[str, Any]:
    growing = kind.measurement in _GROWING
    number: dict[str, Any] = {"state_class": "total_increasing" if growing else "measurement"}
    if kind.unit:
        number["unit_of_measurement"] = kind.unit
    if kind.measurement in _NUMBERS:
        number["device_class"] = _NUMBERS[kind.measurement]
    return number


def _words(kind: Kind) -> dict[str, Any]:
    return {"device_class": "enum", "options": list(kind.values)} if kind.values else {}
