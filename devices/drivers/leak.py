"""Leak: a water detector with a loop that water opens (or closes)."""

from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.pins import Gpio
from devices.drivers.settling import Times
from devices.drivers.twostate import TwoState

CHATTER_PER_MIN = 20


@dataclass(frozen=True, slots=True)
class LeakOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin; the other wire goes to ground"})
    normally_closed: bool = field(
        default=True,
        metadata={"text": "water opens the loop, so that a cut wire shows as wet"},
    )
    wet_s: Annotated[float, Limits(ge=0.05, le=60)] = field(
        default=0.5, metadata={"text": "seconds before `wet` is told"}
    )
    dry_s: Annotated[float, Limits(ge=0.5, le=3600)] = field(
        default=60.0, metadata={"text": "seconds before `dry` is told again: a floor dries slowly"}
    )


@DRIVERS.register("leak")
class Leak(TwoState):
    """Wet at once, dry late: water that splashes over the electrodes is one leak, not ten."""

    Options = LeakOptions

    def times(self) -> Times:
        options: LeakOptions = self.options
        return Times(options.wet_s, options.dry_s, 2 * options.wet_s, CHATTER_PER_MIN)
