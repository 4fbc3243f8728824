"""The status of each Shelly component: its readings and units, after the maker's API reference.

The `temperature` inside switch, cover, light and meters is that of their own board.
"""

from collections.abc import Mapping
from typing import Any

from devices.foreign.payload import number, switched
from devices.foreign.said import Dropped, Findings, Sign
from devices.foreign.units import state, told

_Fields = Mapping[str, tuple[str, str]]
_METER: _Fields = {
    "apower": ("power", "W"), "aprtpower": ("apparent_power", "VA"), "voltage": ("voltage", "V"),
    "current": ("current", "A"), "pf": ("power_factor", ""), "freq": ("frequency", "Hz"),
}  # fmt: skip
_EM1: _Fields = {
    "act_power": ("power", "W"), "aprt_power": ("apparent_power", "VA"),
    "voltage": ("voltage", "V"), "current": ("current", "A"), "pf": ("power_factor", ""),
    "freq": ("frequency", "Hz"),
}  # fmt: skip
_EM: _Fields = {
    **{f"{phase}_{name}": what for phase in "abc" for name, what in _EM1.items()},
    "n_current": ("current", "A"), "total_current": ("current", "A"),
    "total_act_power": ("power", "W"), "total_aprt_power": ("apparent_power", "VA"),
}  # fmt: skip
_WH = ("energy", "Wh")
COMPONENTS: Mapping[str, _Fields] = {
    "switch": _METER, "cover": _METER, "light": _METER, "pm1": _METER, "rgb": _METER,
    "rgbw": _METER, "cct": _METER, "em": _EM, "em1": _EM1,
    "emdata": {
        **{f"{phase}_total_act{ret}_energy": _WH for phase in "abc" for ret in ("", "_ret")},
        "total_act": _WH, "total_act_ret": _WH,
    },
    "em1data": {"total_act_energy": _WH, "total_act_ret_energy": _WH},
    "temperature": {"tC": ("temperature", "°C")},
    "humidity": {"rh": ("humidity", "%")},
    "illuminance": {"lux": ("illuminance", "lx")},
    "voltmeter": {"voltage": ("voltage", "V")},
    "thermostat": {"current_C": ("temperature", "°C"), "current_humidity": ("humidity", "%")},
    "devicepower": {}, "input": {}, "smoke": {}, "flood": {}, "presence": {},
}  # fmt: skip
_STATES: Mapping[str, tuple[str, str]] = {
    "switch": ("output", "switch"), "light": ("output", "switch"), "rgb": ("output", "switch"),
    "rgbw": ("output", "switch"), "cct": ("output", "switch"), "input": ("state", "binary"),
    "smoke": ("alarm", "smoke"), "flood": ("alarm", "leak"), "presence": ("presence", "motion"),
}  # fmt: skip


def read_component(name: str, kind: str, said: Mapping[str, Any], findings: Findings) -> None:
    """One component's status (or what of it has changed)."""
    errors = said.get("errors")
    for field, (quantity, unit) in COMPONENTS[kind].items():
        if field in said:
            found = told(f"{name}.{field}", quantity, said[field], unit)
            if not isinstance(found, Dropped):
                findings.values.append(found)
            elif isinstance(errors, list) and errors:
                findings.drop(found.field, f"the device reports {str(errors[0])[:40]!r}")
            elif said[field] is not None or kind in ("temperature", "humidity"):
                findings.dropped.append(found)
    _state(name, kind, said, findings)
    for total in ("aenergy", "ret_aenergy"):
        energy = said.get(total)
        if isinstance(energy, dict) and "total" in energy:
            found = told(f"{name}.{total}.total", "energy", energy["total"], "Wh")
            if isinstance(found, Dropped):
                findings.dropped.append(found)
            else:
                findings.values.append(found)
    board = said.get("temperature")
    if isinstance(board, dict):
        celsius = number(board.get("tC"))
        if celsius is not None:
            findings.signs.append(Sign(f"{name}.temperature.tC", celsius, "°C"))
    if kind == "devicepower":
        _battery(name, said, findings)


def _state(name: str, kind: str, said: Mapping[str, Any], findings: Findings) -> None:
    field, quantity = _STATES.get(kind, ("", ""))
    if not field or field not in said:
        return
    word = switched(said[field])
    if word is not None:
        findings.values.append(state(f"{name}.{field}", quantity, word == "on"))
    elif said[field] is not None:
        findings.drop(f"{name}.{field}", f"{str(said[field])[:20]!r} is neither true nor false")
    else:
        findings.passed.append(f"{name}.{field}")


def _battery(name: str, said: Mapping[str, Any], findings: Findings) -> None:
    battery = said.get("battery")
    if not isinstance(battery, dict):
        return
    percent, volts = number(battery.get("percent")), number(battery.get("V"))
    if percent is not None:
        findings.signs.append(Sign("battery", percent, "%"))
        found = told(f"{name}.battery.percent", "battery", percent, "%")
        if not isinstance(found, Dropped):
            findings.values.append(found)
    if volts is not None:
        findings.signs.append(Sign("battery_voltage", volts, "V"))
