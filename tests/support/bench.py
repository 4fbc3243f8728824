"""One driver on a bench of mock hardware, with what it told."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, driver_options
from devices.foreign.ear import Ear, hearing
from devices.model import Sample, Value
from devices.service import Clock
from devices.simulation.agents import PretendAgent, ups
from devices.simulation.bench import Bench
from devices.simulation.projectors import PretendProjector
from tests.support.ports import free_port
from tests.support.waiting import eventually

KEY = "a key of this test, no other"


@dataclass(frozen=True)
class Rig:
    """What the contract suite has to know of a driver; a new driver is one more row of RIGS."""

    kind: str
    options: dict[str, Any]
    ready: Callable[[Bench], None]
    """Puts its hardware onto the bench, at a calm level."""
    absent: tuple[str, str] | None
    """Of the error where it has no hardware: a regular expression of the pin, overlay or address
    it names, and one of the remedy. None: its absence is a value (a link that is down)."""
    breaks: Callable[[Bench], None] | None = None
    """Has its next readings fail; None: an input or output that is not read."""
    level: str | None = None
    """The level it tells at start on the bench made ready."""
    output: bool = False
    alone: bool = True
    """It occupies something of the node that no other point can use."""
    doubt: str = ""
    """A regular expression of what its health says though all is well; empty: nothing."""


def _nothing(_bench: Bench) -> None:
    pass


def _low(gpio: int) -> Callable[[Bench], None]:
    return lambda bench: bench.set_pin(gpio, False)


def _channel(chip: int, channel: int, raw: int) -> Callable[[Bench], None]:
    return lambda bench: bench.set_channel(chip, channel, raw)


SILENT, PROJECTOR, AGENT = free_port(), free_port(), free_port()
LGPIO, SPI = "lgpio", "lgpio|spi=on"
SENSOR = "28-00299a408dc3"
RIGS: dict[str, Rig] = {
    "contact": Rig("gate", {"gpio": 17}, _low(17), ("GPIO17", LGPIO), level="closed"),
    "button": Rig("panic", {"gpio": 6}, _nothing, ("GPIO6", LGPIO), level="released"),
    "onewire": Rig(
        "temperature-cold", {"address": SENSOR},
        lambda bench: bench.show_temperature(SENSOR, 4.25),
        (SENSOR, "dtoverlay=w1-gpio"), lambda bench: bench.unplug(SENSOR),
    ),
    "analog": Rig(
        "humidity", {"chip": 0, "channel": 3, "low": 0.0, "high": 100.0}, _channel(0, 3, 100),
        ("CE0/3", SPI), _channel(0, 3, 1023),
    ),
    "power": Rig(
        "power", {"chip": 1, "channel": 7}, _channel(1, 7, 100), ("CE1/7", SPI),
        _channel(1, 7, 1023),
    ),
    "ntc": Rig(
        "temperature-room", {"chip": 0, "channel": 4}, _channel(0, 4, 512), ("CE0/4", SPI),
        _channel(0, 4, 1023),
    ),
    "mq4": Rig(
        "gas", {"chip": 0, "channel": 5, "clean_air": 100}, _channel(0, 5, 100), ("CE0/5", SPI),
        _channel(0, 5, 0), doubt="warms up for another 24 h",
    ),
    "clamp": Rig(
        "power", {"chip": 0, "channel": 6}, lambda bench: bench.set_wave(0, 6, 100),
        ("CE0/6", SPI), _channel(0, 6, 0),
    ),
    "dht22": Rig(
        "humidity", {"gpio": 4}, lambda bench: bench.show_dht22(4, 21.5, 45.0),
        ("GPIO4", "dtoverlay=dht11,gpiopin=4"), lambda bench: bench.unplug_dht22(4),
    ),
    "pulse": Rig("water-meter", {"gpio": 21, "per_pulse": 0.001}, _nothing, ("GPIO21", LGPIO)),
    "pir": Rig("motion", {"gpio": 25}, _low(25), ("GPIO25", LGPIO), level="clear"),
    "leak": Rig("water-leak", {"gpio": 27}, _low(27), ("GPIO27", LGPIO), level="dry"),
    "sense": Rig("running", {"gpio": 22}, _nothing, ("GPIO22", LGPIO), level="stopped"),
    "sht3x": Rig(
        "temperature-room", {}, lambda bench: bench.climate_chip(0x44).show(21.5, 45.0),
        ("0x44 on I2C-1", "i2c_arm=on"), lambda bench: bench.unplug_chip(0x44),
    ),
    "wiegand": Rig("access", {"d0": 23, "d1": 24}, _nothing, ("GPIO23", LGPIO)),
    "beacon": Rig(
        "beacon", {"lamp": 26, "buzzer": 19}, _nothing, ("GPIO26", LGPIO), level="off",
        output=True,
    ),
    "siren": Rig("siren", {"gpio": 16}, _nothing, ("GPIO16", LGPIO), level="off", output=True),
    **{
        family: Rig(
            "temperature-cold", {"device": "fridge", "field": "Temperature"}, _nothing,
            ("fridge", "campus bridge"),
        )
        for family in ("tasmota", "zigbee2mqtt", "shelly", "esphome", "ha-discovery")
    },
    "mqtt": Rig("temperature-cold", {"topic": "a/b"}, _nothing, ("a/b", "campus bridge")),
    "relay": Rig("relay", {"gpio": 20}, _nothing, ("GPIO20", LGPIO), level="off", output=True),
    "ping": Rig(
        "link", {"host": "127.0.0.1", "tcp_port": SILENT}, _nothing, None, level="up", alone=False,
    ),
    "pjlink": Rig(
        "lamp-hours", {"host": "127.0.0.1", "port": PROJECTOR, "timeout_s": 2.0},
        lambda bench: bench.plug_in(PretendProjector(PROJECTOR)),
        (f"127.0.0.1:{PROJECTOR}", "address"), lambda bench: bench.unplug_from(PROJECTOR, "broken"),
        alone=False,
    ),
    "snmp": Rig(
        "battery-charge", {"host": "127.0.0.1", "port": AGENT, "timeout_s": 0.2},
        lambda bench: bench.plug_in(PretendAgent(AGENT, ups())),
        (f"127.0.0.1:{AGENT}", "address"), lambda bench: bench.unplug_from(AGENT), alone=False,
    ),
    "host": Rig(
        "memory-used", {}, lambda bench: bench.show_memory(2_000_000, 1_000_000),
        ("proc/meminfo", "Linux"), lambda bench: bench.show_memory(0, 0), alone=False,
    ),
}  # fmt: skip


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
    rig = RIGS[driver]
    options = rig.options | options
    return Point("test/point", rig.kind, "pi", "room", "点", driver=driver, options=options)


def driver_for(point: Point) -> Driver:
    return DRIVERS[point.driver](point, driver_options(point))


class Lab:
    """A bench on which drivers are opened; `close` closes them all."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder, Clock())
        self.allowed = folder / "allowed-cards.txt"
        self.ear = Ear(Clock())
        self._drivers: list[Driver] = []
        self._hearing = ExitStack()

    def install(self, allowed: str = "") -> None:
        self.bench.install(KEY, allowed)
        self._hearing.enter_context(hearing(self.ear))

    def open(self, driver: str, **options: Any) -> tuple[Driver, Told]:
        """A started driver and what it tells."""
        opened = driver_for(point_for(driver, **options))
        self._drivers.append(opened)
        told = Told()
        opened.start(told)
        return opened, told

    def make_ready(self, driver: str) -> None:
        """Put what `driver` needs onto the bench, at a calm level."""
        RIGS[driver].ready(self.bench)

    def make_fail(self, driver: str) -> None:
        """Have its next readings fail."""
        breaks = RIGS[driver].breaks
        assert breaks is not None
        breaks(self.bench)

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        self._hearing.close()
        self.bench.remove()
