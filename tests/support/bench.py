"""One driver on a bench of mock hardware, with what it told."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, driver_options
from devices.model import Sample, Value
from devices.service import Clock
from devices.simulation.bench import Bench
from tests.support.waiting import eventually

KEY = "a key of this test, no other"

SOUND: dict[str, tuple[str, dict[str, Any]]] = {
    "contact": ("gate", {"gpio": 17}),
    "button": ("panic", {"gpio": 6}),
    "onewire": ("temperature-cold", {"address": "28-00299a408dc3"}),
    "analog": ("humidity", {"chip": 0, "channel": 3, "low": 0.0, "high": 100.0}),
    "power": ("power", {"chip": 1, "channel": 7}),
    "wiegand": ("access", {"d0": 23, "d1": 24}),
    "beacon": ("beacon", {"lamp": 26, "buzzer": 19}),
    "siren": ("siren", {"gpio": 16}),
    "relay": ("relay", {"gpio": 20}),
}
"""For each driver a kind and options that it works with."""


class Told:
    """What a driver emitted, in order, from whatever thread."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.threads: set[str] = set()

    def __call__(self, sample: Sample) -> None:
        self.samples.append(sample)
        self.threads.add(threading.current_thread().name)

    @property
    def values(self) -> list[Value]:
        return [sample.value for sample in self.samples]

    def eventually(self, *values: Value, within: float = 5.0) -> None:
        """Wait until exactly these were told, in this order."""
        wanted = list(values)
        eventually(lambda: len(self.values) >= len(wanted), within=within, what=f"{wanted}")
        assert self.values == wanted


def point_for(driver: str, **options: Any) -> Point:
    """A point that uses `driver` with sound options, some replaced."""
    kind, sound = SOUND[driver]
    return Point("test/point", kind, "pi", "room", "点", driver=driver, options=sound | options)


def driver_for(point: Point) -> Driver:
    return DRIVERS[point.driver](point, driver_options(point))


class Lab:
    """A bench on which drivers are opened; `close` closes them all."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, Clock())
        self.allowed = folder / "allowed-cards.txt"
        self._drivers: list[Driver] = []

    def install(self, allowed: str = "") -> None:
        self.bench.install(KEY, allowed)

    def open(self, driver: str, **options: Any) -> tuple[Driver, Told]:
        """A started driver and what it tells."""
        opened = driver_for(point_for(driver, **options))
        self._drivers.append(opened)
        told = Told()
        opened.start(told)
        return opened, told

    def make_ready(self, driver: str) -> Mapping[str, Any]:
        """Put what `driver` needs onto the bench, at a calm level; its options."""
        options = SOUND[driver][1]
        match driver:
            case "contact":
                self.bench.set_pin(options["gpio"], False)
            case "onewire":
                self.bench.show_temperature(options["address"], 4.25)
            case "analog" | "power":
                self.bench.set_channel(options["chip"], options["channel"], 100)
        return options

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        self.bench.remove()
