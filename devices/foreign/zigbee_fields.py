"""The attributes of Zigbee2MQTT: which are readings, in which unit, and which are none.

Names and meanings are those of its own documentation of exposes; `contact` is true while closed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.foreign.payload import number, switched, why_none
from devices.foreign.said import Dropped, Findings, Sign, Told
from devices.foreign.units import QUANTITIES, state, told

_NUMBERS: Mapping[str, tuple[str, str]] = {
    "temperature": ("temperature", "°C"), "local_temperature": ("temperature", "°C"),
    "humidity": ("humidity", "%"), "pressure": ("pressure", "hPa"), "power": ("power", "W"),
    "voltage": ("voltage", "V"), "current": ("current", "A"), "energy": ("energy", "kWh"),
    "power_factor": ("power_factor", ""), "ac_frequency": ("frequency", "Hz"),
    "illuminance": ("illuminance", "lx"), "illuminance_lux": ("illuminance", "lx"),
    "co2": ("co2", "ppm"), "co": ("co", "ppm"), "pm1": ("pm1", "µg/m³"),
    "pm25": ("pm25", "µg/m³"), "pm10": ("pm10", "µg/m³"), "formaldehyd": ("formaldehyde", "mg/m³"),
    "formaldehyde": ("formaldehyde", "mg/m³"), "hcho": ("formaldehyde", "mg/m³"),
    "soil_moisture": ("soil_moisture", "%"), "noise": ("noise", "dB"),
    "gas_value": ("gas", "ppm"), "voc": ("voc", ""), "external_temperature": ("temperature", "°C"),
    "probe_temperature": ("temperature", "°C"), "power_apparent": ("apparent_power", "VA"),
    "power_reactive": ("reactive_power", "var"), "produced_energy": ("energy", "kWh"),
}  # fmt: skip
_STATES: Mapping[str, tuple[str, bool]] = {
    "contact": ("contact", False), "water_leak": ("leak", True), "occupancy": ("motion", True),
    "presence": ("motion", True), "motion": ("motion", True), "smoke": ("smoke", True),
    "gas": ("binary", True), "carbon_monoxide": ("binary", True), "vibration": ("binary", True),
    "state": ("switch", True),
}  # fmt: skip
"""What each is, and which of its values is on: `contact` true is a closed door."""
_SIGNS: Mapping[str, str] = {
    "linkquality": "", "battery": "%", "battery_voltage": "mV", "battery_low": "",
    "device_temperature": "°C", "cpu_temperature": "°C", "internal_temperature": "°C",
    "battery_state": "", "tamper": "", "power_outage_count": "",
}  # fmt: skip
_ENDPOINT = re.compile(
    r"(.+?)_(l?\d{1,2}|left|right|center|top|bottom|top_left|top_right|bottom_left|bottom_right|"
    r"phase_[abc]|[abc]|in|out|both|meter|system)"
)
_BATTERY_FROM_V = 400.0
"""No mains is above: a larger voltage is a battery's, which Zigbee2MQTT gives in mV."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One expose: the property, its unit, and the payloads of a binary."""

    name: str
    unit: str = ""
    on: str = ""
    off: str = ""
    category: str = ""

    @property
    def reading(self) -> bool:
        return not self.category and (self.name in _NUMBERS or self.name in _STATES)

    @classmethod
    def all_of(cls, exposes: Any) -> "dict[str, Declared]":
        """Every property that a definition exposes, by its name in the payload."""
        return dict(list(cls._each(exposes, 0))[:200])

    @classmethod
    def _each(cls, exposes: Any, depth: int) -> "Iterator[tuple[str, Declared]]":
        for one in exposes[:200] if isinstance(exposes, list) and depth < 4 else ():
            if not isinstance(one, dict):
                continue
            name, prop = one.get("name"), one.get("property")
            if isinstance(name, str) and isinstance(prop, str):
                unit = one.get("unit")
                yield prop, cls(
                    name, unit[:20] if isinstance(unit, str) else "", _word(one, "value_on"),
                    _word(one, "value_off"), str(one.get("category") or "")[:20],
                )  # fmt: skip
            yield from cls._each(one.get("features"), depth + 1)


