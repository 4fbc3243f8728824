"""What a name that people gave to a topic or entity says of its quantity, and when it says none.

A name is weaker than a declaration, so what it yields is marked as undeclared, and a name with a
word like `cpu`, `color` or `dew` is never taken for the air of a room.
"""

import re

_WORDS: dict[str, str] = {
    "temperature": "temperature", "temp": "temperature", "humidity": "humidity", "hum": "humidity",
    "pressure": "pressure", "power": "power", "voltage": "voltage", "current": "current",
    "energy": "energy", "energycounter": "energy", "illuminance": "illuminance",
    "lux": "illuminance", "co2": "co2", "battery": "battery", "frequency": "frequency",
    "pm25": "pm25", "pm10": "pm10", "formaldehyde": "formaldehyde", "hcho": "formaldehyde",
}  # fmt: skip
_UNITS = {"energycounter": "Wh"}
_OTHER = frozenset(
    ("color", "colour", "cct", "kelvin", "mired", "mireds", "ct", "cpu", "gpu", "chip", "internal",
     "soc", "mcu", "processor", "dew", "dewpoint", "dewpt", "target", "setpoint", "desired",
     "threshold", "offset", "calibration", "feels", "chill", "heatsink", "pcb", "hysteresis")
)  # fmt: skip
"""Words that make it another one wherever they stand."""
_OTHER_BESIDE = frozenset(
    ("esp", "esp32", "esp8266", "board", "core", "device", "set", "limit", "min", "max", "apparent",
     "reactive", "heat", "index", "disk", "led", "lamp", "bulb", "module", "alarm", "wet", "frost",
     "factor", "rated", "sea", "sealevel", "delta", "difference", "trend")
)  # fmt: skip
"""Words that do so only right beside the quantity: a device may be called `esp32 corridor`."""
_SIGNS = frozenset(
    ("rssi", "uptime", "freeheap", "heap", "linkquality", "lqi", "signal", "loop", "wifi", "snr",
     "sockets", "debug")
)  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PARTS = re.compile(r"[^\w]+|_+")


def words_of(name: str) -> list[str]:
    """The words of a name, lower case: `ESP32 Chip_temperature` has three."""
    spaced = _CAMEL.sub(" ", name[:200])
    return [word for word in _PARTS.split(spaced.lower()) if word]


def other_than_air(name: str) -> str:
    """The word that makes a temperature (or pressure) another one than is measured; else empty."""
    words = words_of(name)
    beside = {
        word
        for at, quantity in enumerate(words)
        if quantity in _WORDS
        for word in (*words[max(0, at - 1) : at], *words[at + 1 : at + 2])
    }
    found = (w for w in words if w in _OTHER or (w in _OTHER_BESIDE and w in beside))
    return next(found, "")


def quantity_of(name: str) -> str:
    """The quantity that the name plainly says; empty where it says none."""
    words = words_of(name)
    joined = "".join(words)
    for known in ("pm25", "pm10", "co2"):
        if joined.endswith(known):
            return known
    while words and words[-1].isdigit():
        words.pop()
    if not words or other_than_air(name):
        return ""
    return _WORDS.get(words[-1], "")


def unit_by_name(name: str) -> str:
    """The unit that goes with a name, where it is not our own."""
    words = words_of(name)
    return _UNITS.get(words[-1], "") if words else ""


def is_sign(name: str) -> bool:
    """Whether a name is one of health: signal, uptime, memory."""
    return any(word in _SIGNS for word in words_of(name))
