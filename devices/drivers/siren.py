"""Siren: a loud sounder by relay or transistor, that falls silent by itself."""

from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.interlock import Times
from devices.drivers.pins import Gpio
from devices.drivers.switched import Switched


@dataclass(frozen=True, slots=True)
class SirenOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin of its relay or transistor"})
    active_high: bool = field(
        default=True, metadata={"text": "high is loud; `false` for relay boards that switch at low"}
    )
    max_on_s: Annotated[float, Limits(ge=1, le=3600)] = field(
        default=180.0, metadata={"text": "seconds after which it falls silent by itself"}
    )


@DRIVERS.register("siren")
class Siren(Switched):
    """Three minutes at a stretch, so that one alarm does not deafen the neighbourhood all night.

    The figure is our own default, not a regulation.
    """

    Options = SirenOptions
    verb = "siren"

    def times(self) -> Times:
        return Times(most_on=self.options.max_on_s, lost_after=self.lost_after())
