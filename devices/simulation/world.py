"""World: the points of one node as actors on a bench, moved on in steps of the clock."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from devices.catalog import Point, Site
from devices.driver import driver_options
from devices.drivers.analog import AnalogOptions
from devices.drivers.button import ButtonOptions
from devices.drivers.contact import ContactOptions
from devices.drivers.onewire import OneWireOptions
from devices.drivers.power import PowerOptions
from devices.drivers.wiegand import WiegandOptions
from devices.model import NodeId, PlaceId, PointId
from devices.simulation.actors import (
    Actor,
    Air,
    Cabinet,
    Cold,
    Door,
    Hot,
    Level,
    Patrol,
    Power,
    Shows,
    Still,
)
from devices.simulation.bench import Bench
from devices.simulation.chips import Climate
from devices.simulation.gates import Gate
from devices.simulation.models import (
    FREEZER,
    FRIDGE,
    SAMPLE_FRIDGE,
    ColdUnit,
    DisinfectionCabinet,
    Equipment,
    HotCabinet,
    Room,
)
from devices.simulation.network import Appliance, Network
from devices.simulation.parts import CardBox, Probe, Reader, Switch, Wire
from devices.simulation.timetable import HEATING, Hour, hour_at
from devices.simulation.wiring import RACK_W, actor_of, switch_of

LONGEST_STEP_S = 3600.0
"""A clock that jumps further moves the world on by this much only."""
_COLD = {
    "temperature-cold": FRIDGE,
    "temperature-frozen": FREEZER,
    "temperature-sample": SAMPLE_FRIDGE,
}
_LEVELS = {"gas": (0.02, 0.005), "co2": (0.14, 0.06), "residual-current": (0.07, 0.01)}
"""Middle and sway of what is calm at the low end of its range, as shares of it."""


@dataclass
class World:
    """What a node's points hang on. `step` and the scenes are called by one thread at a time."""

    site: Site
    node: NodeId
    bench: Bench
    seed: int
    cards: CardBox
    switches: dict[PointId, Switch] = field(default_factory=dict)
    probes: dict[PointId, Shows] = field(default_factory=dict)
    climates: dict[Any, Climate] = field(default_factory=dict)
    """Sensors of two quantities, by their options."""
    readers: dict[PointId, Reader] = field(default_factory=dict)
    actors: dict[PointId, Actor] = field(default_factory=dict)
    appliances: dict[PointId, Appliance] = field(default_factory=dict)
    """Equipment on the network, by the points that ask it."""
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: "itertools.count[int]" = field(default_factory=itertools.count)
    _network: list[Appliance] = field(default_factory=list)
    _now: float = 0.0
    random: Random = field(default_factory=Random)
    hour: Hour = field(default_factory=lambda: Hour(False, 0.0, 1))

    def begin(self, now: datetime) -> None:
        """Wire everything up as it is at this hour."""
        self._now, self.hour = now.timestamp(), hour_at(now, self.site.timezone)
        self.random = Random(f"{self.seed} {self.node}")
        points = [point for point in self.site.points_on(self.node) if point.driver]
        for point in points:
            id, options = PointId(point.id), driver_options(point)
            if isinstance(options, ContactOptions | ButtonOptions):
                self.switches[id] = Switch(self.bench, options.gpio, options.normally_closed)
            elif (detector := switch_of(self, options)) is not None:
                self.switches[id] = detector
            elif isinstance(options, WiegandOptions):
                self.readers[id] = Reader(self.bench, options.d0, options.d1)
        network = Network(self.bench)
        for point in points:
            random = Random(f"{self.seed} {point.id} network")
            appliance = network.appliance(point, driver_options(point), random)
            if appliance is not None:
                self.appliances[PointId(point.id)] = appliance
        self._network = list(network.found.values())
        for point in points:
            actor = self._actor(point)
            if actor is not None:
                self.actors[PointId(point.id)] = actor
        self._move(0.0)

    def step(self, now: datetime) -> None:
        """Move on to `now`: what was due, then a step of every actor."""
        at = now.timestamp()
        seconds = min(max(at - self._now, 0.0), LONGEST_STEP_S)
        self._now, self.hour = at, hour_at(now, self.site.timezone)
        while self._agenda and self._agenda[0][0] <= at:
            heapq.heappop(self._agenda)[2]()
        self._move(seconds)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Have something done in a later step."""
        heapq.heappush(self._agenda, (self._now + seconds, next(self._count), act))

    def due(self) -> float | None:
        """Seconds from the last step to what is next on the agenda."""
        return self._agenda[0][0] - self._now if self._agenda else None

    def points(self, *kinds: str) -> list[PointId]:
        """The points of these kinds that this world drives."""
        known = {*self.switches, *self.probes, *self.readers, *self.appliances}
        return [
            PointId(point.id)
            for point in self.site.points_on(self.node)
            if point.id in known and (point.kind in kinds or not kinds)
        ]

    @property
    def now(self) -> float:
        """The moment of the last step, in seconds since 1970."""
        return self._now

    def _move(self, seconds: float) -> None:
        for actor in self.actors.values():
            actor.step(self.hour, seconds)
        for appliance in self._network:
            appliance.step(self.hour, seconds)

    # --- wiring up ---------------------------------------------------------------------------

    def _actor(self, point: Point) -> Actor | None:
        options, id = driver_options(point), PointId(point.id)
        random = Random(f"{self.seed} {point.id}")
        match options:
            case OneWireOptions():
                probe = Probe(self.bench, options.address)
                self.probes[id] = probe
                return self._thermometer(point, probe, random)
            case AnalogOptions():
                wire = Wire(self.bench, options.chip, options.channel)
                self.probes[id] = wire
                middle, sway = _LEVELS.get(point.kind, (0.5, 0.06))
                return Level(wire, middle, sway, random.random(), random)
            case PowerOptions():
                wire = Wire(self.bench, options.chip, options.channel)
                self.probes[id] = wire
                rack = self.site.place_of(id).type == "server-room"
                return Power(
                    wire, Equipment(random), options.rated_watts, options.zero,
                    RACK_W if rack else 0.0, random,
                )  # fmt: skip
        actor = actor_of(self, point, options, random)
        if actor is not None:
            return actor
        return self._switch(point, self.switches[id], random) if id in self.switches else None

    def _thermometer(self, point: Point, probe: Probe, random: Random) -> Actor:
        design = _COLD.get(point.kind)
        if design is not None:
            door = self.switches.get(PointId(point.id.rpartition("/")[0] + "/door"))
            return Cold(probe, ColdUnit(design, random), door, self.later, random)
        if point.kind == "temperature-hot":
            return Hot(probe, HotCabinet(68.0 if self.hour.within(HEATING) else self.hour.indoor))
        if point.kind == "temperature-disinfection":
            return Cabinet(probe, DisinfectionCabinet(self.hour.indoor))
        rack = point.kind == "temperature-rack"
        room = Room(22.0 if rack else self.hour.indoor, random)
        return Air(probe, room, point.room == "kitchen", rack)

    def _switch(self, point: Point, switch: Switch, random: Random) -> Actor:
        if point.kind == "gate":
            return self._gate(point, switch, random)
        if point.kind == "patrol":
            return Patrol(switch, self.later, random)
        cold = point.id.rpartition("/")[0] + "/temperature"
        if point.kind != "contact" or cold_unit(self.site, PointId(cold)):
            return Still(switch)
        public = self.site.place_of(PointId(point.id)).type in ("classroom", "special", "canteen")
        return Door(switch, self.later, random, public)

    def _gate(self, point: Point, contact: Switch, random: Random) -> Gate:
        place = self.site.place_of(PointId(point.id))
        beside = [PointId(p.id) for p in self.site.points_in(PlaceId(place.id))]
        reader = next((self.readers[id] for id in beside if id in self.readers), None)
        buttons = [id for id in beside if self.site.points[id].kind == "exit-button"]
        button = next((self.switches[id] for id in buttons if id in self.switches), None)
        vehicles = place.type == "vehicle-gate"
        gate = Gate(contact, reader, button, vehicles, self.cards, self.later, random)
        gate.begin(self.hour)
        return gate


def cold_unit(site: Site, point: PointId) -> bool:
    """Whether a point measures a cold unit, whose door then is moved by those who open it."""
    found = site.points.get(point)
    return found is not None and found.kind in _COLD
