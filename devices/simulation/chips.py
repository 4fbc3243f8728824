"""Chips: sensors of two quantities, a clamp's wave, a meter's wheel, and what stirs them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from devices.drivers.adc import FULL
from devices.simulation.actors import ON_SHARE, Later
from devices.simulation.bench import Bench
from devices.simulation.parts import Failure, Switch
from devices.simulation.timetable import PREPARING, Hour

_BEYOND = {"temperature": 125.0, "humidity": 100.0}
PULSE_S = 0.1


class Climate:
    """A sensor of temperature and humidity, at two points; `show` puts both onto the bench."""

    def __init__(self, show: Callable[[float, float], None], gone: Callable[[], None]) -> None:
        self._show = show
        self._gone = gone
        self._values = {"temperature": 20.0, "humidity": 50.0}

    def put(self, quantity: str, value: float) -> None:
        self._values[quantity] = value
        self._show(self._values["temperature"], self._values["humidity"])

    def unplug(self) -> None:
        self._gone()


class Half:
    """One quantity of such a sensor, as a probe that can fail; it knows no power-on value."""

    def __init__(self, climate: Climate, quantity: str) -> None:
        self._climate = climate
        self._quantity = quantity
        self.failure: Failure | None = None

    def show(self, value: float) -> None:
        match self.failure:
            case None:
                self._climate.put(self._quantity, value)
            case Failure.OUT_OF_RANGE:
                self._climate.put(self._quantity, _BEYOND[self._quantity])
            case Failure.FROZEN:
                pass
            case _:
                self._climate.unplug()


class Waved:
    """A clamp's wave on a converter's channel; torn off it has no bias."""

    def __init__(self, bench: Bench, chip: int, channel: int) -> None:
        self._bench = bench
        self._chip = chip
        self._channel = channel
        self.failure: Failure | None = None

    def show(self, rms: float) -> None:
        """Its effective value in steps of the converter."""
        if self.failure is None:
            self._bench.set_wave(self._chip, self._channel, rms)
        elif self.failure is not Failure.FROZEN:
            self._bench.set_channel(self._chip, self._channel, FULL)


@dataclass(slots=True)
class Damp:
    """A room's humidity: a slow sway about its own middle."""

    half: Half
    random: Random
    middle: float

    def step(self, hour: Hour, seconds: float) -> None:
        sway = 4.0 * math.sin(2 * math.pi * hour.minute / 480)
        self.half.show(self.middle + sway + self.random.gauss(0, 0.05))

    def recover(self) -> None:
        self.half.failure = None


@dataclass(slots=True)
class Busy:
    """People or equipment: there or on by lot, anew in each part of the day."""

    switch: Switch
    random: Random
    part: int = -1

    def step(self, hour: Hour, seconds: float) -> None:
        if self.part != hour.part:
            self.part = hour.part
            self.switch.wish(self.random.random() < ON_SHARE.get(hour.slot, 0.0))

    def recover(self) -> None:
        self.switch.release()


@dataclass(slots=True)
class Wheel:
    """A meter's contact: it turns while the kitchen works, and drips at night."""

    bench: Bench
    gpio: int
    later: Later
    random: Random
    owed: float = 0.0

    def step(self, hour: Hour, seconds: float) -> None:
        per_s = 0.25 if hour.within(PREPARING) else 0.002
        self.owed = min(self.owed + per_s * seconds * self.random.uniform(0.5, 1.5), 2.0)
        if self.owed >= 1.0:
            self.owed -= 1.0
            self.bench.set_pin(self.gpio, False, bounces=1)
            self.later(PULSE_S, lambda: self.bench.set_pin(self.gpio, True))

    def recover(self) -> None:
        self.bench.set_pin(self.gpio, True)
