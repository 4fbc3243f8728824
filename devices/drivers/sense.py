"""Sense: whether equipment has power, by an auxiliary contact, a relay or an optocoupler."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.pins import Gpio
from devices.drivers.settling import Times
from devices.drivers.twostate import TwoState

TRIP_S = 0.05
"""Longer than the 10 ms between the pulses of an optocoupler on 50 Hz."""
NEVER = 10**9
"""No number of changes is a fault: behind an optocoupler they are the mains itself."""


@dataclass(frozen=True, slots=True)
class SenseOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin of the contact or optocoupler"})
    active: Literal["low", "high"] = field(
        default="low",
        metadata={"text": "the level while the equipment has power: `low` for a contact or "
                  "transistor to ground"},
    )  # fmt: skip
    off_s: Annotated[float, Limits(ge=0.1, le=3600)] = field(
        default=1.0, metadata={"text": "seconds without power before it counts as off"}
    )


@DRIVERS.register("sense")
class Sense(TwoState):
    """Power that pulses with the mains, as behind an optocoupler without a capacitor, is power."""

    Options = SenseOptions

    @property
    def closed_is_calm(self) -> bool:
        return bool(self.options.active == "high")

    def times(self) -> Times:
        return Times(TRIP_S, self.options.off_s, 2 * TRIP_S, NEVER)
