"""Bench: the mock hardware of one node; what happens in the world arrives here as levels."""

import math
import os
import shutil
import threading
from pathlib import Path
from typing import Any

from devices.drivers.adc import FULL
from devices.drivers.cards import ALLOW_FILE_VARIABLE, KEY_FILE_VARIABLE, KEY_VARIABLE
from devices.drivers.dht22 import FOLDER_VARIABLE as IIO_VARIABLE
from devices.drivers.frames import SILENCE_S
from devices.drivers.host import ROOT_VARIABLE
from devices.drivers.i2c import BUSES
from devices.drivers.networked import REACHED
from devices.drivers.onewire import FOLDER_VARIABLE, crc8
from devices.errors import DeviceError
from devices.service import Clock
from devices.simulation.agents import PretendAgent
from devices.simulation.mocki2c import MockBus, MockSht3x
from devices.simulation.projectors import PretendProjector

Equipment = PretendProjector | PretendAgent

_OURS = (
    ROOT_VARIABLE, FOLDER_VARIABLE, IIO_VARIABLE, ALLOW_FILE_VARIABLE, KEY_VARIABLE,
    KEY_FILE_VARIABLE,
)  # fmt: skip

_HARDWARE = Clock()
"""Chips and the mains know no other time than the machine's, whatever hour the school plays."""


