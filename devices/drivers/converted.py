"""Converted: a number from one channel of an MCP3008; what all its scales have in common."""

from typing import Any

from devices.catalog import Point
from devices.driver import Driver, Emit
from devices.drivers.adc import FULL, HIGH_RAIL, LOW_RAIL, AdcChannel, channel_pins
from devices.errors import DeviceError
from devices.model import ValueType


class Converted(Driver):
    """Opens the channel of its options, reads it, and knows a rail when it sees one."""

    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._channel: AdcChannel | None = None

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return channel_pins(options)

    def start(self, emit: Emit) -> None:
        self._channel = AdcChannel(self.point.id, self.options)

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    @property
    def channel(self) -> AdcChannel:
        """The opened channel. Raises DeviceError."""
        if self._channel is None:
            raise DeviceError(f"{self.point.id} is not open")
        return self._channel

    def between_rails(self) -> int:
        """The raw reading, 4 to 1019. Raises DeviceError at a rail: an open or shorted wire."""
        raw = self.channel.raw()
        if not LOW_RAIL < raw < HIGH_RAIL:
            raise self.wrong(
                f"reads {raw} of {FULL}, at the rail as with an open or shorted wire",
                "check the sensor, its supply and its cable",
            )
        return raw

    def wrong(self, what: str, remedy: str) -> DeviceError:
        return DeviceError(f"{self.point.id}: MCP3008 {self.channel.name} {what}: {remedy}")
