"""PIR: a motion detector with a 3.3 V output, or with an alarm loop that it opens."""

from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS, Emit
from devices.drivers.pins import Gpio
from devices.drivers.settling import Times
from devices.drivers.twostate import CLOCK, TwoState

TRIP_S = 0.1
"""Shorter is a disturbance: a detector holds its output for a second at least."""
CHATTER_PER_MIN = 60


@dataclass(frozen=True, slots=True)
class PirOptions:
    gpio: Gpio = field(
        metadata={"text": "BCM number of the pin: its output, or its loop to ground"}
    )
    warm_up_s: Annotated[float, Limits(ge=0, le=600)] = field(
        default=60.0, metadata={"text": "seconds after the start in which it is not believed"}
    )
    hold_s: Annotated[float, Limits(ge=0.1, le=3600)] = field(
        default=60.0, metadata={"text": "seconds without motion before `clear` is told"}
    )
    stuck_h: Annotated[float, Limits(ge=0.01, le=168)] = field(
        default=12.0, metadata={"text": "hours of motion without a break that are a fault"}
    )


@DRIVERS.register("pir")
class Pir(TwoState):
    """High is motion: an output that drives the pin, or a loop to ground that motion opens.

    The pin's pull-up makes a cut wire read as motion, which then has no end and is told as a fault.
    """

    Options = PirOptions

    @property
    def closed_is_calm(self) -> bool:
        return True

    def start(self, emit: Emit) -> None:
        self._warm_at = CLOCK.monotonic() + self.options.warm_up_s
        super().start(emit)

    def times(self) -> Times:
        hold = self.options.hold_s
        return Times(trip=TRIP_S, rest=hold, unsettled=2 * TRIP_S, chatter=CHATTER_PER_MIN)

    def health(self) -> str:
        hours = self.tripped_for() / 3600
        if hours >= self.options.stuck_h:
            return (
                f"the motion detector on GPIO{self.gpio} has seen motion without a break for "
                f"{hours:.0f} h: check its cable and what it looks at"
            )
        return super().health()

    def _tripped(self, high: bool) -> bool:
        return super()._tripped(high) and CLOCK.monotonic() >= self._warm_at
