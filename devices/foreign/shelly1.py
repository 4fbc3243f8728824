"""Shelly of the first generation: bare values on `shellies/<id>/…`."""

import re
from collections.abc import Mapping
from typing import Any

from devices.foreign.payload import absent, number, object_of, switched, text_of
from devices.foreign.said import (
    Dropped,
    Family,
    Findings,
    Outcome,
    Sign,
    Told,
    found,
    ignored,
    judged,
)
from devices.foreign.units import state, told

ROOT = "shellies/"
NO_VALUE = (999.0, -999.0)
"""What a Shelly says while a probe gives nothing."""

_NUMBERS: tuple[tuple[str, str, str], ...] = (
    (r"sensor/temperature", "temperature", "°C"), (r"sensor/humidity", "humidity", "%"),
    (r"sensor/lux", "illuminance", "lx"), (r"sensor/concentration", "gas", "ppm"),
    (r"sensor/battery", "battery", "%"),
    (r"ext_temperature/\d+", "temperature", "°C"), (r"ext_humidity/\d+", "humidity", "%"),
    (r"(?:relay|light|white|color|roller)/\d+/power", "power", "W"),
    (r"(?:relay|light|white|color|roller)/\d+/energy", "energy", "Wmin"),
    (r"(?:relay|light|roller)/power", "power", "W"),
    (r"e?meter/\d+/power", "power", "W"), (r"emeter/\d+/reactive_power", "reactive_power", "var"),
    (r"emeter/\d+/voltage", "voltage", "V"), (r"emeter/\d+/current", "current", "A"),
    (r"emeter/\d+/pf", "power_factor", ""), (r"emeter/\d+/total", "energy", "Wh"),
    (r"emeter/\d+/total_returned", "energy", "Wh"), (r"e?meter/\d+/energy", "energy", "Wmin"),
    (r"emeter/\d+/returned_energy", "energy", "Wmin"),
    (r"emeter_n/current|emeter_n/0/current", "current", "A"), (r"voltage(?:/\d+)?", "voltage", "V"),
    (r"adc/\d+", "voltage", "V"),
)  # fmt: skip
_STATES: tuple[tuple[str, str], ...] = (
    (r"(?:relay|light|white|color)/\d+", "switch"), (r"input/\d+", "binary"),
    (r"ext_switch/\d+", "binary"), (r"sensor/flood", "leak"), (r"sensor/smoke", "smoke"),
    (r"sensor/vibration", "binary"), (r"sensor/motion", "motion"),
)  # fmt: skip
_SIGNS: Mapping[str, str] = {
    "temperature": "°C", "overtemperature": "", "temperature_status": "",
    "sensor/charger": "", "sensor/act_reasons": "", "sensor/error": "",
}  # fmt: skip
_NUMBER_OF = [(re.compile(pattern), quantity, unit) for pattern, quantity, unit in _NUMBERS]
_STATE_OF = [(re.compile(pattern), quantity) for pattern, quantity in _STATES]
_COMMAND = re.compile(r"command|.*/(?:command|set|reset_data)")
_DOOR = {"open": True, "close": False, "closed": False}


def read(topic: str, payload: bytes) -> Outcome | None:
    """What a message came to; None where it is none of theirs. Raises Unreadable."""
    if not topic.startswith(ROOT):
        return None
    device, _, what = topic.removeprefix(ROOT).partition("/")
    if not what:
        if device == "announce":
            return _announce("", payload)
        return ignored("a command to all devices" if device == "command" else "no device's topic")
    if _COMMAND.fullmatch(what):
        return ignored("a command to a device")
    if not payload.strip():
        return ignored("an empty payload")
    if what == "announce":
        return _announce(device, payload)
    findings = Findings(Family.SHELLY, device)
    if what in ("info", "status", "settings") or "/status" in what:
        _object(what, object_of(payload), findings)
    elif what == "online":
        word = switched(text_of(payload))
        if word is None:
            findings.drop(what, "neither true nor false")
        else:
            findings.available = word == "on"
            return ignored(f"availability: {'online' if word == 'on' else 'offline'}",
                           findings.heard())  # fmt: skip
    else:
        _bare(what, text_of(payload).strip(), findings)
    return judged(findings.heard(), f"{what[:60]}: no reading")


def _announce(device: str, payload: bytes) -> Outcome:
    data = object_of(payload)
    id = data.get("id")
    findings = Findings(Family.SHELLY, device or (id if isinstance(id, str) else "?"))
    findings.note("model", data.get("model"))
    findings.note("version", data.get("fw_ver"))
    findings.about["maker"] = "Shelly"
    return found("a Shelly device", findings.heard())


def _bare(what: str, text: str, findings: Findings) -> None:
    if what == "sensor/state":
        if text.lower() in _DOOR:
            findings.values.append(state(what, "contact", _DOOR[text.lower()]))
        else:
            findings.drop(what, f"{text[:20]!r} is neither open nor close")
        return
    if what in _SIGNS:
        level = number(text)
        findings.signs.append(Sign(what, text[:40] if level is None else level, _SIGNS[what]))
        return
    for pattern, quantity, unit in _NUMBER_OF:
        if pattern.fullmatch(what):
            _number(what, quantity, text, unit, findings)
            return
    for pattern, quantity in _STATE_OF:
        if pattern.fullmatch(what):
            word = switched(text)
            if word is None:
                why = "the device has no value now" if absent(text) else "neither on nor off"
                findings.drop(what, f"{text[:20]!r}: {why}")
            else:
                findings.values.append(state(what, quantity, word == "on"))
            return
    if what.startswith("input_event/"):
        event = object_of(text.encode()).get("event")
        if isinstance(event, str) and event:
            findings.values.append(Told(what, "action", event[:20]))
        return
    findings.passed.append(what)


def _number(what: str, quantity: str, text: str, unit: str, findings: Findings) -> None:
    if number(text) in NO_VALUE:
        findings.drop(what, f"{text[:10]} is what a Shelly says without a probe")
        return
    value = told(what, quantity, text, unit)
    if isinstance(value, Dropped):
        findings.dropped.append(value)
    else:
        findings.values.append(value)
        if quantity == "battery":
            findings.signs.append(Sign("battery", value.value, "%"))


def _object(what: str, data: dict[str, Any], findings: Findings) -> None:
    """`info` (all of a device) and `status` (Motion, lamps): only what is no setting."""
    battery = data.get("bat")
    level = number(battery.get("value") if isinstance(battery, dict) else battery)
    if level is not None:
        findings.signs.append(Sign("battery", level, "%"))
    if what.startswith("status"):
        inner = data.get("sensor")
        source = inner if isinstance(inner, dict) else data
        if isinstance(source.get("motion"), bool):
            findings.values.append(state("status.motion", "motion", source["motion"]))
        if number(data.get("lux")) is not None:
            _number("status.lux", "illuminance", str(data["lux"]), "lx", findings)
    wifi = data.get("wifi_sta")
    signal = number(wifi.get("rssi")) if isinstance(wifi, dict) else None
    if signal is not None:
        findings.signs.append(Sign("wifi.rssi", signal, "dBm"))
    tmp = data.get("tmp")
    if isinstance(tmp, dict) and what == "info":
        _probe(tmp, findings)
    findings.passed.append(what)


def _probe(tmp: Mapping[str, Any], findings: Findings) -> None:
    """`tmp` of a device that meters or switches has no `is_valid` of a probe: it is its own."""
    celsius = number(tmp.get("tC", tmp.get("value")))
    if celsius is not None:
        findings.signs.append(Sign("tmp", celsius, "°C"))
