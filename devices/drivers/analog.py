"""Analog: a sensor with a voltage of 0 to 3.3 V on a channel of an MCP3008, scaled linearly."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, Emit
from devices.drivers.adc import FULL, HIGH_RAIL, LOW_RAIL, AdcChannel, Channel, Chip, channel_pins
from devices.errors import DeviceError
from devices.model import Sample, ValueType


@dataclass(frozen=True, slots=True)
class AnalogOptions:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    low: float = field(metadata={"text": "the value at 0 V, in the kind's unit"})
    high: float = field(metadata={"text": "the value at full scale, in the kind's unit"})


@DRIVERS.register("analog")
class Analog(Driver):
    """A value between `low` and `high`; a reading at a rail is an open or shorted sensor."""

    Options = AnalogOptions
    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._channel: AdcChannel | None = None

    @classmethod
    def pins(cls, options: AnalogOptions) -> tuple[str, ...]:
        return channel_pins(options)

    def start(self, emit: Emit) -> None:
        self._channel = AdcChannel(self.point.id, self.options)

    def sample(self) -> Iterable[Sample]:
        if self._channel is None:
            raise DeviceError(f"{self.point.id} is not open")
        raw = self._channel.raw()
        if not LOW_RAIL < raw < HIGH_RAIL:
            raise DeviceError(
                f"{self.point.id}: MCP3008 {self._channel.name} reads {raw} of {FULL}, at the rail "
                "as with an open or shorted wire: check the sensor, its supply and its cable"
            )
        options: AnalogOptions = self.options
        return [Sample(round(options.low + (options.high - options.low) * raw / FULL, 3))]

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
