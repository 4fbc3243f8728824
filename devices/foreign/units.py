"""Quantities: what foreign devices measure, each in one unit; which of our kinds each can become.

Factors are exact by definition (°F, K, psi by the international pound and inch) or conventional:
1 mmHg = 1.33322387415 hPa, 1 inHg = 33.8638866667 hPa (at 0 °C).
"""

from collections.abc import Mapping

from devices.foreign.payload import number, why_none
from devices.foreign.said import Dropped, Told
from devices.kinds import KINDS
from devices.model import Kind, Quality, ValueType

_Scale = tuple[float, float, float]
"""(value + first) × second ÷ third."""


def _by(factor: float, divisor: float = 1.0) -> _Scale:
    return (0.0, factor, divisor)


_SAME = _by(1)
_PRESSURE = {
    "hPa": _SAME, "mbar": _SAME, "mb": _SAME, "Pa": _by(1, 100), "kPa": _by(10), "bar": _by(1000),
    "cbar": _by(10), "mmHg": _by(1.33322387415), "inHg": _by(33.8638866667),
    "psi": _by(68.947572932), "MPa": _by(10_000),
}  # fmt: skip
_DUST = {"µg/m³": _SAME, "μg/m³": _SAME, "ug/m3": _SAME, "µg/m3": _SAME, "mg/m³": _by(1000)}
_SHARE = {"%": _SAME}

QUANTITIES: Mapping[str, Mapping[str, _Scale]] = {
    "temperature": {
        "°C": _SAME, "C": _SAME, "℃": _SAME, "°F": (-32.0, 5.0, 9.0), "F": (-32.0, 5.0, 9.0),
        "℉": (-32.0, 5.0, 9.0), "K": (-273.15, 1.0, 1.0),
    },
    "humidity": {"%": _SAME, "%RH": _SAME, "% RH": _SAME, "%rH": _SAME},
    "pressure": _PRESSURE,
    "power": {"W": _SAME, "kW": _by(1000), "mW": _by(1, 1000), "MW": _by(1e6)},
    "apparent_power": {"VA": _SAME, "kVA": _by(1000), "mVA": _by(1, 1000)},
    "reactive_power": {"var": _SAME, "VAr": _SAME, "kvar": _by(1000), "mvar": _by(1, 1000)},
    "voltage": {"V": _SAME, "mV": _by(1, 1000), "kV": _by(1000), "µV": _by(1, 1e6)},
    "current": {"A": _SAME, "mA": _by(1, 1000), "kA": _by(1000)},
    "energy": {
        "kWh": _SAME, "Wh": _by(1, 1000), "MWh": _by(1000), "mWh": _by(1, 1e6), "GWh": _by(1e6),
        "Wmin": _by(1, 60_000), "J": _by(1, 3.6e6), "kJ": _by(1, 3600), "MJ": _by(1, 3.6),
        "GJ": _by(1000, 3.6),
    },
    "frequency": {"Hz": _SAME, "kHz": _by(1000)},
    "power_factor": {"": _SAME, "%": _by(1, 100)},
    "illuminance": {"lx": _SAME, "lux": _SAME},
    "co2": {"ppm": _SAME},
    "co": {"ppm": _SAME},
    "gas": {"ppm": _SAME},
    "pm1": _DUST, "pm25": _DUST, "pm10": _DUST,
    "formaldehyde": {"mg/m³": _SAME, "mg/m3": _SAME, "µg/m³": _by(1, 1000), "μg/m³": _by(1, 1000)},
    "voc": {"ppb": _SAME, "ppm": _by(1000)},
    "battery": _SHARE,
    "soil_moisture": _SHARE,
    "noise": {"dB": _SAME, "dBA": _SAME, "dB(A)": _SAME},
    "number": {},
}  # fmt: skip
"""Number quantities: the units they come in; the first is ours. `number` is declared by nobody."""

STATES: Mapping[str, tuple[str, str]] = {
    "contact": ("open", "closed"), "leak": ("wet", "dry"), "switch": ("on", "off"),
    "motion": ("motion", "clear"), "smoke": ("on", "off"), "binary": ("on", "off"),
}  # fmt: skip
"""Two-state quantities: what is said while it is on, and while it is off."""

ERROR_TEMPERATURES = (-127.0, 85.0)
"""DS18B20: -127 what libraries give for a lost probe, 85 its power-on value."""


def unit_of(quantity: str) -> str:
    """Our unit of a quantity; empty where it has none."""
    return next(iter(QUANTITIES.get(quantity, ())), "")


def told(
    field: str, quantity: str, value: object, unit: str = "", *, declared: bool = True,
    sensor: str = "",
) -> Told | Dropped:  # fmt: skip
    """`value`, given in `unit` (empty: ours), as a value in our unit; Dropped where it is none."""
    found = number(value)
    if found is None:
        return Dropped(field, why_none(value))
    scales = QUANTITIES[quantity]
    scale = scales.get(unit) if unit else next(iter(scales.values()), _SAME)
    if scale is None:
        return Dropped(field, f"{unit[:20]!r} is no unit of {quantity} that is known here")
    before, factor, divisor = scale
    found = round((found + before) * factor / divisor, 6)
    wrong = quantity == "temperature" and found in ERROR_TEMPERATURES
    quality = Quality.ERROR_VALUE if wrong else Quality.GOOD
    return Told(field, quantity, found, unit_of(quantity), declared, quality, sensor)


def state(field: str, quantity: str, on: bool, *, declared: bool = True) -> Told:
    """A two-state value in the words of its quantity."""
    return Told(field, quantity, STATES[quantity][0 if on else 1], "", declared)


_OWN = ("cpu-temperature", "clock-state")
"""Kinds of a computer itself: no foreign device measures them."""


def kinds_for(quantity: str) -> tuple[str, ...]:
    """Our kinds that a quantity may become; which one it is, a person says."""
    if quantity in QUANTITIES:
        fits = [k for k in KINDS.values() if k.value_type is ValueType.NUMBER and k.key not in _OWN]
        if quantity != "number":
            fits = [kind for kind in fits if kind.measurement == quantity]
        return tuple(kind.key for kind in fits)
    pairs = [
        kind
        for kind in KINDS.values()
        if len(kind.values) == 2 and not kind.output and kind.key not in _OWN
    ]
    if quantity in ("contact", "leak", "motion"):
        return tuple(kind.key for kind in pairs if kind.measurement == quantity)
    return tuple(kind.key for kind in pairs) if quantity in (*STATES, "action") else ()


def translated(value: float | str, quantity: str, kind: Kind, on: str) -> float | str | None:
    """A value as `kind` says it; `on` is the kind's word for on. None where it cannot be one."""
    if not isinstance(value, str):
        return value if kind.value_type is ValueType.NUMBER else None
    if quantity == "action":  # a button that was used is pressed, however it was used
        return on if on in kind.values and len(kind.values) == 2 else None
    words = STATES.get(quantity)
    if on and words is not None and value in words and on in kind.values:
        off = next(word for word in kind.values if word != on)
        return on if value == words[0] else off
    return value if value in kind.values else None
