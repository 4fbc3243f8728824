"""Gauges: what each kind of point truly shows at a moment of a simulated course (no sensor fault).

A gauge is asked in the order of time; those of one room share that room's air.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from devices.model import Kind, Value
from devices.simulation.air import Elapsed
from devices.simulation.models import (
    HOUR,
    ColdDesign,
    ColdUnit,
    DisinfectionCabinet,
    Equipment,
    GasCell,
    HotCabinet,
    relax,
)
from devices.simulation.openings import Openings
from devices.simulation.script import Span, during
from devices.simulation.timetable import (
    COOKING,
    DISINFECTING,
    HEATING,
    SERVING,
    Slot,
)
from devices.simulation.weather import Moment

CALM = ("closed", "released", "dry", "mains", "up", "off", "clear", "ok", "normal", "idle")
"""The words of text kinds for nothing being the matter."""


class Gauge(Protocol):
    """`read` gives the true value at a time, which never goes back."""

    def read(self, moment: Moment, ms: int) -> Value: ...


_ON_SHARE = {Slot.LESSON: 0.85, Slot.BREAK: 0.5, Slot.LUNCH: 0.1, Slot.CLUBS: 0.3}


@dataclass(slots=True)
class ColdGauge:
    """A cold unit; who opens its door, and what happens to it."""

    unit: ColdUnit
    openings: Openings
    defrosts: Sequence[Span]
    failures: Sequence[Span]
    cuts: Sequence[Span]
    random: Random
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        before = self._elapsed.at
        seconds = self._elapsed.seconds(ms)
        unit, ambient = self.unit, moment.indoor + 3.0
        unit.iced = during(self.defrosts, ms)
        unit.powered = not (during(self.failures, ms) or during(self.cuts, ms))
        opened = min(self.openings.seconds_open(before, ms), seconds) if seconds else 0.0
        if opened:
            unit.door_open = True
            unit.step(opened, ambient)
            unit.door_open = False
        unit.step(seconds - opened, ambient)
        return unit.temperature + self.random.gauss(0, 0.03)


@dataclass(slots=True)
class HotGauge:
    cabinet: HotCabinet
    rushes: Sequence[Span]
    cuts: Sequence[Span]
    random: Random
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        hour, cabinet = moment.hour, self.cabinet
        seconds = self._elapsed.seconds(ms)
        heated = hour.within(HEATING) and not during(self.cuts, ms)
        cabinet.step(seconds, moment.indoor + 2.0, heated)
        rush = during(self.rushes, ms)
        if rush or hour.within(SERVING):
            # Its lid is lifted for each helping.
            cabinet.temperature = relax(
                cabinet.temperature, moment.indoor, seconds, 0.6 * HOUR if rush else 3 * HOUR
            )
        return cabinet.temperature + self.random.gauss(0, 0.05)


@dataclass(slots=True)
class CabinetGauge:
    cabinet: DisinfectionCabinet
    stops: Sequence[Span]
    random: Random
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        on = moment.hour.within(DISINFECTING) and not during(self.stops, ms)
        self.cabinet.step(self._elapsed.seconds(ms), moment.indoor, on)
        return self.cabinet.temperature + self.random.gauss(0, 0.05)


@dataclass(slots=True)
class GasGauge:
    cell: GasCell
    leaks: Sequence[Span]
    random: Random
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        cooking = moment.hour.within(COOKING)
        self.cell.step(self._elapsed.seconds(ms), cooking, during(self.leaks, ms))
        return max(self.cell.ppm + self.random.gauss(0, 12.0 if cooking else 4.0), 0.0)


@dataclass(slots=True)
class PowerGauge:
    """A clamp on a room's equipment; `always` is a server rack's draw in W."""

    equipment: Equipment
    always: float
    left_on: Sequence[Span]
    cuts: Sequence[Span]
    random: Random
    _part: int = -1

    def read(self, moment: Moment, ms: int) -> Value:
        if self.always:
            return self.always + self.random.gauss(0, 8)
        hour = moment.hour
        if self._part != hour.part:
            self._part = hour.part
            self.equipment.switch(self.random.random() < _ON_SHARE.get(moment.slot, 0.0))
        if during(self.left_on, ms):
            self.equipment.switch(True)
        if during(self.cuts, ms):
            return 0.0
        return max(self.equipment.watts(), 0.0)


@dataclass(slots=True)
class RackGauge:
    """A server room's intake, held by its air conditioner, which a power cut stops."""

    random: Random
    cuts: Sequence[Span]
    temperature: float = 22.0
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        wave = 0.6 * math.sin(2 * math.pi * ms / 1_500_000)
        target, tau = (45.0, 1.5 * HOUR) if during(self.cuts, ms) else (22.0 + wave, 500.0)
        self.temperature = relax(self.temperature, target, self._elapsed.seconds(ms), tau)
        return self.temperature + self.random.gauss(0, 0.03)


@dataclass(slots=True)
class ChargeGauge:
    """A UPS battery: empty in an hour and a half on battery, full again in four."""

    cuts: Sequence[Span]
    charge: float = 100.0
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        rate = -100 / 5400 if during(self.cuts, ms) else 100 / 14400
        self.charge = min(max(self.charge + rate * self._elapsed.seconds(ms), 0.0), 100.0)
        return self.charge


@dataclass(slots=True)
class Counter:
    """What counts up: lamp hours while lessons are on, hours since the nightly backup."""

    value: float
    nightly: bool
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def read(self, moment: Moment, ms: int) -> Value:
        if self.nightly:
            return ((moment.hour.minute - 60) % 1440) / 60
        if moment.slot is Slot.LESSON:
            self.value += self._elapsed.seconds(ms) / HOUR
        else:
            self._elapsed.seconds(ms)
        return self.value


@dataclass(slots=True)
class Sway:
    """What has no model of its own: a slow sway around a middle, with ripple."""

    middle: float
    sway: float
    ripple: float
    random: Random
    phase: float

    def read(self, moment: Moment, ms: int) -> Value:
        turn = 2 * math.pi * (ms / 21_600_000 + self.phase)
        return self.middle + self.sway * math.sin(turn) + self.random.gauss(0, self.ripple)


@dataclass(slots=True)
class Word:
    """A text kind that says `calm`, and `alarmed` in some spans or while `tripped` says so."""

    calm: str
    alarmed: str
    spans: Sequence[Span]
    tripped: Callable[[int], bool] | None = None

    def read(self, moment: Moment, ms: int) -> Value:
        on = during(self.spans, ms) or (self.tripped is not None and self.tripped(ms))
        return self.alarmed if on else self.calm


def calm_word(kind: Kind) -> tuple[str, str]:
    """The word of a text kind for nothing being the matter, and the one for the opposite."""
    calm = next((word for word in kind.values if word in CALM), "")
    if not calm:
        calm = kind.values[0] if kind.values else "ok"
    other = next((word for word in kind.values if word != calm), calm)
    return calm, other


def varied(design: ColdDesign, random: Random) -> ColdDesign:
    """A unit like `design`, but no two of them alike."""
    return replace(
        design,
        set_point=design.set_point + random.uniform(-0.5, 0.5),
        band=design.band * random.uniform(0.8, 1.2),
        cooling_tau=design.cooling_tau * random.uniform(0.8, 1.25),
        leak_tau=design.leak_tau * random.uniform(0.8, 1.25),
    )
