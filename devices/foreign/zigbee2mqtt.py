"""Zigbee2MQTT: device states, availability, the bridge's own topics, output by attribute."""

from collections.abc import Iterator, Mapping
from typing import Any

from devices.foreign.payload import MAX_DISCOVERY, Unreadable, json_of, object_of, text_of
from devices.foreign.said import Family, Findings, Heard, Outcome, found, ignored, judged, refused
from devices.foreign.zigbee_fields import Declared, is_attribute, read_field, read_fields

MOST_DEVICES = 1000


class Zigbee2mqtt:
    """The devices and groups of one or more Zigbee2MQTT, as far as they were told."""

    def __init__(self, bases: tuple[str, ...] = ("zigbee2mqtt",)) -> None:
        self._bases = set(bases)
        self._exposed: dict[str, dict[str, Declared]] = {}
        self._groups: set[str] = set()

    def base_of(self, topic: str) -> str | None:
        """The base topic that `topic` lies under."""
        for base in self._bases:
            if topic.startswith(base + "/"):
                return base
        base, middle, rest = topic.partition("/bridge/")
        if middle and base and rest in ("devices", "info", "groups", "definitions"):
            if len(self._bases) < 20:
                self._bases.add(base)
            return base
        return None

    def read(self, topic: str, payload: bytes) -> Outcome | None:
        """What a message came to; None where it is none of theirs. Raises Unreadable."""
        base = self.base_of(topic)
        if base is None:
            return None
        rest = topic.removeprefix(base + "/")
        prefix = "" if base == "zigbee2mqtt" else f"{base}/"
        if rest.startswith("bridge/") or rest == "bridge":
            return self._bridge(rest.removeprefix("bridge/"), payload, prefix)
        name, _, last = rest.rpartition("/")
        if (name and last in ("set", "get")) or "/set/" in rest or "/get/" in rest:
            return ignored("a command to a device")
        if not payload.strip():
            return ignored("an empty payload: a retained message that was taken back")
        if name and last == "availability":
            return _availability(prefix + name, payload)
        if rest in self._groups:
            return ignored("the state of a group, its devices speak for themselves")
        declared = self._exposed.get(prefix + name, {})
        if name and (last in declared or is_attribute(last)) and prefix + rest not in self._exposed:
            return _attribute(prefix + name, last, text_of(payload), declared)
        return self._device(prefix + rest, payload)

    def _device(self, device: str, payload: bytes) -> Outcome:
        text = text_of(payload)
        data = json_of(text)
        if not isinstance(data, dict):
            return refused(f"{text[:40]!r} is not a JSON object, so no state of a device")
        findings = Findings(Family.ZIGBEE2MQTT, device)
        read_fields(data, self._exposed.get(device, {}), findings)
        return judged(findings.heard(), "a state without readings")

    def _bridge(self, what: str, payload: bytes, prefix: str) -> Outcome:
        if what.startswith("request/"):
            return ignored("a command to the bridge")
        if not payload.strip():
            return ignored("an empty payload")
        match what:
            case "devices":
                return self._devices(payload, prefix)
            case "groups":
                return self._learn_groups(payload)
            case "event":
                return _event(object_of(payload), prefix)
            case "state":
                findings = Findings(Family.ZIGBEE2MQTT, f"{prefix}bridge")
                findings.available = _online(payload)
                word = "online" if findings.available else "offline"
                return ignored(f"availability: Zigbee2MQTT itself is {word}", findings.heard())
        return ignored(f"bridge/{what[:60]}: the bridge's own affairs, no reading")

    def _devices(self, payload: bytes, prefix: str) -> Outcome:
        listed = json_of(text_of(payload, MAX_DISCOVERY))
        if not isinstance(listed, list):
            return refused("bridge/devices is not a list")
        heard = tuple(self._listed(listed[:MOST_DEVICES], prefix))
        if not heard:
            return ignored("a list of devices with none in it")
        return found(f"{len(heard)} Zigbee devices", *heard)

    def _listed(self, listed: list[Any], prefix: str) -> Iterator[Heard]:
        for each in listed:
            if not isinstance(each, dict) or each.get("type") == "Coordinator":
                continue
            name = each.get("friendly_name") or each.get("ieee_address")
            if not isinstance(name, str):
                continue
            findings = Findings(Family.ZIGBEE2MQTT, prefix + name)
            findings.note("address", each.get("ieee_address"))
            definition = each.get("definition")
            if isinstance(definition, dict):
                findings.note("model", definition.get("model"))
                findings.note("maker", definition.get("vendor"))
                findings.note("description", definition.get("description"))
                declared = Declared.all_of(definition.get("exposes"))
                self._exposed[prefix + name] = declared
                findings.passed = [field for field, one in declared.items() if one.reading]
            findings.note("name", name)
            yield findings.heard()

    def _learn_groups(self, payload: bytes) -> Outcome:
        listed = json_of(text_of(payload, MAX_DISCOVERY))
        if not isinstance(listed, list):
            return refused("bridge/groups is not a list")
        names = [each.get("friendly_name") for each in listed if isinstance(each, dict)]
        self._groups = {name for name in names[:MOST_DEVICES] if isinstance(name, str)}
        return ignored(f"bridge/groups: {len(self._groups)} groups, no reading")


def _online(payload: bytes) -> bool:
    text = text_of(payload).strip()
    data = json_of(text) if text.startswith("{") else text
    word = str(data.get("state") if isinstance(data, dict) else data).strip('"').lower()
    if word not in ("online", "offline"):
        raise Unreadable(f"{text[:40]!r} is neither online nor offline")
    return word == "online"


def _availability(device: str, payload: bytes) -> Outcome:
    findings = Findings(Family.ZIGBEE2MQTT, device)
    findings.available = _online(payload)
    word = "online" if findings.available else "offline"
    return ignored(f"availability: {word}", findings.heard())


def _attribute(device: str, name: str, text: str, declared: Mapping[str, Declared]) -> Outcome:
    """One attribute on a topic of its own: the payload is the bare value."""
    findings = Findings(Family.ZIGBEE2MQTT, device)
    value: Any = text.strip()
    if value.startswith(("{", "[")):
        findings.passed.append(name)
        return ignored(f"{name}: no reading", findings.heard())
    read_field(name, value, {name: value}, declared, findings)
    return judged(findings.heard(), f"{name}: no reading")


def _event(data: Mapping[str, Any], prefix: str) -> Outcome:
    inner = data.get("data")
    what = str(data.get("type", ""))[:40]
    name = inner.get("friendly_name") if isinstance(inner, dict) else None
    if what not in ("device_joined", "device_announce", "device_interview") or not isinstance(
        name, str
    ):
        return ignored(f"bridge/event {what}: no reading")
    findings = Findings(Family.ZIGBEE2MQTT, prefix + name)
    findings.note("name", name)
    return found(f"a Zigbee device: {what.replace('_', ' ')}", findings.heard())
