"""OneWire: DS18B20 temperature through the kernel's 1-Wire files, checked by its own bytes."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit
from devices.errors import DeviceError
from devices.model import Sample, ValueType

FOLDER_VARIABLE = "CAMPUS_W1_FOLDER"
FOLDER = "/sys/bus/w1/devices"
OVERLAY = "dtoverlay=w1-gpio"
_BYTES = re.compile(r"^((?:[0-9a-f]{2} ){8}[0-9a-f]{2})(?= |$)")


@dataclass(frozen=True, slots=True)
class OneWireOptions:
    address: Annotated[str, Limits(pattern=r"^28-[0-9a-f]{12}$")] = field(
        metadata={"text": "the sensor's folder name on the bus, such as 28-00299a408dc3"}
    )
    folder: str = field(
        default="",
        metadata={"text": f"where the bus shows its sensors; empty: `{FOLDER_VARIABLE}`, else "
                  f"`{FOLDER}`"},
    )  # fmt: skip


@DRIVERS.register("onewire")
class OneWire(Driver):
    """°C in steps of 1/16; 85.0, the power-on value, is given as it is and judged by its kind."""

    Options = OneWireOptions
    value_type = ValueType.NUMBER

    def start(self, emit: Emit) -> None:
        """Look for the sensor; reading takes 0.75 s and is left to `sample`."""
        self._look()

    def sample(self) -> Iterable[Sample]:
        self._look()
        path = self._folder / self.options.address / "w1_slave"
        try:
            text = path.read_text("ascii", errors="replace")
        except OSError as error:
            raise self._lost(f"cannot be read ({error.strerror})") from error
        try:
            return [Sample(celsius(scratchpad(text)))]
        except ValueError as error:
            raise self._lost(f"answers wrongly ({error})") from error

    @classmethod
    def pins(cls, options: OneWireOptions) -> tuple[str, ...]:
        return (f"1-Wire {options.address}",)

    def close(self) -> None:
        """Nothing stays open."""

    @property
    def _folder(self) -> Path:
        return Path(self.options.folder or os.environ.get(FOLDER_VARIABLE) or FOLDER)

    def _look(self) -> None:
        if not self._folder.is_dir():
            raise DeviceError(
                f"{self.point.id}: no 1-Wire bus at {self._folder} for sensor "
                f"{self.options.address}: add {OVERLAY} to /boot/firmware/config.txt and restart"
            )
        if not (self._folder / self.options.address).is_dir():
            found = len(list(self._folder.glob("28-*")))
            raise self._lost(f"is not on the bus, which has {found} other(s), see {self._folder}")

    def _lost(self, what: str) -> DeviceError:
        return DeviceError(
            f"{self.point.id}: sensor {self.options.address} {what}: check its plug, cable and the "
            f"4.7 kΩ pull-up of the bus, and that {OVERLAY} names the right pin"
        )


def scratchpad(text: str) -> bytes:
    """The nine bytes of a `w1_slave` file. Raises ValueError with the reason they are no reading.

    The kernel's own YES and `t=` are passed over: after a floating bus `t=` is stale.
    """
    found = _BYTES.match(text)
    if found is None:
        raise ValueError("the file does not begin with nine bytes")
    data = bytes.fromhex(found[1])
    if crc8(data[:8]) != data[8]:
        raise ValueError(f"checksum {crc8(data[:8]):02x} is not {data[8]:02x}")
    if not any(data):
        raise ValueError("all bytes are zero, as with a shorted bus")
    return data


def celsius(data: bytes) -> float:
    """°C of a DS18B20 scratchpad; bits below its resolution are undefined and dropped."""
    raw = int.from_bytes(data[:2], "little", signed=True)
    undefined = 3 - (data[4] >> 5 & 3)
    return (raw >> undefined << undefined) / 16


def crc8(data: bytes) -> int:
    """Maxim's CRC-8, polynomial x⁸+x⁵+x⁴+1, over bytes from the least significant bit."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
