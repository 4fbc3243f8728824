"""DHT22: temperature and humidity through the kernel's own driver, the only one quick enough."""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, Emit, Surroundings
from devices.drivers.pins import Gpio
from devices.drivers.sharing import Pool
from devices.drivers.sht3x import Climate, not_climate, of_climate
from devices.errors import DeviceError
from devices.model import Sample, ValueType
from devices.service import Clock

CLOCK = Clock()
FOLDER_VARIABLE = "CAMPUS_IIO_FOLDER"
FOLDER = "/sys/bus/iio/devices"
SPACING_S = 2.0
"""The sensor measures no more often (data sheet); asked earlier, it answers with nothing."""
TRIES = 2
JUMP_C = 5.0
"""Air does not change so much between two readings: the second of two such is believed."""
LOW_C, HIGH_C = -40.0, 80.0
DRY, SOAKED, NEAR = 0.0, 99.9, 10.0
STUCK = 10
"""So many readings at the end of its scale are a sensor that is stuck there."""


@dataclass(frozen=True, slots=True)
class Dht22Options:
    gpio: Gpio = field(
        metadata={"text": "BCM number of its pin, as in `dtoverlay=dht11,gpiopin=4`"}
    )
    folder: str = field(
        default="",
        metadata={"text": f"where the kernel shows its sensors; empty: `{FOLDER_VARIABLE}`, else "
                  f"`{FOLDER}`"},
    )  # fmt: skip


class Plausible:
    """What of a DHT22's readings is believed, by those before (pure)."""

    def __init__(self) -> None:
        self._last: Climate | None = None
        self._at_end = 0
        self.jump = ""

    def take(self, climate: Climate) -> bool:
        """Whether it is believed; `jump` says why not, until one is believed again.

        Raises ValueError where the humidity is stuck at an end of the scale.
        """
        before, self._last = self._last, climate
        self._judge_humidity(climate.humidity, before)
        if before is None or abs(climate.temperature - before.temperature) <= JUMP_C:
            self.jump = ""
            return True
        self.jump = f"jumped from {before.temperature:.1f} to {climate.temperature:.1f} °C"
        return False

    def _judge_humidity(self, humidity: float, before: Climate | None) -> None:
        if DRY < humidity < SOAKED:
            self._at_end = 0
            return
        self._at_end += 1
        near = before is not None and abs(before.humidity - humidity) <= NEAR
        if not near or self._at_end > STUCK:
            raise ValueError(f"its humidity is stuck at {humidity:.1f} %")


class _Sensor:
    """One sensor, read for both its points."""

    def __init__(self, where: str, gpio: int, folder: Path) -> None:
        self._gpio = gpio
        self._folder = folder
        self._lock = threading.Lock()
        self._plausible = Plausible()
        self._read_at = -SPACING_S
        self._climate: Climate | None = None
        self._had: set[str] = set()
        self._device(where)

    def read(self, where: str) -> Climate | None:
        """A reading that `where` has not had yet; None: not believed. Raises DeviceError."""
        with self._lock:
            if where in self._had or CLOCK.monotonic() - self._read_at > SPACING_S:
                self._had = set()
                self._climate = self._measure(where)
            self._had.add(where)
            return self._climate

    @property
    def doubt(self) -> str:
        jump = self._plausible.jump
        return (
            f"{self._name} {jump} in one reading, which was dropped: check its cable"
            if jump
            else ""
        )

    def close(self) -> None:
        """Nothing stays open."""

    @property
    def _name(self) -> str:
        return f"the DHT22 on GPIO{self._gpio}"

    def _measure(self, where: str) -> Climate | None:
        reason = ""
        for _ in range(TRIES):
            time.sleep(max(self._read_at + SPACING_S - CLOCK.monotonic(), 0.0))
            try:
                climate = self._ask(where)
                return climate if self._plausible.take(climate) else None
            except OSError as error:
                if isinstance(error, DeviceError):
                    raise
                reason = f"does not answer ({error.strerror})"
            except ValueError as error:
                reason = f"answers wrongly ({error})"
            finally:
                self._read_at = CLOCK.monotonic()
        raise DeviceError(
            f"{where}: {self._name} {reason}: check its plug, its cable (under 10 m) and the 10 kΩ "
            "pull-up, or replace it"
        )

    def _ask(self, where: str) -> Climate:
        device = self._device(where)
        warm, damp = (
            int((device / name).read_text("ascii")) / 1000
            for name in ("in_temp_input", "in_humidityrelative_input")
        )
        if not LOW_C <= warm <= HIGH_C or not 0 <= damp <= 100:
            raise ValueError(f"{warm:g} °C, {damp:g} % is beyond what it can measure")
        return Climate(warm, damp)

    def _device(self, where: str) -> Path:
        """Its folder; its number may change when the kernel's driver is loaded again."""
        found = {
            device: _pin(device)
            for device in sorted(self._folder.glob("iio:device*"))
            if _text(device / "name").startswith("dht11")
        }
        for device, gpio in found.items():
            if gpio == self._gpio or (gpio is None and len(found) == 1):
                return device
        others = ", ".join(f"GPIO{gpio}" for gpio in found.values() if gpio is not None)
        raise DeviceError(
            f"{where}: the kernel has no DHT22 on GPIO{self._gpio}"
            + (f" (but on {others})" if others else "")
            + f": add dtoverlay=dht11,gpiopin={self._gpio} to /boot/firmware/config.txt and restart"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace")
    except OSError:
        return ""


def _pin(device: Path) -> int | None:
    """The pin of the kernel's sensor: the second cell of its `gpios` in the device tree."""
    try:
        cells = (device / "of_node" / "gpios").read_bytes()
    except OSError:
        return None
    return int.from_bytes(cells[4:8], "big") if len(cells) >= 8 else None


_SENSORS: Pool[_Sensor] = Pool()


@DRIVERS.register("dht22")
class Dht22(Driver):
    """°C or % by the point's kind; two points share a sensor, which is read once for both."""

    Options = Dht22Options
    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._sensor: _Sensor | None = None

    @classmethod
    def pins(cls, options: Dht22Options) -> tuple[str, ...]:
        return (f"GPIO{options.gpio}+dht22",)

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        yield from not_climate(point)

    def start(self, emit: Emit) -> None:
        options: Dht22Options = self.options
        folder = Path(options.folder or os.environ.get(FOLDER_VARIABLE) or FOLDER)
        self._key = (options.gpio, folder)
        self._sensor = _SENSORS.take(
            self._key, lambda: _Sensor(self.point.id, options.gpio, folder)
        )

    def sample(self) -> Iterable[Sample]:
        if self._sensor is None:
            raise DeviceError(f"{self.point.id} is not open")
        climate = self._sensor.read(self.point.id)
        return [] if climate is None else [Sample(of_climate(self.point, climate))]

    def health(self) -> str:
        sensor = self._sensor
        return sensor.doubt if sensor is not None else ""

    def close(self) -> None:
        sensor, self._sensor = self._sensor, None
        if sensor is not None:
            _SENSORS.give_back(self._key)
