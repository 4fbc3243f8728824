"""Simulation: one node's share of a simulated school, inside that node's own process."""

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from devices.catalog import Site
from devices.errors import DeviceError
from devices.model import NodeId
from devices.service import Clock, Health
from devices.simulation import scenes
from devices.simulation.bench import Bench
from devices.simulation.fate import Fate
from devices.simulation.parts import CardBox
from devices.simulation.scenes import SCENES
from devices.simulation.world import World

__all__ = ["SCENES", "Simulation"]

log = logging.getLogger(__name__)

TICK_S = 1.0


class Simulation:
    """Drives mock pins, converters and 1-Wire files by the school's timetable; a Service.

    Start it before the drivers: it takes over gpiozero's pin factory and some environment
    variables of this process, and gives them back on `close`. `step` moves the world to a moment;
    the thread of `start` does so each second, a test does it without a thread.
    """

    name = "simulation"

    def __init__(
        self,
        site: Site,
        node: NodeId,
        folder: Path,
        clock: Clock,
        *,
        seed: int = 1,
        mishaps: bool = True,
    ) -> None:
        self._clock = clock
        self._seed = seed
        self._mishaps = mishaps
        self._cards = CardBox(seed)
        self.bench = Bench(folder, clock)
        self.world = World(site, node, self.bench, seed, self._cards)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._open = False

    def start(self) -> None:
        """Begin, and move on by a thread until `close`. Raises DeviceError without gpiozero."""
        self.begin()
        self._thread = threading.Thread(target=self._run, name="simulation")
        self._thread.start()

    def begin(self) -> None:
        """Put everything up as it is at the present hour, without a thread."""
        self.bench.install(self._cards.key, self._cards.allow_list())
        with self._changed:
            self._open = True
            self.world.begin(self._clock.now())
            if self._mishaps:
                Fate(self.world, self._seed)

    def step(self, now: datetime) -> None:
        """Move the world on to `now`."""
        with self._changed:
            self.world.step(now)

    def play(self, scene: str, args: Mapping[str, Any]) -> None:
        """Let something happen at once, from any thread.

        `args` may hold `point`. Raises DeviceError for an unknown scene or a point that it does
        not fit, listing those that there are.
        """
        with self._changed:
            if not self._open:
                raise DeviceError("the simulation is not running")
            self.world.step(self._clock.now())
            scenes.play(self.world, scene, args)
            self._changed.notify()

    def health(self) -> Health:
        alive = self._thread is not None and self._thread.is_alive()
        return Health(alive, "" if alive else "the simulated school stands still")

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.bench.remove()

    def _run(self) -> None:
        with self._changed:
            while self._open:
                try:
                    self.world.step(self._clock.now())
                except Exception:
                    log.exception("the simulated school stumbled")
                due = self.world.due()
                self._changed.wait(TICK_S if due is None else min(max(due, 0.01), TICK_S))
