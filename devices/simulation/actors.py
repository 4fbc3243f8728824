"""Actors: each lives one point's part of the day and shows it on the bench."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from devices.simulation.models import (
    ColdUnit,
    DisinfectionCabinet,
    Equipment,
    HotCabinet,
    Room,
)
from devices.simulation.parts import FULL, Failure, Probe, Switch
from devices.simulation.timetable import COOKING, DISINFECTING, HEATING, PREPARING, Hour, Slot

Later = Callable[[float, Callable[[], None]], None]
"""Has something done so many seconds of the world's time from now."""

KITCHEN_C = 4.0
"""°C that cooking adds to a kitchen."""


class Shows(Protocol):
    """A sensor on the bench: what it shows, and how it fails."""

    failure: Failure | None

    def show(self, value: float, /) -> None: ...


class Actor(Protocol):
    """`step` moves its part of the world on and shows it; `recover` ends its mishaps."""

    def step(self, hour: Hour, seconds: float) -> None: ...

    def recover(self) -> None: ...


def happens(random: Random, per_hour: float, seconds: float) -> bool:
    """Whether something that happens so often does so in these seconds."""
    return random.random() < per_hour * seconds / 3600


@dataclass(slots=True)
class Cold:
    """A cold unit's probe; kitchen staff open its door, and it warms while that is open."""

    probe: Probe
    unit: ColdUnit
    door: Switch | None
    later: Later
    random: Random

    def step(self, hour: Hour, seconds: float) -> None:
        if self.door is not None:
            self.unit.door_open = self.door.tripped
            busy = hour.within(PREPARING) and not self.door.tripped
            if busy and happens(self.random, 4.0, seconds):
                self._open_for(self.door, self.random.uniform(6, 20))
        self.unit.step(seconds, hour.indoor + 3.0)
        self.probe.show(self.unit.temperature)

    def recover(self) -> None:
        self.probe.failure = None
        self.unit.failed = False

    def _open_for(self, door: Switch, seconds: float) -> None:
        door.wish(True)
        self.later(seconds, lambda: door.wish(False))


@dataclass(slots=True)
class Hot:
    """A hot cabinet's probe."""

    probe: Probe
    cabinet: HotCabinet

    def step(self, hour: Hour, seconds: float) -> None:
        self.cabinet.step(seconds, hour.indoor + 2.0, hour.within(HEATING))
        self.probe.show(self.cabinet.temperature)

    def recover(self) -> None:
        self.probe.failure = None


@dataclass(slots=True)
class Cabinet:
    """A disinfection cabinet's probe: one cycle at 121 °C before each school meal."""

    probe: Probe
    cabinet: DisinfectionCabinet

    def step(self, hour: Hour, seconds: float) -> None:
        self.cabinet.step(seconds, hour.indoor, hour.within(DISINFECTING))
        self.probe.show(self.cabinet.temperature)

    def recover(self) -> None:
        self.probe.failure = None


@dataclass(slots=True)
class Patrol:
    """A patrol point: the guard presses it every couple of hours, day and night."""

    switch: Switch
    later: Later
    random: Random
    due: float = -1.0

    def step(self, hour: Hour, seconds: float) -> None:
        if self.due < 0:
            self.due = self.random.uniform(1, 3) * 3600
        self.due -= seconds
        if self.due <= 0:
            self.due = self.random.uniform(2, 3.5) * 3600
            self.switch.wish(True)
            self.later(2.0, lambda: self.switch.wish(False))

    def recover(self) -> None:
        self.switch.release()


@dataclass(slots=True)
class Air:
    """A room's temperature probe; `cool` keeps a server room's steady."""

    probe: Shows
    room: Room
    kitchen: bool
    cool: bool

    def step(self, hour: Hour, seconds: float) -> None:
        target = 22.0 if self.cool else hour.indoor
        if self.kitchen and hour.within(COOKING):
            target += KITCHEN_C
        self.room.step(seconds, target)
        wave = 0.6 * math.sin(2 * math.pi * hour.minute / 25) if self.cool else 0.0
        self.probe.show(self.room.temperature + wave)

    def recover(self) -> None:
        self.probe.failure = None


@dataclass(slots=True)
class Level:
    """A slowly swaying level on a converter channel, as a share of its range."""

    wire: Shows
    middle: float
    sway: float
    phase: float
    random: Random

    def step(self, hour: Hour, seconds: float) -> None:
        turn = 2 * math.pi * (hour.minute / 360 + self.phase)
        share = self.middle + self.sway * math.sin(turn) + self.random.gauss(0, 0.001)
        self.wire.show(share * FULL)

    def recover(self) -> None:
        self.wire.failure = None


ON_SHARE = {
    Slot.LESSON: 0.85, Slot.BREAK: 0.5, Slot.LUNCH: 0.1, Slot.CLUBS: 0.3,
}  # fmt: skip
"""The share of rooms whose equipment is on, by the part of the day."""


@dataclass(slots=True)
class Power:
    """A clamp on a room's equipment; `always` is a server rack, `left_on` a mishap."""

    wire: Shows
    equipment: Equipment
    rated_watts: float
    zero: int
    always: float
    random: Random
    left_on: bool = False
    part: int = -1

    def step(self, hour: Hour, seconds: float) -> None:
        if self.part != hour.part:
            self.part = hour.part
            self.equipment.switch(self.random.random() < ON_SHARE.get(hour.slot, 0.0))
        if self.left_on:
            self.equipment.switch(True)
        self.wire.show(self.zero + self._watts() / self.rated_watts * (FULL - self.zero))

    def _watts(self) -> float:
        if self.always:
            return self.always + self.random.gauss(0, 8)
        return self.equipment.watts()

    def recover(self) -> None:
        self.wire.failure = None
        if self.left_on:
            self.left_on, self.part = False, -1


@dataclass(slots=True)
class Door:
    """A room's door: open at arrival and in some breaks, passed through during the day."""

    switch: Switch
    later: Later
    random: Random
    public: bool
    """Whether pupils use it; others (a server room) are passed through once or twice a day."""
    part: int = -1

    def step(self, hour: Hour, seconds: float) -> None:
        if self.part != hour.part:
            self.part = hour.part
            share = {Slot.ARRIVAL: 1.0, Slot.BREAK: 0.4, Slot.RELEASE: 0.5}.get(hour.slot, 0.0)
            self.switch.wish(self.public and self.random.random() < share)
        passed = (4.0 if self.public else 0.1) if hour.occupied else 0.0
        if not self.switch.tripped and happens(self.random, passed, seconds):
            self.switch.wish(True)
            self.later(self.random.uniform(3, 15), lambda: self.switch.wish(False))

    def recover(self) -> None:
        self.switch.release()


@dataclass(slots=True)
class Still:
    """A switch that only mishaps and people's fingers move: leak, button, a cold unit's door."""

    switch: Switch

    def step(self, hour: Hour, seconds: float) -> None:
        pass

    def recover(self) -> None:
        self.switch.release()
