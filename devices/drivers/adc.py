"""Channels of an MCP3008, the analog-to-digital converter on the SPI bus."""

import os
import time
from contextlib import AbstractContextManager
from typing import Annotated, Any, Protocol

from devices.checking import Limits
from devices.drivers.pins import plain_errors
from devices.errors import DeviceError
from devices.service import Clock

Chip = Annotated[int, Limits(ge=0, le=1)]
Channel = Annotated[int, Limits(ge=0, le=7)]
FULL = 1023
LOW_RAIL, HIGH_RAIL = 3, 1020
"""Raw readings up to, and from, which a 10-bit channel is at a rail: open or short."""
READS = 5
PACE_S = 0.0003
"""Between two conversions of a series: some 40 in a mains period, and time for others."""
SLOW_S = 0.001
"""A conversion that was interrupted for longer does not know its own time."""
OVERLAY = "dtparam=spi=on"


class ChannelOptions(Protocol):
    """What the options of every driver on such a channel have."""

    @property
    def chip(self) -> int: ...

    @property
    def channel(self) -> int: ...


class AdcChannel:
    """One opened channel. Raises DeviceError, naming `where`, the chip and the remedy."""

    def __init__(self, where: str, options: ChannelOptions) -> None:
        self._where = where
        self.name = channel_name(options)
        with self._errors():
            from gpiozero import MCP3008

            _require_bus(where, options.chip)
            self._device: Any = MCP3008(options.channel, port=0, device=options.chip)

    def raw(self) -> int:
        """0 to 1023, the median of five conversions."""
        with self._errors():
            return int(sorted(self._device.raw_value for _ in range(READS))[READS // 2])

    def series(self, clock: Clock, seconds: float) -> list[tuple[float, float]]:
        """Conversions one after the other for so long, each with the middle of its own time."""
        taken: list[tuple[float, float]] = []
        with self._errors():
            end = clock.monotonic() + seconds
            while (before := clock.monotonic()) < end:
                raw = self._device.raw_value
                after = clock.monotonic()
                if after - before < SLOW_S:
                    taken.append(((before + after) / 2, float(raw)))
                time.sleep(PACE_S)
        return taken

    def close(self) -> None:
        self._device.close()

    def _errors(self) -> AbstractContextManager[None]:
        remedy = f"add {OVERLAY} to /boot/firmware/config.txt, restart, and check the wires"
        return plain_errors(self._where, f"MCP3008 {self.name}", remedy)


def _require_bus(where: str, chip: int) -> None:
    """On a Pi without the kernel's SPI device gpiozero would bit-bang other pins, with a warning
    only. Raises DeviceError."""
    from gpiozero import Device
    from gpiozero.pins.local import LocalPiFactory

    bus = f"/dev/spidev0.{chip}"
    if isinstance(Device.pin_factory, LocalPiFactory) and not os.access(bus, os.R_OK | os.W_OK):
        raise DeviceError(
            f"{where}: {bus} is not there or not ours to use: add {OVERLAY} to "
            "/boot/firmware/config.txt and restart, or put this user into the group spi"
        )


def channel_name(options: ChannelOptions) -> str:
    """Chip select and channel, such as CE0/3."""
    return f"CE{options.chip}/{options.channel}"


def channel_pins(options: ChannelOptions) -> tuple[str, ...]:
    """What a channel occupies: itself, and with the others its chip's select and the SPI bus."""
    select = "GPIO7+spi" if options.chip else "GPIO8+spi"
    return (channel_name(options), select, "GPIO9+spi", "GPIO10+spi", "GPIO11+spi")
