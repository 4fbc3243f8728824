"""Tasmota: SENSOR, STATE, STATUS, RESULT, POWER, LWT and its own discovery.

Topics are `%prefix%/%topic%/…` or `%topic%/%prefix%/…`; other orders and prefixes are learnt from
`tasmota/discovery/<mac>/config`, or recognised by what only Tasmota sends.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from devices.foreign.payload import MAX_DISCOVERY, absent, object_of, switched, text_of
from devices.foreign.said import Family, Findings, Outcome, Sign, found, ignored, judged, refused
from devices.foreign.tasmota_sensors import read_sensors, read_zigbee
from devices.foreign.units import state

PREFIXES = ("tele", "stat", "cmnd")
DISCOVERY = "tasmota/discovery/"
_SPEAKS = re.compile(
    r"SENSOR|STATE|ENERGY|RESULT|LWT|UPTIME|STATUS\d{0,2}|POWER\d{0,2}|INFO[1-3]|MARGINS|EVENT|"
    r"BUTTON\d*|SWITCH\d*|HASS_STATE|LOGGING|WAKEUP|ENERGY_.*|SENSOR\d+"
)
_TELLING = re.compile(r"SENSOR|STATE|ENERGY|STATUS\d{0,2}|RESULT")
_POWER = re.compile(r"POWER\d{0,2}")
_SWITCH = re.compile(r"(?:Switch|SWITCH)(\d{1,2})")
MOST_LEARNT = 2000


class Tasmota:
    """The topics of Tasmota devices, as far as they were told."""

    def __init__(self) -> None:
        self._bases: dict[str, tuple[str, str]] = {}
        """A topic without its last part: (prefix, device)."""
        self._macs: dict[str, str] = {}

    def place(self, topic: str) -> tuple[str, str, str] | None:
        """(prefix, device, what) of a topic that is certainly a Tasmota's."""
        base, _, what = topic.rpartition("/")
        if not _SPEAKS.fullmatch(what):
            known = self._bases.get(base)
            if known is None:
                parts = base.split("/")
                if "cmnd" not in (parts[0], parts[-1]):
                    return None
                return _split(parts, "cmnd", what)
            return (*known, what)
        if base in self._bases:
            return (*self._bases[base], what)
        parts = base.split("/")
        for prefix in PREFIXES:
            if prefix in parts and len(parts) > 1:
                return _split(parts, prefix, what)
        return None

    def read(self, topic: str, payload: bytes) -> Outcome | None:
        """What a message came to; None where it is no Tasmota's. Raises Unreadable."""
        if topic.startswith(DISCOVERY):
            return self._discovery(topic.removeprefix(DISCOVERY), payload)
        place = self.place(topic)
        if place is None:
            return _by_its_look(topic, payload)
        prefix, device, what = place
        if prefix == "cmnd":
            return ignored("a command to a device")
        return _read(device, what, payload)

    def _discovery(self, rest: str, payload: bytes) -> Outcome:
        mac, _, what = rest.partition("/")
        if not payload:
            return ignored("a discovery that was taken back")
        data = object_of(payload, MAX_DISCOVERY)
        if what == "sensors":
            findings = Findings(Family.TASMOTA, self._macs.get(mac, mac))
            sensors = data.get("sn")
            if isinstance(sensors, dict):
                read_sensors(sensors, findings)
            # Values of when the device started; only the names are news.
            findings.passed = [value.field for value in findings.values]
            findings.values, findings.dropped = [], []
            return found("the sensors of a device", findings.heard())
        if what != "config":
            return ignored("part of a discovery that is not used")
        device = data.get("t")
        if not isinstance(device, str) or not device:
            return refused("a discovery without the device's topic `t`")
        findings = Findings(Family.TASMOTA, device)
        _about(data, findings)
        self._learn(mac, device, data)
        return found("a Tasmota device", findings.heard())

    def _learn(self, mac: str, device: str, data: Mapping[str, Any]) -> None:
        full, prefixes = data.get("ft"), data.get("tp")
        self._macs[mac] = device
        if not isinstance(full, str) or not isinstance(prefixes, list) or len(prefixes) != 3:
            return
        for own, prefix in zip(("cmnd", "stat", "tele"), prefixes, strict=True):
            if isinstance(prefix, str) and len(self._bases) < MOST_LEARNT:
                base = full.replace("%prefix%", prefix).replace("%topic%", device)
                base = base.replace("%hostname%", str(data.get("hn", "")))
                base = base.replace("%id%", mac[-6:])
                self._bases[base.strip("/")] = (own, device)


def _split(parts: list[str], prefix: str, what: str) -> tuple[str, str, str]:
    at = parts.index(prefix)
    return prefix, "/".join(parts[:at] + parts[at + 1 :]), what


def _by_its_look(topic: str, payload: bytes) -> Outcome | None:
    """A prefix of the school's own: only what certainly is a Tasmota's JSON."""
    base, _, what = topic.rpartition("/")
    if not base or not _TELLING.fullmatch(what) or not payload.lstrip().startswith(b"{"):
        return None
    data = object_of(payload)
    if not ({"Time", "StatusSNS", "StatusSTS"} & set(data)):
        return None
    return _read(base, what, payload)


