"""Contact: doors, gates and leak detectors, a switch between a pin and ground."""

from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.pins import Gpio
from devices.drivers.settling import Times
from devices.drivers.twostate import TwoState

Seconds = Annotated[float, Limits(ge=0.001, le=60)]


@dataclass(frozen=True, slots=True)
class ContactOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin; the other wire goes to ground"})
    normally_closed: bool = field(
        default=True,
        metadata={"text": "the loop is made while all is well, so that a cut wire shows as open"},
    )
    debounce_s: Seconds = field(
        default=0.05, metadata={"text": "seconds quiet before open (or wet) is told"}
    )
    stable_s: Seconds = field(
        default=0.5,
        metadata={"text": "seconds quiet before closed (or dry) is told again; a contact that "
                  "will not get quiet for so long counts as open"},
    )  # fmt: skip
    chatter_per_min: Annotated[int, Limits(ge=2)] = field(
        default=20, metadata={"text": "more changes a minute than these are a fault"}
    )


@DRIVERS.register("contact")
class Contact(TwoState):
    """The alarming level is told early and the calm one late, because a missed opening is worse.

    Figures: 50 ms debounce, 500 ms stable, over 20 changes a minute a fault (safety notes §7).
    """

    Options = ContactOptions

    def times(self) -> Times:
        options: ContactOptions = self.options
        return Times(
            trip=options.debounce_s,
            rest=max(options.stable_s, options.debounce_s),
            unsettled=max(options.stable_s, options.debounce_s),
            chatter=options.chatter_per_min,
        )
