"""Button: exit, acknowledge and panic buttons between a pin and ground."""

from dataclasses import dataclass, field

from devices.driver import DRIVERS
from devices.drivers.pins import Gpio
from devices.drivers.settling import Times
from devices.drivers.twostate import TwoState

PRESS_S = 0.02
"""A finger's press lasts some 80 ms; bounces and glitches are shorter than this."""
RELEASE_S = 0.1
UNSETTLED_S = 0.2
CHATTER_PER_MIN = 120


@dataclass(frozen=True, slots=True)
class ButtonOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin; the other wire goes to ground"})
    normally_closed: bool = field(
        default=False,
        metadata={"text": "the button opens the loop, so that a cut wire shows as pressed"},
    )


@DRIVERS.register("button")
class Button(TwoState):
    """Tells pressed 20 ms and released 100 ms after the pin is quiet."""

    Options = ButtonOptions

    def times(self) -> Times:
        return Times(PRESS_S, RELEASE_S, UNSETTLED_S, CHATTER_PER_MIN)
