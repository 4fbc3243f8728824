"""Analog: a sensor with a voltage of 0 to 3.3 V on a channel of an MCP3008, scaled linearly."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.driver import DRIVERS
from devices.drivers.adc import FULL, Channel, Chip
from devices.drivers.converted import Converted
from devices.model import Sample


@dataclass(frozen=True, slots=True)
class AnalogOptions:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    low: float = field(metadata={"text": "the value at 0 V, in the kind's unit"})
    high: float = field(metadata={"text": "the value at full scale, in the kind's unit"})


@DRIVERS.register("analog")
class Analog(Converted):
    """A value between `low` and `high`; a reading at a rail is an open or shorted sensor."""

    Options = AnalogOptions

    def sample(self) -> Iterable[Sample]:
        options: AnalogOptions = self.options
        share = self.between_rails() / FULL
        return [Sample(round(options.low + (options.high - options.low) * share, 3))]