def _word(one: Mapping[str, Any], key: str) -> str:
    value = one.get(key)
    if isinstance(value, bool):
        return str(value).lower()
    return value[:40] if isinstance(value, str) else ""


def is_attribute(name: str) -> bool:
    """Whether the last part of a topic is the name of an attribute."""
    return name in _NUMBERS or name in _STATES or name in _SIGNS


def read_fields(
    data: Mapping[str, Any], declared: Mapping[str, Declared], findings: Findings
) -> None:
    """Every attribute of a state."""
    for key, value in data.items():
        if key == "illuminance" and "illuminance_lux" in data:
            findings.passed.append(key)  # an older version's raw number, not lux
        elif isinstance(value, dict | list):
            findings.passed.append(key)
            if key == "device" and isinstance(value, dict):
                findings.note("model", value.get("model"))
        else:
            read_field(key, value, data, declared, findings)


def read_field(
    key: str, value: Any, data: Mapping[str, Any], declared: Mapping[str, Declared],
    findings: Findings,
) -> None:  # fmt: skip
    """One attribute; `data` is the state that it stands in."""
    one = declared.get(key)
    name = one.name if one else _plain(key)
    if name in _SIGNS:
        _sign(key, name, value, findings)
    elif name == "voltage" and _is_battery(value, data, one):
        found = number(value)
        if found is not None:
            findings.signs.append(Sign("battery_voltage", found, "mV"))
    elif name in _NUMBERS and not (one and one.category):
        _keep(_measure(key, name, value, one), findings)
    elif name in _STATES and not (one and one.category):
        _state(key, name, value, one, findings)
    elif name == "action":
        if isinstance(value, str) and value.strip():
            findings.values.append(Told(key, "action", value[:60]))
    else:
        findings.passed.append(key)


def _plain(key: str) -> str:
    """The attribute's name without its endpoint."""
    if key in _NUMBERS or key in _STATES or key in _SIGNS:
        return key
    found = _ENDPOINT.fullmatch(key)
    return found[1] if found and (found[1] in _NUMBERS or found[1] in _STATES) else key


def _keep(found: Told | Dropped, findings: Findings) -> None:
    if isinstance(found, Dropped):
        findings.dropped.append(found)
    else:
        findings.values.append(found)


def _measure(key: str, name: str, value: Any, one: Declared | None) -> Told | Dropped:
    quantity, unit = _NUMBERS[name]
    if one is not None and one.unit:
        unit = one.unit
    if quantity == "voc" and unit not in QUANTITIES["voc"]:
        return Dropped(key, "its unit differs from maker to maker and is not declared")
    return told(key, quantity, value, unit, declared=one is not None)


def _is_battery(value: Any, data: Mapping[str, Any], one: Declared | None) -> bool:
    if one is not None and one.unit:
        return (one.unit == "mV" and one.category == "diagnostic") or (
            one.unit == "mV" and "power" not in data
        )
    found = number(value)
    return found is not None and (found > _BATTERY_FROM_V or "battery" in data)


def _sign(key: str, name: str, value: Any, findings: Findings) -> None:
    found = number(value)
    if found is not None:
        findings.signs.append(Sign(key, found, _SIGNS[name]))
        if name == "battery":
            _keep(told(key, "battery", found, "%"), findings)
    elif isinstance(value, bool) or (isinstance(value, str) and value):
        findings.signs.append(Sign(key, str(value).lower()[:40], ""))
    else:
        findings.drop(key, why_none(value))


def _state(key: str, name: str, value: Any, one: Declared | None, findings: Findings) -> None:
    quantity, on_means = _STATES[name]
    said = str(value).lower() if isinstance(value, bool) else value
    if one is not None and one.on and one.off and said in (one.on, one.off):
        is_on: bool | None = said == one.on
        if name == "contact" and isinstance(value, bool):
            is_on = value
    elif isinstance(value, str) and value.upper() in ("OPEN", "CLOSE", "CLOSED", "STOP"):
        findings.passed.append(key)  # a cover's movement
        return
    else:
        word = switched(value)
        is_on = None if word is None else word == "on"
    if is_on is None:
        findings.drop(key, why_none(value) if value is None else f"{str(value)[:30]!r} is no state")
    else:
        findings.values.append(state(key, quantity, is_on == on_means, declared=one is not None))