class Bench:
    """Pins, converters, a 1-Wire bus and card files, for this process only.

    `install` puts gpiozero on mock pins and sets the environment that drivers read; `remove` puts
    both back. Levels can be set from any one thread at a time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self.bus = folder / "w1"
        self.iio = folder / "iio"
        self.kept = folder / "kept"
        """Where the node's drivers keep what outlasts a restart."""
        self.i2c: dict[int, MockBus] = {1: MockBus()}
        self.network: dict[int, Equipment] = {}
        self._lent: set[tuple[str, int]] = set()
        self._factory: Any = None
        self._before: Any = None
        self._environment: dict[str, str | None] = {}
        self._shown: dict[str, int] = {}
        self._last_pulse = 0.0
        self._pause = threading.Event()

    def install(self, card_key: str, allowed: str) -> None:
        """`allowed` is the text of the allow-list file. Raises DeviceError without gpiozero."""
        try:
            from gpiozero import Device

            from devices.simulation.mockpins import BenchFactory
        except ImportError as error:
            raise DeviceError(
                f"a simulated node needs gpiozero ({error}): pip install 'campus-monitor[node]'"
            ) from error
        for kernels in (self.bus, self.iio):
            shutil.rmtree(kernels, ignore_errors=True)
            kernels.mkdir(parents=True)
        list_file = self._folder / "allowed-cards.txt"
        list_file.write_text(allowed, "utf-8")
        self._environment = {name: os.environ.get(name) for name in _OURS}
        os.environ[FOLDER_VARIABLE] = str(self.bus)
        os.environ[IIO_VARIABLE] = str(self.iio)
        os.environ[ALLOW_FILE_VARIABLE] = str(list_file)
        os.environ[KEY_VARIABLE] = card_key
        self._before, self._factory = Device.pin_factory, BenchFactory()
        Device.pin_factory = self._factory
        self._opener, BUSES.opener = BUSES.opener, self._open_i2c

    def remove(self) -> None:
        """Give pins and environment back; harmless when called again."""
        if self._factory is None:
            return
        from gpiozero import Device

        Device.pin_factory = self._before
        BUSES.opener = self._opener
        self._factory.close()
        self._factory = None
        for equipment in self.network.values():
            equipment.close()
        self.network.clear()
        for address in self._lent:
            REACHED.pop(address, None)
        self._lent.clear()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def set_pin(self, gpio: int, level: bool, bounces: int = 0) -> None:
        """The level of an input's wire, after some bounces within microseconds."""
        pin = self._factory.pin(gpio)
        if pin.wire != level:
            for _ in range(bounces):
                pin.drive(level)
                pin.drive(not level)
        pin.drive(level)

    def edge(self, gpio: int, level: bool, at: float) -> None:
        """One edge with its own stamp, so that time on a line need not pass for real."""
        self._factory.pin(gpio).drive(level, at)

    def slip_past(self, gpio: int, level: bool) -> None:
        """Change an input's level without an edge being told, as a busy kernel may."""
        self._factory.pin(gpio).slip_past(level)

    def output(self, gpio: int) -> bool:
        """What a driver has set an output to."""
        return bool(self._factory.pin(gpio).state)

    def pulse(self, d0: int, d1: int, bits: str) -> None:
        """A Wiegand frame as short low pulses, at least a frame's silence after the last one."""
        wait = self._last_pulse + 2 * SILENCE_S - self._clock.monotonic()
        if 0 < wait <= 2 * SILENCE_S:
            self._pause.wait(wait)
        lines = {"0": self._factory.pin(d0), "1": self._factory.pin(d1)}
        for bit in bits:
            lines[bit].drive(False)
            lines[bit].drive(True)
        self._last_pulse = self._clock.monotonic()

    def set_channel(self, chip: int, channel: int, raw: float) -> None:
        """A converter channel's level, limited to 0 … 1023."""
        self._factory.converters[chip][channel] = min(max(round(raw), 0), FULL)

    def set_wave(self, chip: int, channel: int, rms: float, bias: float = 511.5) -> None:
        """A converter channel's level as a 50 Hz sine from now on, in raw steps."""

        def level() -> int:
            turn = 2 * math.pi * 50 * _HARDWARE.monotonic()
            return min(max(round(bias + rms * math.sqrt(2) * math.sin(turn)), 0), FULL)

        self._factory.converters[chip][channel] = level

    def show_temperature(self, address: str, celsius: float) -> None:
        """What a DS18B20 answers from now on; plugs it in."""
        raw = round(min(max(celsius, -55.0), 125.0) * 16)
        if self._shown.get(address) == raw:
            return
        self._shown[address] = raw
        sensor = self.bus / address
        sensor.mkdir(exist_ok=True)
        fresh = sensor / "w1_slave.new"
        fresh.write_text(w1_slave(raw), "ascii")
        fresh.replace(sensor / "w1_slave")

    def show_dht22(self, gpio: int, temperature: float, humidity: float) -> None:
        """What the kernel's driver gives for a DHT22 from now on; plugs it in."""
        sensor = self.iio / f"iio:device{gpio}"
        (sensor / "of_node").mkdir(parents=True, exist_ok=True)
        (sensor / "of_node" / "gpios").write_bytes(bytes((0, 0, 0, 9, 0, 0, 0, gpio, 0, 0, 0, 0)))
        for name, text in (
            ("name", f"dht11@{gpio:x}"),
            ("in_temp_input", f"{temperature * 1000:.0f}"),
            ("in_humidityrelative_input", f"{humidity * 1000:.0f}"),
        ):
            fresh = sensor / f"{name}.new"
            fresh.write_text(text + "\n", "ascii")
            fresh.replace(sensor / name)

    def unplug_dht22(self, gpio: int) -> None:
        """The kernel's driver stays, but nothing answers it any more."""
        for name in ("in_temp_input", "in_humidityrelative_input"):
            (self.iio / f"iio:device{gpio}" / name).unlink(missing_ok=True)

    def climate_chip(self, address: int, bus: int = 1) -> MockSht3x:
        """The SHT3x at an address; plugs it in."""
        return self.i2c[bus].chips.setdefault(address, MockSht3x(_HARDWARE))

    def unplug_chip(self, address: int, bus: int = 1) -> None:
        """Take a chip off its I2C bus."""
        self.i2c[bus].chips.pop(address, None)

    def _open_i2c(self, number: int) -> MockBus:
        if number not in self.i2c:
            raise FileNotFoundError(2, "No such file or directory", f"/dev/i2c-{number}")
        return self.i2c[number]

    def unplug(self, address: str) -> None:
        """Take a DS18B20 off the bus."""
        self._shown.pop(address, None)
        shutil.rmtree(self.bus / address, ignore_errors=True)

    def plug_in(self, equipment: Equipment) -> None:
        """Let a projector or an SNMP agent answer on its port; takes the place of one there."""
        self.unplug_from(equipment.port)
        equipment.start()
        self.network[equipment.port] = equipment

    def lend(self, address: tuple[str, int], equipment: Equipment) -> None:
        """Let equipment answer for an address of the site file, on a free port here."""
        if REACHED.get(address) == ("127.0.0.1", equipment.port):
            self.unplug_from(equipment.port)
        equipment.port = 0
        self.plug_in(equipment)
        REACHED[address] = ("127.0.0.1", equipment.port)
        self._lent.add(address)

    def unplug_from(self, port: int, mood: str = "") -> None:
        """Nothing answers on that port any more; with a `mood` a projector answers, but badly."""
        equipment = self.network.get(port)
        if mood and isinstance(equipment, PretendProjector):
            equipment.mood = mood
        elif equipment is not None:
            equipment.close()
            del self.network[port]

    def show_memory(self, total: int, available: int) -> None:
        """What /proc/meminfo of the machine says, in kB."""
        proc = self._folder / "system" / "proc"
        proc.mkdir(parents=True, exist_ok=True)
        text = f"MemTotal: {total} kB\nMemAvailable: {available} kB\n"
        (proc / "meminfo").write_text(text, "ascii")
        os.environ[ROOT_VARIABLE] = str(proc.parent)


def w1_slave(raw: int) -> str:
    """The kernel's file for a 12-bit DS18B20 reading of `raw` sixteenths of a °C."""
    data = (raw & 0xFFFF).to_bytes(2, "little") + bytes(
        (0x4B, 0x46, 0x7F, 0xFF, 0x10 - (raw & 0xF), 0x10)
    )
    shown = (data + bytes((crc8(data),))).hex(" ")
    return f"{shown} : crc={crc8(data):02x} YES\n{shown} t={raw * 1000 // 16}\n"
