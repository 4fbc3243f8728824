"""ESPHome: `<prefix>/<component>/<name>/state` and `<prefix>/status`.

Its topics declare neither unit nor class; what Home Assistant discovery says of the same topic goes
first, else the name alone counts.
"""

import re

from devices.foreign.names import is_sign, other_than_air, quantity_of
from devices.foreign.payload import number, switched, text_of, why_none
from devices.foreign.said import Dropped, Family, Findings, Outcome, Sign, ignored, judged
from devices.foreign.units import state, told

_STATE = re.compile(
    r"(.+)/(sensor|binary_sensor|switch|light|fan|climate|cover|text_sensor|number|select|text|"
    r"lock|button|valve|event|alarm_control_panel|update|datetime|date|time)/([^/]+)/(.+)"
)
MOST = 2000


class Esphome:
    """Which prefixes were heard to be an ESPHome."""

    def __init__(self) -> None:
        self._prefixes: set[str] = set()

    def knows(self, prefix: str) -> bool:
        return prefix in self._prefixes

    def read(self, topic: str, payload: bytes) -> Outcome | None:
        """What a message came to; None where it is none of theirs. Raises Unreadable."""
        prefix, _, last = topic.rpartition("/")
        if last == "status" and prefix:
            return self._status(prefix, payload)
        if last == "debug" and self.knows(prefix):
            return ignored("a line of a device's log")
        found = _STATE.fullmatch(topic)
        if found is None:
            return None
        prefix, component, name, what = found.groups()
        if len(self._prefixes) < MOST:
            self._prefixes.add(prefix)
        if what.endswith(("command", "set")):
            return ignored("a command to a device")
        if not payload.strip():
            return ignored("an empty payload")
        if what != "state" or component not in ("sensor", "binary_sensor", "switch"):
            return ignored(f"the {what[:30]} of a {component}: no reading")
        findings = Findings(Family.ESPHOME, prefix)
        text = text_of(payload)
        if component == "sensor":
            read_named(f"sensor/{name}", name, text, findings)
        else:
            _read_state(component, name, text, findings)
        return judged(findings.heard(), f"{component}/{name}: no reading")

    def _status(self, prefix: str, payload: bytes) -> Outcome | None:
        word = payload[:20].strip().lower()
        if word not in (b"online", b"offline"):
            return None
        findings = Findings(Family.ESPHOME, prefix)
        findings.available = word == b"online"
        return ignored(f"availability: {word.decode()}", findings.heard())


def _read_state(component: str, name: str, text: str, findings: Findings) -> None:
    word = switched(text)
    field = f"{component}/{name}"
    if word is None:
        findings.drop(field, f"{text.strip()[:20]!r} is neither ON nor OFF")
    else:
        quantity = "switch" if component == "switch" else "binary"
        findings.values.append(state(field, quantity, word == "on", declared=False))


def read_named(field: str, name: str, text: str, findings: Findings, unit: str = "") -> None:
    """A bare number of which only the name tells what it is."""
    quantity = quantity_of(name)
    found = told(field, quantity or "number", text, unit, declared=False)
    if isinstance(found, Dropped):
        findings.drop(field, why_none(text))
    elif is_sign(name):
        findings.signs.append(Sign(field, number(text) or 0.0))
    elif not quantity and other_than_air(name):
        findings.passed.append(field)
    else:
        findings.values.append(found)
