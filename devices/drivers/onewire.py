"""OneWire: DS18B20 temperature through the kernel's 1-Wire files, checked by its own bytes."""

import os
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit
from devices.errors import DeviceError
from devices.model import Sample, ValueType

FOLDER_VARIABLE = "CAMPUS_W1_FOLDER"
FOLDER = "/sys/bus/w1/devices"
OVERLAY = "dtoverlay=w1-gpio"
TRIES = 3
"""A wrong checksum is read again: a cable in a kitchen picks something up now and then."""
WRONG, OF_LAST = 3, 10
"""So many wrong checksums of the last readings are a fault (safety notes, §7)."""
LOW_C, HIGH_C = -55.0, 125.0
LOST_C = -127.0
OLD_FAMILY = "10"
"""DS18S20: half degrees and a remainder, where a DS18B20 (28) has sixteenths."""
_BYTES = re.compile(r"^((?:[0-9a-f]{2} ){8}[0-9a-f]{2})(?= |$)")


@dataclass(frozen=True, slots=True)
class OneWireOptions:
    address: Annotated[str, Limits(pattern=r"^(28|10)-[0-9a-f]{12}$")] = field(
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

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._wrong: deque[bool] = deque(maxlen=OF_LAST)
        """Of the last readings, whether their checksum was wrong."""

    def start(self, emit: Emit) -> None:
        """Look for the sensor; reading takes 0.75 s and is left to `sample`."""
        self._look()

    def sample(self) -> Iterable[Sample]:
        self._look()
        family = self.options.address[:2]
        for attempt in range(TRIES):
            try:
                value = celsius(self._scratchpad(), family)
            except ChecksumError as error:
                self._wrong.append(True)
                if attempt == TRIES - 1:
                    raise self._lost(f"answers wrongly ({error})") from error
            except ValueError as error:
                raise self._lost(f"answers wrongly ({error})") from error
            else:
                self._wrong.append(False)
                return [Sample(value)]
        return []

    def health(self) -> str:
        wrong = sum(self._wrong)
        if wrong < WRONG:
            return ""
        return (
            f"sensor {self.options.address} answered {wrong} of {len(self._wrong)} times with a "
            "wrong checksum: check its cable, its pull-up and what it runs beside"
        )

    def _scratchpad(self) -> bytes:
        path = self._folder / self.options.address / "w1_slave"
        try:
            return scratchpad(path.read_text("ascii", errors="replace"))
        except OSError as error:
            raise self._lost(f"cannot be read ({error.strerror})") from error

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
            raise self._lost(f"is not on the bus, which has {self._others()}")

    def _others(self) -> str:
        """The sensors on the bus, above all those that no point of this node names."""
        found = {
            path.name for family in ("28", OLD_FAMILY) for path in self._folder.glob(f"{family}-*")
        }
        named = {str(point.options.get("address")) for point in self.surroundings.points}
        free = sorted(found - named)
        if free:
            return f"{', '.join(free)} that no point uses (swapped?)"
        return f"{len(found)} other(s), each in use" if found else "no sensor at all"

    def _lost(self, what: str) -> DeviceError:
        return DeviceError(
            f"{self.point.id}: sensor {self.options.address} {what}: check its plug, cable and the "
            f"4.7 kΩ pull-up of the bus, and that {OVERLAY} names the right pin"
        )


class ChecksumError(ValueError):
    """Nine bytes that were not read as they were sent."""


def scratchpad(text: str) -> bytes:
    """The nine bytes of a `w1_slave` file. Raises ValueError with the reason they are no reading.

    The kernel's own YES or NO and `t=` are passed over: after a floating bus `t=` is stale.
    """
    found = _BYTES.match(text)
    if found is None:
        raise ValueError("the file does not begin with nine bytes")
    data = bytes.fromhex(found[1])
    if crc8(data[:8]) != data[8]:
        raise ChecksumError(f"checksum {crc8(data[:8]):02x} is not {data[8]:02x}")
    if not any(data):
        raise ValueError("all bytes are zero, as with a shorted bus")
    return data


def celsius(data: bytes, family: str = "28") -> float:
    """°C of a scratchpad; bits below a DS18B20's resolution are undefined and dropped.

    Raises ValueError for what the sensor cannot measure: -127 is a lost one.
    """
    raw = int.from_bytes(data[:2], "little", signed=True)
    if family == OLD_FAMILY:
        remain, per_degree = data[6], data[7] or 16
        value = (raw >> 1) - 0.25 + (per_degree - remain) / per_degree
    else:
        undefined = 3 - (data[4] >> 5 & 3)
        value = (raw >> undefined << undefined) / 16
    if value == LOST_C:
        raise ValueError("-127 °C, what a lost sensor gives")
    if not LOW_C <= value <= HIGH_C:
        raise ValueError(f"{value:g} °C is beyond what it can measure")
    return value


def crc8(data: bytes) -> int:
    """Maxim's CRC-8, polynomial x⁸+x⁵+x⁴+1, over bytes from the least significant bit."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
