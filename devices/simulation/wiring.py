"""Wiring: hangs the sensors of two quantities, clamps, meters and detectors of a node up."""

from random import Random
from typing import TYPE_CHECKING, Any

from devices.catalog import Point
from devices.drivers.clamp import ClampOptions
from devices.drivers.dht22 import Dht22Options
from devices.drivers.keepsake import Keepsake, kept_file
from devices.drivers.leak import LeakOptions
from devices.drivers.mq4 import Mq4Options, boot_id
from devices.drivers.pir import PirOptions
from devices.drivers.pulse import PulseOptions
from devices.drivers.sense import SenseOptions
from devices.drivers.sht3x import Sht3xOptions
from devices.kinds import KINDS
from devices.model import PointId
from devices.simulation.actors import Actor, Air, Level, Power
from devices.simulation.chips import Busy, Climate, Damp, Half, Waved, Wheel
from devices.simulation.models import Equipment, Room
from devices.simulation.parts import Switch, Wire

if TYPE_CHECKING:
    from devices.simulation.world import World

RACK_W = 900.0
_DAMP = {"server-room": 45.0, "canteen": 55.0}


def switch_of(world: "World", options: Any) -> Switch | None:
    """The switch of a detector's options; None where they are of something else."""
    match options:
        case LeakOptions():
            return Switch(world.bench, options.gpio, options.normally_closed)
        case PirOptions():
            return Switch(world.bench, options.gpio, True)
        case SenseOptions():
            return Switch(world.bench, options.gpio, options.active == "high")
    return None


def actor_of(world: "World", point: Point, options: Any, random: Random) -> Actor | None:
    """What lives this point's part of the day; None where nothing does."""
    id = PointId(point.id)
    match options:
        case Sht3xOptions() | Dht22Options():
            half = Half(_climate(world, options), KINDS[point.kind].measurement)
            world.probes[id] = half
            return _of_climate(world, point, half, random)
        case Mq4Options():
            _warm_already(world, point)
            wire = Wire(world.bench, options.chip, options.channel)
            world.probes[id] = wire
            return Level(wire, options.clean_air / 1023, 0.001, random.random(), random)
        case ClampOptions():
            waved = Waved(world.bench, options.chip, options.channel)
            world.probes[id] = waved
            # So that the raw reading which Power shows is the wave's effective value.
            watts = options.volts * options.power_factor
            rated = watts * options.amps_per_volt * options.supply_volts
            rack = world.site.place_of(id).type == "server-room"
            return Power(waved, Equipment(random), rated, 0, RACK_W if rack else 0.0, random)
        case PulseOptions():
            if KINDS[point.kind].measurement in ("flow", "power"):
                return None  # the meter's reading, on the same pin, turns the wheel
            world.bench.set_pin(options.gpio, True)
            return Wheel(world.bench, options.gpio, world.later, random)
        case PirOptions() | SenseOptions():
            return Busy(world.switches[id], random)
    return None


def _climate(world: "World", options: Any) -> Climate:
    """The one sensor of these options, for both its points."""
    bench = world.bench
    found = world.climates.get(options)
    if found is None and isinstance(options, Sht3xOptions):
        address, bus = options.address, options.bus
        found = Climate(
            lambda warm, damp: bench.climate_chip(address, bus).show(warm, damp),
            lambda: bench.unplug_chip(address, bus),
        )
    elif found is None:
        gpio = options.gpio
        found = Climate(
            lambda warm, damp: bench.show_dht22(gpio, warm, damp), lambda: bench.unplug_dht22(gpio)
        )
    world.climates[options] = found
    return found


def _of_climate(world: "World", point: Point, half: Half, random: Random) -> Actor:
    type = world.site.place_of(PointId(point.id)).type
    if KINDS[point.kind].measurement == "humidity":
        return Damp(half, random, _DAMP.get(type, 50.0) + random.uniform(-3, 3))
    cool = point.kind == "temperature-rack"
    room = Room(22.0 if cool else world.hour.indoor, random)
    return Air(half, room, point.room == "kitchen", cool)


def _warm_already(world: "World", point: Point) -> None:
    """The school has had its gas sensor for years: nobody waits a day for a demonstration."""
    keepsake = Keepsake(kept_file(world.bench.kept, point.id))
    kept = keepsake.load()
    now = world.now
    keepsake.save(kept | {"seen": now, "ready_at": now, "boot": boot_id()})