def _about(data: Mapping[str, Any], findings: Findings) -> None:
    names = data.get("fn")
    first = names[0] if isinstance(names, list) and names else ""
    findings.note("name", data.get("dn") or first)
    findings.note("model", data.get("md"))
    findings.note("version", data.get("sw"))
    findings.about.setdefault("maker", "Tasmota")


def _read(device: str, what: str, payload: bytes) -> Outcome:
    if not payload.strip():
        return ignored("an empty payload")
    findings = Findings(Family.TASMOTA, device)
    if _POWER.fullmatch(what):
        return _read_power(what, text_of(payload), findings)
    if what == "LWT":
        return _read_will(text_of(payload), findings)
    if what in ("LOGGING", "MARGINS", "EVENT", "WAKEUP", "UPTIME"):
        return ignored(f"{what}: no reading", findings.heard())
    data = object_of(payload)
    if what.startswith("INFO"):
        return _read_info(what, data, findings)
    return _read_object(what, data, findings)


def _read_object(what: str, data: dict[str, Any], findings: Findings) -> Outcome:
    more = list(read_zigbee(data, findings.heard().device))
    if what == "ENERGY":
        read_sensors({"ENERGY": data}, findings)
    elif what == "STATE" or what == "HASS_STATE":
        _read_state(data, findings)
    elif isinstance(data.get("StatusSNS"), dict) or isinstance(data.get("StatusSTS"), dict):
        for key, read in (("StatusSNS", read_sensors), ("StatusSTS", _read_state)):
            if isinstance(data.get(key), dict):
                read(data[key], findings)
    elif what.startswith("STATUS"):
        _read_status(data, findings)
        return ignored("an answer about the device, without readings", findings.heard())
    elif what == "RESULT" or what.startswith(("BUTTON", "SWITCH")):
        _read_state(data, findings)
    else:
        read_sensors(data, findings)
    own = judged(findings.heard(), f"{what}: no reading in it")
    if own.heard[0].values or not more:
        return replace(own, heard=(*own.heard, *more))
    first = judged(more[0], "news of a Zigbee device, no reading in it")
    return replace(first, heard=(*own.heard, *more))


def _read_power(what: str, text: str, findings: Findings) -> Outcome:
    word = switched(text)
    if word is None:
        if text.lstrip().startswith("{"):
            _read_state(object_of(text.encode()), findings)
        elif absent(text):
            findings.drop(what, "the device has no value now")
        else:
            findings.drop(what, f"{text[:20]!r} is neither ON nor OFF")
    else:
        findings.values.append(state(what, "switch", word == "on"))
    return judged(findings.heard(), f"{what}: no reading in it")


def _read_will(text: str, findings: Findings) -> Outcome:
    word = text.strip().lower()
    if word not in ("online", "offline"):
        return refused(f"LWT says {text[:20]!r}, neither Online nor Offline")
    findings.available = word == "online"
    return ignored(f"availability: {word}", findings.heard())


def _read_info(what: str, data: Mapping[str, Any], findings: Findings) -> Outcome:
    inner = data.get(what.capitalize())
    said = inner if isinstance(inner, dict) else data
    findings.note("model", said.get("Module"))
    findings.note("version", said.get("Version"))
    return ignored(f"{what}: what the device is, no reading", findings.heard())


def _read_status(data: Mapping[str, Any], findings: Findings) -> None:
    status, firmware = data.get("Status"), data.get("StatusFWR")
    if isinstance(status, dict):
        findings.note("name", status.get("DeviceName"))
    if isinstance(firmware, dict):
        findings.note("version", firmware.get("Version"))


def _read_state(data: Mapping[str, Any], findings: Findings) -> None:
    """Relays and inputs are readings; Wi-Fi and supply are health; a lamp's colour is neither."""
    for key, value in data.items():
        if key == "Wifi" and isinstance(value, dict):
            findings.signs += _wifi(value)
        elif key == "Vcc" and isinstance(value, int | float) and not isinstance(value, bool):
            findings.signs.append(Sign("Vcc", float(value), "V"))
        elif _POWER.fullmatch(key) or _SWITCH.fullmatch(key):
            inner = value.get("Action") if isinstance(value, dict) else value
            word = switched(inner)
            if word is None:
                findings.drop(key, f"{str(inner)[:20]!r} is neither ON nor OFF")
            else:
                what = "switch" if key.startswith("POWER") else "binary"
                findings.values.append(state(key, what, word == "on"))
        elif key not in ("Time", "Uptime", "UptimeSec"):
            findings.passed.append(key)


def _wifi(wifi: Mapping[str, Any]) -> Iterator[Sign]:
    for key, unit in (("RSSI", "%"), ("Signal", "dBm")):
        value = wifi.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Sign(f"Wifi.{key}", float(value), unit)
