"""Fate: lets a mishap happen now and then, and end again by itself; drawn by the seed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from devices.model import PointId
from devices.simulation.actors import Cold
from devices.simulation.scenes import COLD, MEASURED, TEMPERATURES, play, recover
from devices.simulation.timetable import Hour, Slot
from devices.simulation.world import World

FIRST_PAUSE_S = 600.0
MEAN_PAUSE_S = 7200.0
"""Between mishaps of one node; eight nodes have some four an hour together."""
LASTS_S = (360.0, 1200.0)
CARDS_AFTER_S = (4.0, 9.0, 15.0)
"""A stranger tries the same reader again."""


def _always(_hour: Hour) -> bool:
    return True


def _on_school_days(hour: Hour) -> bool:
    return hour.school_day


def _gates_shut(hour: Hour) -> bool:
    return not hour.gates_open


def _after_school(hour: Hour) -> bool:
    return hour.slot in (Slot.SWEEP, Slot.NIGHT)


@dataclass(frozen=True, slots=True)
class _Chance:
    """A mishap: where, how often beside the others, and at which hours it makes sense."""

    scene: str
    kinds: tuple[str, ...]
    weight: float
    when: Callable[[Hour], bool] = _always


_CHANCES = (
    _Chance("fridge-door-open", COLD, 2.0, _on_school_days),
    _Chance("fridge-fault", ("temperature-cold",), 0.5),
    _Chance("sensor-unplugged", MEASURED, 1.0),
    _Chance("sensor-power-on", COLD, 0.7),
    _Chance("sensor-frozen", TEMPERATURES, 1.0),
    _Chance("gate-open", ("gate",), 2.0, _gates_shut),
    _Chance("door-open", ("contact",), 1.0, _after_school),
    _Chance("panic", ("panic",), 0.3, _on_school_days),
    _Chance("power-left-on", ("power",), 2.0, _after_school),
    _Chance("leak", ("water-leak",), 0.5),
    _Chance("card-unknown", ("access",), 2.0, _on_school_days),
)


class Fate:
    """The mishaps of one node's world, on that world's agenda."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = Random(f"{seed} {world.node} mishaps")
        self._plan(FIRST_PAUSE_S)

    def _plan(self, least: float) -> None:
        pause = least + self._random.expovariate(1 / MEAN_PAUSE_S)
        self._world.later(pause, self._strike)

    def _strike(self) -> None:
        world = self._world
        fitting = [
            (chance, points)
            for chance in _CHANCES
            if chance.when(world.hour) and (points := self._places(chance))
        ]
        if fitting:
            weights = [chance.weight for chance, _ in fitting]
            chance, points = self._random.choices(fitting, weights)[0]
            self._begin(chance.scene, self._random.choice(points))
        self._plan(LASTS_S[1])

    def _places(self, chance: _Chance) -> list[PointId]:
        points = self._world.points(*chance.kinds)
        if chance.scene != "fridge-door-open":
            return points
        actors = self._world.actors
        return [p for p in points if isinstance(a := actors.get(p), Cold) and a.door is not None]

    def _begin(self, scene: str, point: PointId) -> None:
        world, args = self._world, {"point": point}
        play(world, scene, args)
        if scene == "card-unknown":
            for again in CARDS_AFTER_S:
                world.later(again, partial(play, world, scene, args))
        world.later(self._random.uniform(*LASTS_S), partial(recover, world, [point]))
