"""Switched: an output with one pin and two states, kept by an interlock; sirens and relays."""

import math
import threading
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from devices.catalog import Point
from devices.driver import Driver, Emit, Surroundings
from devices.drivers.attendant import ATTENDANT
from devices.drivers.interlock import Interlock, Times
from devices.drivers.pins import OutputPin, open_output
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import Sample, ValueType
from devices.service import Clock

CLOCK = Clock()
GAS_PLACES = ("canteen", "cold-store")
"""Types of places where gas may be: nothing is switched from afar there (safety notes §1.3)."""
PERIODS_LOST = 3
"""A worker that has not asked for the state in so many periods is lost."""


class Switched(Driver):
    """Takes `state` on (with `for_s`: so many seconds) or off; tells each change with its cause.

    It is off at start, at the end, and when the node's worker no longer asks how it is. Off means
    no current; what needs another safe state is wired to the relay's other contact.
    """

    value_type = ValueType.TEXT
    verb: ClassVar[str]
    """The command it takes."""

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._lock = threading.Lock()
        self._pin: OutputPin | None = None
        self._interlock: Interlock | None = None

    def times(self) -> Times:
        """Its least and longest times."""
        raise NotImplementedError

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"GPIO{options.gpio}",)

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        yield from switching_among_gas(around)

    def start(self, emit: Emit) -> None:
        for what, remedy in self.misfits(self.point, self.options, self.surroundings):
            raise DeviceError(f"{self.point.id}: {what}: {remedy}")
        options = self.options
        pin = open_output(self.point.id, options.gpio, active_high=options.active_high)
        with self._lock:
            self._pin, self._emit = pin, emit
            self._interlock = Interlock(self.times(), CLOCK.monotonic())
            self._tell(self._interlock)
        ATTENDANT.enter(self)

    def sample(self) -> Iterable[Sample]:
        """The state again; also the sign of life without which it goes off."""
        with self._lock:
            if self._interlock is None:
                raise DeviceError(f"{self.point.id} is not open")
            self._interlock.alive(CLOCK.monotonic())
            yield _sample(self._interlock)
        ATTENDANT.wake(self)

    def command(self, do: str, args: Mapping[str, Any]) -> None:
        state, seconds = args.get("state"), args.get("for_s", math.inf)
        timed = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
        if do != self.verb or state not in ("on", "off") or not timed:
            raise DeviceError(
                f"{self.point.id} cannot {do} {state!r}: it takes {self.verb} with state on or "
                "off, and for_s, seconds above 0, with on"
            )
        with self._lock:
            if self._interlock is None:
                raise DeviceError(f"{self.point.id} is not open: its pin could not be used")
            self._interlock.ask(state == "on", CLOCK.monotonic(), seconds)
            self._advance(CLOCK.monotonic())
        ATTENDANT.wake(self)

    def attend(self, now: float) -> float | None:
        """On the attendant's thread, also while the node's worker hangs."""
        with self._lock:
            self._advance(now)
            return None if self._interlock is None else self._interlock.due()

    def health(self) -> str:
        with self._lock:
            if self._interlock is not None and self._interlock.cause == "lost":
                return (
                    f"the output on GPIO{self.options.gpio} was switched off because the node's "
                    "worker did not show a sign of life: look at the node's log"
                )
        return ""

    def close(self) -> None:
        """Off: a node that ends leaves nothing switched on."""
        with self._lock:
            pin, self._pin, self._interlock = self._pin, None, None
        if pin is not None:
            ATTENDANT.leave(self)
            pin.set(False)
            pin.close()

    def lost_after(self) -> float:
        """Seconds without a call of `sample` after which it goes off."""
        kind = KINDS[self.point.kind]
        return PERIODS_LOST * (self.point.period or kind.period)

    def _advance(self, now: float) -> None:
        interlock = self._interlock
        if interlock is not None and interlock.step(now):
            self._tell(interlock)

    def _tell(self, interlock: Interlock) -> None:
        assert self._pin is not None
        self._pin.set(interlock.on)
        self._emit(_sample(interlock))


def _sample(interlock: Interlock) -> Sample:
    return Sample("on" if interlock.on else "off", detail={"cause": interlock.cause})


def switching_among_gas(around: Surroundings) -> Iterable[tuple[str, str]]:
    """Why an output may not be there: (what, remedy) where it or its node is in the canteen."""
    for place in around.places:
        if place.type in GAS_PLACES:
            yield (
                f"it would be switched from afar in {place.name} ({place.id}), a room of the "
                "canteen: with gas in the air a spark there sets it off (safety notes §1.3)",
                "put the output and its node into another room, or leave it out",
            )
            return
