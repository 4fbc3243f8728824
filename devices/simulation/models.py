"""Physics of cold units, hot cabinets, rooms and equipment: first-order models (pure)."""

import math
from dataclasses import dataclass
from random import Random

HOUR = 3600.0
STEP_S = 20.0
"""The longest step; a thermostat must not overshoot when time is made to pass quickly."""


def relax(value: float, target: float, seconds: float, tau: float) -> float:
    """Where `value` is after `seconds` on its exponential way to `target`."""
    return target + (value - target) * math.exp(-seconds / tau)


def pieces(seconds: float) -> list[float]:
    """`seconds` in steps of at most STEP_S."""
    count = max(1, math.ceil(seconds / STEP_S))
    return [seconds / count] * count if seconds > 0 else []


@dataclass(frozen=True, slots=True)
class ColdDesign:
    """°C and seconds. `floor` is where an ever-running compressor would end."""

    set_point: float
    band: float
    floor: float
    cooling_tau: float
    leak_tau: float
    defrost_every: float = 0.0
    """Seconds between defrosts; 0: none."""
    defrost_to: float = 2.0
    """Where an endless defrost would end."""


FRIDGE = ColdDesign(4.0, 1.1, -18.0, 1.5 * HOUR, 3 * HOUR, defrost_to=10.0)
SAMPLE_FRIDGE = ColdDesign(3.6, 0.8, -18.0, 1.5 * HOUR, 3.5 * HOUR, defrost_to=10.0)
FREEZER = ColdDesign(-20.0, 1.5, -38.0, 1.5 * HOUR, 6 * HOUR, defrost_every=6 * HOUR)

OPEN_TAU = 20 * 60.0
"""An open door: from 4 °C over 8 °C in about five minutes."""
FAULT_TAU = 150.0
"""A fault that a demonstration can wait for: over 8 °C within a minute."""
DEFROST_S = 20 * 60.0


class ColdUnit:
    """A fridge or freezer with a thermostat; `door_open` and `failed` are set from outside."""

    def __init__(self, design: ColdDesign, random: Random) -> None:
        self.design = design
        self.temperature = design.set_point + random.uniform(-0.8, 0.8) * design.band
        self.cooling = random.random() < 0.3
        self.door_open = False
        self.failed = False
        self.powered = True
        self.iced = False
        """Set from outside: it defrosts now, whatever its own clock says."""
        self._age = random.uniform(0, design.defrost_every)

    def step(self, seconds: float, ambient: float) -> None:
        for piece in pieces(seconds):
            self._age += piece
            self._thermostat()
            self.temperature = self._after(piece, ambient)

    @property
    def defrosting(self) -> bool:
        every = self.design.defrost_every
        return self.iced or (every > 0 and self._age % every < DEFROST_S)

    def _thermostat(self) -> None:
        design = self.design
        if self.temperature > design.set_point + design.band:
            self.cooling = True
        elif self.temperature < design.set_point - design.band:
            self.cooling = False

    def _after(self, seconds: float, ambient: float) -> float:
        design, now = self.design, self.temperature
        if self.failed:
            return relax(now, ambient, seconds, FAULT_TAU)
        if self.door_open:
            return relax(now, ambient, seconds, OPEN_TAU)
        if not self.powered:
            return relax(now, ambient, seconds, design.leak_tau)
        if self.defrosting:
            return relax(now, max(design.defrost_to, now), seconds, HOUR)
        if self.cooling:
            return relax(now, design.floor, seconds, design.cooling_tau)
        return relax(now, ambient, seconds, design.leak_tau)


class HotCabinet:
    """Hot holding: a thermostat at 66 to 70 °C while heated, else it cools to the room's."""

    LOW, HIGH = 66.0, 70.0

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature
        self._on = True

    def step(self, seconds: float, ambient: float, heated: bool) -> None:
        for piece in pieces(seconds):
            if self.temperature > self.HIGH:
                self._on = False
            elif self.temperature < self.LOW:
                self._on = True
            if heated and self._on:
                self.temperature = relax(self.temperature, 95.0, piece, 8 * 60)
            else:
                self.temperature = relax(self.temperature, ambient, piece, 35 * 60)


class Room:
    """A room's temperature on its way to what the hour asks for; `windows` lets the outside in."""

    TAU = 40 * 60.0
    WINDOW_TAU = 15 * 60.0
    """With every window open; the walls keep a room from reaching what is outside."""

    def __init__(self, temperature: float, random: Random) -> None:
        self.offset = random.uniform(-0.8, 0.8)
        self.temperature = temperature + self.offset
        self.windows = 0.0
        """The share of the windows that is open."""

    def step(self, seconds: float, target: float, outdoor: float = 0.0) -> None:
        inside, outside = 1 / self.TAU, self.windows / self.WINDOW_TAU
        level = ((target + self.offset) * inside + outdoor * outside) / (inside + outside)
        self.temperature = relax(self.temperature, level, seconds, 1 / (inside + outside))


class Breath:
    """Carbon dioxide of a room by who breathes in it and how its air changes (mass balance).

    A sitting pupil of primary school gives some 0.013 m³ an hour; a classroom holds 200 m³.
    """

    OUTSIDE_PPM = 420.0
    PUPIL_PPM_PER_HOUR = 0.013 / 200 * 1e6
    SHUT, DOORS, WINDOWS = 0.7, 1.5, 12.0
    """Air changes an hour: windows shut, more with people at the door, more with all open."""

    def __init__(self) -> None:
        self.ppm = self.OUTSIDE_PPM + 40.0

    def step(self, seconds: float, people: float, windows: float) -> None:
        changes = self.SHUT + (self.DOORS if people else 0.0) + self.WINDOWS * windows
        level = self.OUTSIDE_PPM + people * self.PUPIL_PPM_PER_HOUR / changes
        self.ppm = relax(self.ppm, level, seconds, HOUR / changes)


class DisinfectionCabinet:
    """A disinfection cabinet: its heater swings around 123 °C while on, then it cools."""

    LOW, HIGH = 122.4, 124.0

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature
        self._heats = True

    def step(self, seconds: float, ambient: float, on: bool) -> None:
        for piece in pieces(seconds):
            if self.temperature > self.HIGH:
                self._heats = False
            elif self.temperature < self.LOW:
                self._heats = True
            if on and self._heats:
                self.temperature = relax(self.temperature, 150.0, piece, 300.0)
            else:
                self.temperature = relax(self.temperature, ambient, piece, 25 * 60)


class GasCell:
    """ppm at a gas sensor: clean air, what cooking adds, and a leak while one is there."""

    CLEAN, COOKING, LEAK = 120.0, 220.0, 6500.0

    def __init__(self) -> None:
        self.ppm = self.CLEAN

    def step(self, seconds: float, cooking: bool, leak: bool) -> None:
        level = self.LEAK if leak else self.CLEAN + (self.COOKING if cooking else 0.0)
        self.ppm = relax(self.ppm, level, seconds, 240.0 if leak else 600.0)


class Equipment:
    """What a classroom's screen and computer draw: 80 to 350 W on, under 5 W on standby."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.standby = random.uniform(2.0, 4.5)
        self.level = random.uniform(120.0, 320.0)
        self.on = False

    def switch(self, on: bool) -> None:
        if on and not self.on:
            self.level = self._random.uniform(120.0, 320.0)
        self.on = on

    def watts(self) -> float:
        """The draw at this moment, with its ripple."""
        if not self.on:
            return self.standby
        return min(max(self.level + self._random.gauss(0.0, 4.0), 80.0), 350.0)
