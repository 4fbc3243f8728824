"""Relay: switches equipment, within its interlocks; never in the kitchen."""

import math
from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.interlock import Times
from devices.drivers.pins import Gpio
from devices.drivers.switched import Switched

Seconds = Annotated[float, Limits(ge=0, le=86400)]


@dataclass(frozen=True, slots=True)
class RelayOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin that drives the relay"})
    active_high: bool = field(
        default=True,
        metadata={"text": "high draws the relay; `false` for boards that switch at low"},
    )
    min_on_s: Seconds = field(
        default=0.0, metadata={"text": "seconds it stays on at least, once on"}
    )
    min_off_s: Seconds = field(
        default=0.0,
        metadata={"text": "seconds it stays off at least, also after the start: a compressor "
                  "needs 180"},
    )  # fmt: skip
    max_on_s: Seconds = field(
        default=0.0, metadata={"text": "seconds after which it goes off by itself; 0: no limit"}
    )


@DRIVERS.register("relay")
class Relay(Switched):
    """What is asked too early waits until it may be done; the last wish counts."""

    Options = RelayOptions
    verb = "relay"

    def times(self) -> Times:
        options: RelayOptions = self.options
        return Times(
            least_on=options.min_on_s,
            least_off=options.min_off_s,
            most_on=options.max_on_s or math.inf,
            lost_after=self.lost_after(),
        )
