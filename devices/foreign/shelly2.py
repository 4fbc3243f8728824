"""Shelly of generations 2 to 4: `<prefix>/status/<component>`, `/events/rpc` and `/online`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from devices.foreign.payload import number, object_of, switched, text_of
from devices.foreign.said import Family, Findings, Outcome, Sign, Told, ignored, judged
from devices.foreign.shelly_components import COMPONENTS, read_component

_STATUS = re.compile(r"(.+)/status/([a-z][a-z0-9_]*(?::\d{1,4})?)")
_PLAIN = frozenset(
    ("sys", "wifi", "eth", "cloud", "mqtt", "ble", "ws", "ui", "ht_ui", "plugs_ui", "wd_ui",
     "bthome", "modbus", "matter", "knx", "script", "schedule", "webhook", "kvs", "plugpm_ui",
     "service", "zigbee", "serial")
)  # fmt: skip
_METHODS = ("NotifyStatus", "NotifyFullStatus")
_OWN = re.compile(r"shelly[a-z0-9]+-[0-9a-f]{6,12}", re.IGNORECASE)
_ROOM = re.compile(r"(?:^|/)shelly(?:plus)?(?:ht|wall|uni|flood|blu|trv)", re.IGNORECASE)
"""Devices whose `temperature:0` is a sensor of the room, not of their own board."""
_WORKS = ("switch:", "em:", "em1:", "cover:", "light:", "pm1:", "rgb:", "rgbw:", "cct:")
MOST = 2000


class Shelly2:
    """What is known of each device's components: it decides whose temperature is meant."""

    def __init__(self) -> None:
        self._components: dict[str, set[str]] = {}

    def place(self, topic: str) -> tuple[str, str] | None:
        """(device, what) of a topic that is certainly one of theirs."""
        if topic.endswith("/events/rpc"):
            return topic.removesuffix("/events/rpc"), "rpc"
        found = _STATUS.fullmatch(topic)
        if found:
            name = found[2].partition(":")[0]
            if (name in COMPONENTS and ":" in found[2]) or name in _PLAIN:
                return found[1], found[2]
            return (found[1], found[2]) if self._known(found[1]) else None
        device, _, what = topic.rpartition("/")
        if what in ("online", "command", "rpc", "status") and device and self._known(device):
            return device, what
        if "/debug/" in topic and self._known(topic.partition("/debug/")[0]):
            return topic.partition("/debug/")[0], "debug"
        if "/command/" in topic and self._known(topic.partition("/command/")[0]):
            return topic.partition("/command/")[0], "command"
        return None

    def _known(self, device: str) -> bool:
        return device in self._components or bool(_OWN.fullmatch(device.rpartition("/")[2]))

    def read(self, topic: str, payload: bytes) -> Outcome | None:
        """What a message came to; None where it is none of theirs. Raises Unreadable."""
        place = self.place(topic)
        if place is None:
            if topic.endswith("/rpc") and b'"method"' in payload[:400]:
                return ignored("a command to a device, or its answer")
            return None
        device, what = place
        old = device.startswith("shellies/") and not _OWN.fullmatch(device.rpartition("/")[2])
        if old and what in ("online", "command", "status"):
            return None
        if what in ("command", "debug"):
            return ignored("a command to a device" if what == "command" else "a line of its log")
        if not payload.strip():
            return ignored("an empty payload")
        findings = Findings(Family.SHELLY, device.removeprefix("shellies/"))
        if what == "online":
            return _online(text_of(payload), findings)
        data = object_of(payload)
        if what == "rpc":
            if data.get("method") not in _METHODS:
                method = str(data.get("method", "an answer"))[:30]
                return self._event(data, method, findings)
            params = data.get("params")
            data = params if isinstance(params, dict) else {}
        elif what != "status":
            data = {what: data}
        self._read(device, data, findings)
        return judged(findings.heard(), f"{what}: no reading")

    def _read(self, device: str, data: Mapping[str, Any], findings: Findings) -> None:
        if len(self._components) >= MOST and device not in self._components:
            self._components.pop(next(iter(self._components)))
        known = self._components.setdefault(device, set())
        known |= {name for name in list(data)[:100] if isinstance(data[name], dict)}
        if len(known) > 500:
            known.clear()
        works = any(name.startswith(_WORKS) for name in known)
        senses = any(name.startswith("humidity:") for name in known) or bool(_ROOM.search(device))
        for name, said in list(data.items())[:200]:
            kind, _, id = name.partition(":")
            if not isinstance(said, dict):
                continue
            if name == "wifi":
                findings.signs += _wifi(said)
            elif kind == "temperature" and works and not senses and _below_100(id):
                celsius = number(said.get("tC"))
                if celsius is not None:
                    findings.signs.append(Sign(f"{name}.tC", celsius, "°C"))
            elif kind in COMPONENTS:
                read_component(name, kind, said, findings)
            else:
                findings.passed.append(name)

    def _event(self, data: Mapping[str, Any], method: str, findings: Findings) -> Outcome:
        params = data.get("params")
        events = params.get("events") if isinstance(params, dict) else None
        for event in events[:20] if isinstance(events, list) else ():
            if not isinstance(event, dict):
                continue
            component, what = str(event.get("component", "")), event.get("event")
            if component.startswith("input:") and isinstance(what, str):
                findings.values.append(Told(f"{component}.event", "action", what[:40]))
        return judged(findings.heard(), f"{method}: no reading")


def _below_100(id: str) -> bool:
    """Ids from 100 are probes of the add-on; below are the device's own."""
    return not id.isdigit() or int(id) < 100


def _wifi(said: Mapping[str, Any]) -> Iterator[Sign]:
    signal = number(said.get("rssi"))
    if signal is not None:
        yield Sign("wifi.rssi", signal, "dBm")


def _online(text: str, findings: Findings) -> Outcome:
    word = switched(text)
    if word is None:
        findings.drop("online", f"{text[:20]!r} is neither true nor false")
        return judged(findings.heard(), "")
    findings.available = word == "on"
    return ignored(f"availability: {'online' if word == 'on' else 'offline'}", findings.heard())
