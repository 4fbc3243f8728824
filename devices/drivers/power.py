"""Power: what equipment draws, by a current clamp with a rectified output on an MCP3008 channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS
from devices.drivers.adc import FULL, HIGH_RAIL, Channel, Chip
from devices.drivers.converted import Converted
from devices.model import Sample

NOISE_W = 5.0
"""A clamp is ±2 W at low load (safety notes §7); further below zero it is wired wrongly."""


@dataclass(frozen=True, slots=True)
class PowerOptions:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    rated_watts: Annotated[float, Limits(gt=0, le=100_000)] = field(
        default=4400.0,
        metadata={"text": "watts at the clamp's full scale (3.3 V); 4400 is 20 A at 220 V"},
    )
    zero: Annotated[int, Limits(ge=0, le=900)] = field(
        default=0, metadata={"text": "raw reading (of 1023) at no current, for a biased output"}
    )


@DRIVERS.register("power")
class Power(Converted):
    """Watts. Below zero by more than the noise, or at full scale, is a fault.

    A clamp around a wire without current reads 0, so the low rail is 0 W and no fault: a clamp
    that fell off looks like equipment switched off.
    """

    Options = PowerOptions

    def sample(self) -> Iterable[Sample]:
        raw = self.channel.raw()
        options: PowerOptions = self.options
        watts = options.rated_watts * (raw - options.zero) / (FULL - options.zero)
        if raw >= HIGH_RAIL or watts < -NOISE_W:
            what = "negative power" if watts < 0 else f"more than the rated {options.rated_watts:g}"
            raise self.wrong(
                f"reads {raw} of {FULL}, {what} W",
                "check the clamp, its cable and the options rated_watts and zero",
            )
        return [Sample(round(max(watts, 0.0), 1))]
