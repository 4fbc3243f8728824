"""What a foreign message comes to: values, signs of health, what was dropped and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from devices.model import Quality


class Came(StrEnum):
    """The four ends of a message; none ends otherwise."""

    READING = "reading"
    DISCOVERY = "discovery"
    """It tells of a device, which now waits to be given a place."""
    REFUSED = "refused"
    IGNORED = "ignored"
    """Of a kind that is known and is no reading: a command, an availability, a log line."""


class Family(StrEnum):
    """Whose way of speaking a device follows; also the name of the driver of its points."""

    TASMOTA = "tasmota"
    ZIGBEE2MQTT = "zigbee2mqtt"
    SHELLY = "shelly"
    ESPHOME = "esphome"
    HA_DISCOVERY = "ha-discovery"
    MQTT = "mqtt"
    """Bare values on topics of no known family: ESPEasy, OpenBeken and others."""


@dataclass(frozen=True, slots=True)
class Told:
    """One value: `quantity` is what is measured (see units), in its own unit.

    `declared` says whether device or discovery named the unit, or only convention does. `sensor`
    is the probe's own number, which stays when probes are counted anew.
    """

    field: str
    quantity: str
    value: float | str
    unit: str = ""
    declared: bool = True
    quality: Quality = Quality.GOOD
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a device says of its own health: battery, signal, the temperature of its chip."""

    field: str
    value: float | str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that is no value now, and why; the others of its message stand."""

    field: str
    reason: str


_NOTHING: Mapping[str, str] = MappingProxyType({})


def _nothing() -> Mapping[str, str]:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message says of one device.

    `available` is None where it says nothing of that. `about` has name, model, maker, version and
    place as the device tells them. `passed` are fields that are understood not to be readings, or
    not understood at all.
    """

    family: Family
    device: str
    values: tuple[Told, ...] = ()
    signs: tuple[Sign, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    passed: tuple[str, ...] = ()
    available: bool | None = None
    about: Mapping[str, str] = field(default_factory=_nothing)
    expires: float | None = None
    """Seconds after which its maker calls a value too old."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a message ended; `reason` is for people, empty for a plain reading."""

    came: Came
    reason: str = ""
    heard: tuple[Heard, ...] = ()

    @property
    def family(self) -> str:
        return self.heard[0].family if self.heard else ""


def refused(reason: str, *heard: Heard) -> Outcome:
    return Outcome(Came.REFUSED, reason, heard)


def ignored(reason: str, *heard: Heard) -> Outcome:
    return Outcome(Came.IGNORED, reason, heard)


def found(reason: str, *heard: Heard) -> Outcome:
    return Outcome(Came.DISCOVERY, reason, heard)


def judged(heard: Heard, otherwise: str) -> Outcome:
    """A reading where there is a value, refused where all were dropped, else ignored."""
    if heard.values:
        return Outcome(Came.READING, "", (heard,))
    if heard.dropped and not heard.signs:
        each = "; ".join(f"{drop.field}: {drop.reason}" for drop in heard.dropped[:5])
        return refused(each, heard)
    return ignored(otherwise, heard)


class Findings:
    """Gathers what a message says of one device, bounded."""

    MOST = 200
    """Values, signs or dropped fields of one message."""

    def __init__(self, family: Family, device: str) -> None:
        self._heard = Heard(family, device[:200])
        self.values: list[Told] = []
        self.signs: list[Sign] = []
        self.dropped: list[Dropped] = []
        self.passed: list[str] = []
        self.about: dict[str, str] = {}
        self.available: bool | None = None

    def drop(self, field: str, reason: str) -> None:
        self.dropped.append(Dropped(field[:120], reason[:200]))

    def note(self, key: str, text: object) -> None:
        """A word of the device about itself, where it is one."""
        if isinstance(text, str) and text.strip() and text.isprintable():
            self.about[key] = text.strip()[:80]

    def heard(self) -> Heard:
        most = self.MOST
        for kept in (self.values, self.signs, self.passed):
            if len(kept) > most:
                self.drop("…", f"more than {most} fields in one message")
        return replace(
            self._heard, values=tuple(self.values[:most]), signs=tuple(self.signs[:most]),
            dropped=tuple(self.dropped[:most]), passed=tuple(n[:120] for n in self.passed[:most]),
            available=self.available, about=dict(self.about),
        )  # fmt: skip
