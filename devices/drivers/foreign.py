"""Devices of other makers on MQTT: one driver a family, for points of the bridge."""

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as option
from typing import Annotated, Any, ClassVar

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit, Surroundings
from devices.errors import DeviceError
from devices.foreign.ear import Ear, ear_here
from devices.foreign.payload import MAX_STATE, Unreadable, json_of, text_of
from devices.foreign.said import Dropped, Family, Told
from devices.foreign.units import QUANTITIES, STATES, told, translated
from devices.kinds import KINDS
from devices.model import Quality, Sample, ValueType

Text = Annotated[str, Limits(min_length=1, max_length=300)]

_ON = "the word of the point's kind for on, where the device only says on and off, such as open"


@dataclass(frozen=True, slots=True)
class ForeignOptions:
    device: Text = option(metadata={"text": "the device, as the list of found devices names it"})
    field: Text = option(
        metadata={"text": "which of its values, as that list (or `campus bridge --try`) names it"}
    )
    sensor: str = option(
        default="",
        metadata={"text": "the probe's own number, where probes may be counted anew"},
    )
    on: str = option(default="", metadata={"text": _ON})


@dataclass(frozen=True, slots=True)
class MqttOptions:
    topic: Text = option(metadata={"text": "the topic, exactly"})
    path: str = option(
        default="",
        metadata={"text": "where the payload is JSON: the value's place, such as a.b or list.0"},
    )
    unit: str = option(
        default="", metadata={"text": "the unit it comes in, such as °F; empty: the kind's own"}
    )
    on_payload: str = option(default="ON", metadata={"text": "what is said for on"})
    off_payload: str = option(default="OFF", metadata={"text": "what is said for off"})
    on: str = option(default="", metadata={"text": _ON})


class _Foreign(Driver):
    """Emits what the bridge hears of its device; silent by itself."""

    value_type = None
    hears_mqtt = True

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self.value_type = KINDS[point.kind].value_type
        self._ear: Ear | None = None
        self._emit: Emit | None = None
        self._unfit = ""

    def _open(self, emit: Emit) -> Ear:
        ear = ear_here()
        if ear is None:
            raise DeviceError(
                f"{self.point.id}: {self._source} is heard only by the bridge: name this node in "
                "bridge.node of the site file and run campus bridge"
            )
        self._ear, self._emit = ear, emit
        return ear

    @property
    def _source(self) -> str:
        raise NotImplementedError

    def _take(self, value: Told) -> None:
        kind = KINDS[self.point.kind]
        said = translated(value.value, value.quantity, kind, self.options.on)
        if said is None:
            self._unfit = f"{self._source} says {str(value.value)[:40]!r}, no value of {kind.key}"
            return
        self._unfit = ""
        wrong = value.quality is not Quality.GOOD
        if self._emit is not None:
            self._emit(Sample(said, detail={"device": value.quality.value} if wrong else {}))
            if value.quantity == "action":
                self._emit(Sample(next(word for word in kind.values if word != said)))

    def health(self) -> str:
        return self._unfit

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        kind = KINDS[point.kind]
        if kind.output or kind.value_type is ValueType.BOOLEAN:
            yield (f"kind {kind.key} is no sensor's", "give it the kind of what is measured")
        if options.on and options.on not in kind.values:
            words = ", ".join(kind.values) or "none"
            yield (f"{options.on!r} is no word of {kind.key}", f"use one of its words: {words}")
        if options.on and len(kind.values) != 2:
            yield (f"kind {kind.key} has not two words", "leave `on` out")

    def close(self) -> None:
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.drop(self._listener)

    @property
    def _listener(self) -> Any:
        return self._take


class _OfDevice(_Foreign):
    """One value of a device that its family's messages name."""

    Options = ForeignOptions
    family: ClassVar[Family]

    def start(self, emit: Emit) -> None:
        self._open(emit).listen((self.family, self.options.device), self._hear)

    @property
    def _listener(self) -> Any:
        return self._hear

    @property
    def _source(self) -> str:
        return f"{self.options.device}, {self.options.field}"

    def _hear(self, value: Told) -> None:
        options: ForeignOptions = self.options
        if options.sensor:
            leaf = options.field.rpartition(".")[2]
            if value.sensor == options.sensor and value.field.rpartition(".")[2] == leaf:
                self._take(value)
        elif value.field == options.field:
            self._take(value)

    def away(self) -> str:
        ear = self._ear
        return ear.away(self.family, self.options.device) if ear is not None else ""

    def health(self) -> str:
        ear = self._ear
        battery = ear.doubt(self.family, self.options.device) if ear is not None else ""
        return self._unfit or battery

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"{options.field} of the {cls.family} device {options.device}",)


def _register(of_family: Family) -> None:
    driver = type(f"Foreign_{of_family.name.title()}", (_OfDevice,), {"family": of_family})
    DRIVERS.register(of_family.value)(driver)


for _family in Family:
    if _family is not Family.MQTT:
        _register(_family)


@DRIVERS.register("mqtt")
class Mqtt(_Foreign):
    """One value on one topic, all of it declared in the site file."""

    Options = MqttOptions

    def start(self, emit: Emit) -> None:
        self._open(emit).listen_to_topic(self.options.topic, self._hear)

    @property
    def _listener(self) -> Any:
        return self._hear

    @property
    def _source(self) -> str:
        return f"the topic {self.options.topic}"

    def _hear(self, payload: bytes) -> None:
        try:
            value = self._value(payload)
        except Unreadable as error:
            self._unfit = f"{self._source}: {error}"
            return
        kind, options = KINDS[self.point.kind], self.options
        if kind.value_type is ValueType.NUMBER:
            quantity = kind.measurement if kind.measurement in QUANTITIES else "number"
            found = told(options.topic, quantity, value, options.unit)
            if isinstance(found, Dropped):
                self._unfit = f"{self._source}: {found.reason}"
            else:
                self._take(found)
        else:
            self._take_word(str(value).lower() if isinstance(value, bool) else str(value))

    def _value(self, payload: bytes) -> Any:
        text = text_of(payload, MAX_STATE).strip()
        if not self.options.path:
            return text
        value = json_of(text)
        for step in self.options.path.split("."):
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise Unreadable(f"nothing is at {self.options.path}")
        return value

    def _take_word(self, word: str) -> None:
        said = {self.options.on_payload: STATES["binary"][0],
                self.options.off_payload: STATES["binary"][1]}.get(word, word)  # fmt: skip
        self._take(Told(self.options.topic, "binary", said))

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        yield from super().misfits(point, options, around)
        kind = KINDS[point.kind]
        units = QUANTITIES.get(kind.measurement, {})
        if options.unit and options.unit not in units:
            known = ", ".join(units) or "none"
            yield (f"{options.unit!r} is no unit of {kind.key}", f"use one of: {known}")

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"{options.path or 'the value'} of the topic {options.topic}",)
