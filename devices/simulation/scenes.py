"""Scenes: what can go wrong in the simulated school on command.

A scene changes what the pins, files and converters show, never a reading.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from devices.errors import DeviceError
from devices.model import PointId
from devices.simulation.actors import Cold, Power
from devices.simulation.gates import press
from devices.simulation.network import Beamer, Printer, Ups
from devices.simulation.parts import Failure
from devices.simulation.world import World

COLD = ("temperature-cold", "temperature-sample", "temperature-frozen")
TEMPERATURES = (*COLD, "temperature-hot", "temperature-room", "temperature-rack")
MEASURED = (*TEMPERATURES, "humidity", "power", "gas", "co2", "residual-current")
WIRED = (*MEASURED, "gate", "contact", "water-leak")
VERDICTS = ("granted", "denied", "unknown")

Play = Callable[[World, PointId, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a scene does, for people, and on which kinds of points, the usual ones first."""

    text: str
    kinds: tuple[str, ...]
    play: Play


def play(world: World, name: str, args: Mapping[str, Any]) -> None:
    """Play a scene at `args["point"]` or its usual point of the node. Raises DeviceError."""
    scene = _PLAYS.get(name)
    if scene is None:
        raise DeviceError(f"no scene {name!r}; there are {', '.join(_PLAYS)}")
    wanted = args.get("point")
    if name == "recover" and not wanted:
        recover(world, world.points())
        return
    fitting = world.points(*scene.kinds)
    if scene.kinds:
        fitting.sort(key=lambda id: scene.kinds.index(world.site.points[id].kind))
    if not fitting:
        raise DeviceError(f"{name} has no place on node {world.node}")
    if wanted and wanted not in fitting:
        raise DeviceError(f"{name} cannot be played at {wanted}; it can at {', '.join(fitting)}")
    scene.play(world, PointId(wanted) if wanted else fitting[0], args)


def recover(world: World, points: Iterable[PointId]) -> None:
    """End every mishap at these points."""
    for point in points:
        actor = world.actors.get(point)
        if actor is not None:
            actor.recover()
            if isinstance(actor, Cold) and actor.door is not None:
                actor.door.release()
            actor.step(world.hour, 0.0)
        if point in world.switches:
            world.switches[point].release()
        if point in world.appliances:
            world.appliances[point].recover()


def _mains_cut(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    appliance = world.appliances.get(point)
    if not isinstance(appliance, Beamer | Ups):
        raise DeviceError(f"{point} does not ask equipment whose mains can be cut")
    appliance.cut()


def _appliance_fault(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    appliance = world.appliances.get(point)
    if not isinstance(appliance, Beamer | Printer):
        raise DeviceError(f"{point} does not ask equipment that can report a fault")
    appliance.fail()


def _hold(tripped: bool) -> Play:
    def hold(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
        world.switches[point].hold(tripped)

    return hold


def _press(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    press(world.switches[point], world.later)


def _cold_door(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    actor = world.actors[point]
    if not isinstance(actor, Cold) or actor.door is None:
        raise DeviceError(f"{point} has no door contact on this node")
    actor.door.hold(True)


def _fridge_fault(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    actor = world.actors[point]
    if isinstance(actor, Cold):
        actor.unit.failed = True


def _fail(failure: Failure) -> Play:
    def fail(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
        world.probes[point].failure = failure
        world.actors[point].step(world.hour, 0.0)

    return fail


def _unplug(world: World, point: PointId, args: Mapping[str, Any]) -> None:
    switch = world.switches.get(point)
    if switch is None:
        _fail(Failure.UNPLUGGED)(world, point, args)
    else:
        # An open pin is pulled high: with a normally closed loop that is the alarming level.
        switch.hold(switch.closed_is_calm)


def _left_on(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    actor = world.actors[point]
    if isinstance(actor, Power):
        actor.left_on = True
        actor.step(world.hour, 0.0)


def _card(verdict: str = "") -> Play:
    def card(world: World, point: PointId, args: Mapping[str, Any]) -> None:
        wanted = verdict or args.get("verdict", "granted")
        if wanted not in VERDICTS:
            raise DeviceError(f"a card is one of {', '.join(VERDICTS)}, not {wanted!r}")
        world.readers[point].read(world.cards.draw(wanted, world.random))

    return card


def _recover(world: World, point: PointId, _args: Mapping[str, Any]) -> None:
    recover(world, [point])


_PLAYS: dict[str, Scene] = {
    "gate-open": Scene("a gate stands open, without card or button", ("gate",), _hold(True)),
    "gate-close": Scene("the gate is shut", ("gate",), _hold(False)),
    "door-open": Scene("a door is opened and left so", ("contact",), _hold(True)),
    "panic": Scene("somebody presses the panic button", ("panic",), _press),
    "button": Scene(
        "somebody presses a button, usually the acknowledge button",
        ("acknowledge-button", "exit-button"),
        _press,
    ),
    "fridge-door-open": Scene("a fridge's door stays open: it warms slowly", COLD, _cold_door),
    "fridge-fault": Scene("a fridge fails: past 8 °C within two minutes", COLD, _fridge_fault),
    "sensor-unplugged": Scene("a sensor's cable is torn off; a contact's too", WIRED, _unplug),
    "sensor-power-on": Scene(
        "a DS18B20 answers 85.0, its power-on value", TEMPERATURES, _fail(Failure.POWER_ON)
    ),
    "sensor-frozen": Scene("a sensor repeats its last value", MEASURED, _fail(Failure.FROZEN)),
    "sensor-out-of-range": Scene(
        "a sensor gives what cannot be: 125 °C, full scale", MEASURED, _fail(Failure.OUT_OF_RANGE)
    ),
    "leak": Scene("water on the floor of the server room", ("water-leak",), _hold(True)),
    "card": Scene(
        "a card is held to the reader: `verdict` granted, denied or unknown", ("access",), _card()
    ),
    "card-granted": Scene("a card that may pass is read", ("access",), _card("granted")),
    "card-denied": Scene("a blocked card is read", ("access",), _card("denied")),
    "card-unknown": Scene("a strange card is read", ("access",), _card("unknown")),
    "power-left-on": Scene("a room's equipment stays on", ("power",), _left_on),
    "ups-battery": Scene(
        "the mains is off: the UPS lives on its battery",
        ("battery-charge", "ups-runtime"),
        _mains_cut,
    ),
    "projector-cut": Scene(
        "a projector's mains is cut: it no longer answers",
        ("power-state", "lamp-hours"),
        _mains_cut,
    ),
    "equipment-fault": Scene(
        "a projector or printer reports a fault of its own",
        ("self-check", "power-state"),
        _appliance_fault,
    ),
    "recover": Scene("all is well again, at one point or on the whole node", (), _recover),
}

SCENES: dict[str, str] = {name: scene.text for name, scene in _PLAYS.items()}
