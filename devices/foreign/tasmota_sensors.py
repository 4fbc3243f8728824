"""Tasmota's SENSOR object: which of its fields are readings, of which sensor, in which unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.foreign.payload import number, switched
from devices.foreign.said import Dropped, Family, Findings, Heard, Sign
from devices.foreign.units import state, told

MAX_DEPTH = 5

_CHIPS = re.compile(
    r"ESP(?:32|8266|8285)\w*|CPU|MCU|SoC|INTERNAL|AXP\w*|BL09\w*|ADE7\w*|CSE77\w*|HLW80\w*|MH-?Z19\w*|"
    r"MPU\w*|Core|Board", re.IGNORECASE,
)  # fmt: skip
"""Their Temperature is that of a chip or of the device itself, never of a room."""

_FIELDS: Mapping[str, tuple[str, str]] = {
    "Humidity": ("humidity", "%"), "Illuminance": ("illuminance", "lx"),
    "CarbonDioxide": ("co2", "ppm"), "TVOC": ("voc", "ppb"), "PM1": ("pm1", "µg/m³"),
    "PM1.0": ("pm1", "µg/m³"), "PM2.5": ("pm25", "µg/m³"), "PM10": ("pm10", "µg/m³"),
    "Voltage": ("voltage", "V"), "Current": ("current", "A"), "Power": ("power", "W"),
    "ActivePower": ("power", "W"), "Moisture": ("soil_moisture", "%"),
    "CarbonMonoxide": ("co", "ppm"),
}  # fmt: skip
_ENERGY: Mapping[str, tuple[str, str]] = {
    "Power": ("power", "W"), "ApparentPower": ("apparent_power", "VA"),
    "ReactivePower": ("reactive_power", "var"), "Factor": ("power_factor", ""),
    "Voltage": ("voltage", "V"), "Current": ("current", "A"), "Total": ("energy", "kWh"),
    "Frequency": ("frequency", "Hz"),
}  # fmt: skip
_SIGNS: Mapping[str, str] = {
    "Battery": "%", "BatteryPercentage": "%", "BatteryVoltage": "V", "RSSI": "dBm",
    "LinkQuality": "",
}  # fmt: skip
_SKIPPED = frozenset(
    ("Time", "TempUnit", "PressureUnit", "SpeedUnit", "VolumeUnit", "Id", "Address", "Type",
     "Model", "TotalStartTime", "mac", "MAC", "Device", "Name", "Endpoint", "Address16")
)  # fmt: skip
_INPUT = re.compile(r"(?:Switch|SWITCH)\d{1,2}")


@dataclass(frozen=True, slots=True)
class _Setting:
    temperature: str
    pressure: str
    energy: bool
    """Whether the device meters power: then its analog thermistor is its own."""


def read_sensors(data: Mapping[str, Any], findings: Findings) -> None:
    """All sensors of a SENSOR object (or StatusSNS) into `findings`."""
    inner = data.get("StatusSNS")
    if isinstance(inner, dict):
        data = inner
    setting = _Setting(
        str(data.get("TempUnit", "C"))[:8], str(data.get("PressureUnit", "hPa"))[:8],
        "ENERGY" in data,
    )  # fmt: skip
    _walk(data, (), "", setting, findings)


def _walk(
    data: Mapping[str, Any], path: tuple[str, ...], sensor: str, setting: _Setting,
    findings: Findings,
) -> None:  # fmt: skip
    if len(path) > MAX_DEPTH:
        findings.drop(".".join(path), f"nested deeper than {MAX_DEPTH}")
        return
    own = data.get("Id", data.get("Address"))
    sensor = str(own)[:40] if isinstance(own, str | int) and not isinstance(own, bool) else sensor
    for key, value in data.items():
        if key in _SKIPPED or key == "ZbReceived":
            continue
        here = (*path, key)
        if isinstance(value, dict):
            _walk(value, here, sensor, setting, findings)
        elif isinstance(value, list):
            for position, each in enumerate(value[:20], 1):
                _leaf(here, f".{position}", each, sensor, setting, findings)
        else:
            _leaf(here, "", value, sensor, setting, findings)


def _leaf(
    path: tuple[str, ...], position: str, value: Any, sensor: str, setting: _Setting,
    findings: Findings,
) -> None:  # fmt: skip
    key, field = path[-1], ".".join(path) + position
    if key == "Temperature":
        if _is_own(path, setting):
            found = told(field, "temperature", value, setting.temperature)
            if not isinstance(found, Dropped):
                findings.signs.append(Sign(field, found.value, "°C"))
            return
        found = told(field, "temperature", value, setting.temperature, sensor=sensor)
    elif key == "Pressure" and not _chip(path):
        found = told(field, "pressure", value, setting.pressure, sensor=sensor)
    elif key in _SIGNS:
        level = number(value)
        if level is not None:
            findings.signs.append(Sign(field, level, _SIGNS[key]))
        return
    elif _INPUT.fullmatch(key):
        word = switched(value)
        if word is None:
            findings.drop(field, f"{str(value)[:20]!r} is neither ON nor OFF")
        else:
            findings.values.append(state(field, "binary", word == "on"))
        return
    else:
        known = (_ENERGY if "ENERGY" in path[:-1] else _FIELDS).get(key)
        if known is None:
            findings.passed.append(field)
            return
        found = told(field, known[0], value, known[1], sensor=sensor)
    if isinstance(found, Dropped):
        findings.dropped.append(found)
    else:
        findings.values.append(found)


def _chip(path: tuple[str, ...]) -> bool:
    return any(_CHIPS.fullmatch(part) for part in path[:-1])


def _is_own(path: tuple[str, ...], setting: _Setting) -> bool:
    """Whether a Temperature is the device's own: of a chip, a meter, or a relay's thermistor."""
    return (
        _chip(path)
        or "ENERGY" in path[:-1]
        or (setting.energy and bool(path[:-1]) and path[-2].startswith("ANALOG"))
    )


def read_zigbee(data: Mapping[str, Any], bridge: str) -> Iterator[Heard]:
    """Zigbee devices behind a Tasmota: each of `ZbReceived` is a device of its own."""
    received = data.get("ZbReceived")
    if not isinstance(received, dict):
        return
    for address, said in list(received.items())[:50]:
        if not isinstance(said, dict):
            continue
        findings = Findings(Family.TASMOTA, f"{bridge}/{address}")
        findings.note("name", said.get("Name"))
        findings.note("model", said.get("ModelId"))
        read_sensors(said, findings)
        for key, quantity, on in (("Contact", "contact", 1), ("Water", "leak", 1),
                                  ("Occupancy", "motion", 1)):  # fmt: skip
            word = switched(said.get(key))
            if word is not None:
                findings.values.append(state(key, quantity, word == ("on" if on else "off")))
        yield findings.heard()
