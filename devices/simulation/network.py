"""Network: projectors, a UPS and printers of a simulated school, which answer the real drivers.

Each answers on a port of this machine; the addresses in the site file lead there while it runs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from devices.catalog import Point
from devices.drivers import mibs
from devices.drivers.ping import PingOptions
from devices.drivers.pjlink import PjLinkOptions
from devices.drivers.snmp import SnmpOptions
from devices.simulation import agents
from devices.simulation.agents import COUNTER32, PretendAgent, Typed
from devices.simulation.bench import Bench
from devices.simulation.projectors import PretendProjector
from devices.simulation.timetable import Hour, Slot

WARM_UP_S, COOL_DOWN_S = 40.0, 90.0
ON_BATTERY_S = 5400.0
"""A full battery is empty after so long."""


@dataclass(slots=True)
class Beamer:
    """A projector: on in lessons, cut from the mains by a mishap."""

    bench: Bench
    address: tuple[str, int]
    projector: PretendProjector
    random: Random
    hours: float
    part: int = -1
    wanted: bool = False
    busy_s: float = 0.0

    def step(self, hour: Hour, seconds: float) -> None:
        if self.part != hour.part:
            self.part = hour.part
            wanted = hour.slot is Slot.LESSON and self.random.random() < 0.9
            if wanted != self.wanted:
                self.wanted, self.busy_s = wanted, WARM_UP_S if wanted else COOL_DOWN_S
        self.busy_s = max(0.0, self.busy_s - seconds)
        words = ("warming", "on") if self.wanted else ("cooling", "off")
        self.projector.power = words[0] if self.busy_s else words[1]
        self.hours += seconds / 3600 if self.wanted else 0.0
        self.projector.lamp_hours = (int(self.hours),)

    def fail(self) -> None:
        """Its filter is clogged with chalk dust: it reports the heat."""
        self.projector.errors |= {"filter": "error", "temperature": "warning"}

    def cut(self) -> None:
        self.projector.close()

    def recover(self) -> None:
        self.projector.errors = dict.fromkeys(self.projector.errors, "ok")
        self.bench.lend(self.address, self.projector)


@dataclass(slots=True)
class Ups:
    """On mains but for a mishap; then its battery empties, and fills again after."""

    agent: PretendAgent
    charge: float = 100.0
    on_battery: bool = False

    def step(self, hour: Hour, seconds: float) -> None:
        rate = -100 / ON_BATTERY_S if self.on_battery else 100 / (3 * ON_BATTERY_S)
        self.charge = min(max(self.charge + rate * seconds, 0.0), 100.0)
        self.agent.objects |= {
            mibs.UPS_SOURCE: mibs.ON_BATTERY if self.on_battery else 3,
            mibs.UPS_CHARGE: round(self.charge),
            mibs.UPS_MINUTES: round(self.charge / 100 * ON_BATTERY_S / 60),
        }

    def cut(self) -> None:
        self.on_battery = True

    def recover(self) -> None:
        self.on_battery = False


@dataclass(slots=True)
class Printer:
    """An office printer: some pages an hour while people are there."""

    agent: PretendAgent
    random: Random
    pages: float = 20_481.0

    def step(self, hour: Hour, seconds: float) -> None:
        if hour.occupied:
            self.pages += seconds / 3600 * self.random.uniform(10, 40)
        left = 3000 - int(self.pages) % 3000
        self.agent.objects |= {
            mibs.PAGES: Typed(COUNTER32, int(self.pages)),
            (*mibs.SUPPLY_LEVEL, 1, 1): left,
        }

    def fail(self) -> None:
        self.agent.objects[mibs.PRINTER_ERRORS] = b"\x44"  # no paper, jammed

    def recover(self) -> None:
        self.agent.objects[mibs.PRINTER_ERRORS] = b"\x00\x00"


Appliance = Beamer | Ups | Printer


@dataclass
class Network:
    """The appliances of one node's points, one for each address."""

    bench: Bench
    found: dict[tuple[str, int], Appliance] = field(default_factory=dict)

    def appliance(self, point: Point, options: Any, random: Random) -> Appliance | None:
        """What a point asks; None where that is not of the network, or is another's to answer."""
        make: Callable[[], Appliance]
        match options:
            case PjLinkOptions():
                make = self._beamer(options, random)
            case SnmpOptions() if point.kind in _PRINTED:
                make = self._printer(options, random)
            case SnmpOptions():
                make = self._ups(options)
            case PingOptions():
                return self.found.get((options.host, options.tcp_port))
            case _:
                return None
        key = (options.host, options.port)
        if key not in self.found:
            self.found[key] = make()
        return self.found[key]

    def _beamer(self, options: PjLinkOptions, random: Random) -> Callable[[], Appliance]:
        def make() -> Appliance:
            address, projector = (options.host, options.port), PretendProjector(0)
            self.bench.lend(address, projector)
            return Beamer(self.bench, address, projector, random, random.uniform(300, 2300))

        return make

    def _printer(self, options: SnmpOptions, random: Random) -> Callable[[], Appliance]:
        return lambda: Printer(self._agent(options, agents.printer()), random)

    def _ups(self, options: SnmpOptions) -> Callable[[], Appliance]:
        return lambda: Ups(self._agent(options, agents.ups()))

    def _agent(
        self, options: SnmpOptions, objects: Mapping[tuple[int, ...], agents.Value]
    ) -> PretendAgent:
        agent = PretendAgent(0, dict(objects))
        self.bench.lend((options.host, options.port), agent)
        return agent


_PRINTED = ("supply-level", "page-count", "self-check")
