"""Power: what equipment draws, by a current clamp with a rectified output on an MCP3008 channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit
from devices.drivers.adc import FULL, HIGH_RAIL, AdcChannel, Channel, Chip, channel_pins
from devices.errors import DeviceError
from devices.model import Sample, ValueType

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
class Power(Driver):
    """Watts. Below zero by more than the noise, or at full scale, is a fault.

    A clamp around a wire without current reads 0, so the low rail is 0 W and no fault: a clamp
    that fell off looks like equipment switched off.
    """

    Options = PowerOptions
    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._channel: AdcChannel | None = None

    @classmethod
    def pins(cls, options: PowerOptions) -> tuple[str, ...]:
        return channel_pins(options)

    def start(self, emit: Emit) -> None:
        self._channel = AdcChannel(self.point.id, self.options)

    def sample(self) -> Iterable[Sample]:
        if self._channel is None:
            raise DeviceError(f"{self.point.id} is not open")
        raw = self._channel.raw()
        options: PowerOptions = self.options
        watts = options.rated_watts * (raw - options.zero) / (FULL - options.zero)
        if raw >= HIGH_RAIL or watts < -NOISE_W:
            what = "negative power" if watts < 0 else f"more than the rated {options.rated_watts:g}"
            raise DeviceError(
                f"{self.point.id}: the clamp on MCP3008 {self._channel.name} reads {raw} of "
                f"{FULL}, {what} W: check the clamp, its cable and the options rated_watts and zero"
            )
        return [Sample(round(max(watts, 0.0), 1))]

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
