"""I2C buses of this machine through smbus2: a chip's bytes, with clear errors."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from devices.drivers.sharing import Pool
from devices.errors import DeviceError

OVERLAY = "dtparam=i2c_arm=on"


class Bus(Protocol):
    """What of smbus2's SMBus is used: messages of its i2c_msg, in one transaction."""

    def i2c_rdwr(self, *messages: Any) -> None: ...

    def close(self) -> None: ...


Opener = Callable[[int], Bus]


def _smbus(number: int) -> Bus:
    from smbus2 import SMBus

    return SMBus(number)


class Buses:
    """Opens each bus once for all its chips; mock hardware puts an opener of its own in."""

    def __init__(self) -> None:
        self.opener: Opener = _smbus
        self._pool: Pool[Bus] = Pool()

    def take(self, number: int) -> Bus:
        return self._pool.take(number, lambda: self.opener(number))

    def give_back(self, number: int) -> None:
        self._pool.give_back(number)


BUSES = Buses()


class I2cChip:
    """One chip on a bus. Each DeviceError begins with `where` (the point) and names its address."""

    def __init__(self, where: str, number: int, address: int, name: str) -> None:
        self.lock = threading.RLock()
        self.name = f"{name} at 0x{address:02x} on I2C-{number}"
        self._number = number
        self._address = address
        try:
            self._bus: Bus | None = BUSES.take(number)
        except ImportError as error:
            raise DeviceError(
                f"{where}: {self.name}: smbus2 is not installed ({error}): pip install "
                "'campus-monitor[node]'"
            ) from error
        except OSError as error:
            raise DeviceError(
                f"{where}: no bus /dev/i2c-{number} for the {self.name} ({error.strerror}): add "
                f"{OVERLAY} to /boot/firmware/config.txt and restart, or put this user into the "
                "group i2c"
            ) from error

    def write(self, where: str, data: bytes) -> None:
        from smbus2 import i2c_msg

        self._transfer(where, i2c_msg.write(self._address, list(data)))

    def read(self, where: str, count: int) -> bytes:
        from smbus2 import i2c_msg

        message = i2c_msg.read(self._address, count)
        self._transfer(where, message)
        return bytes(message)

    def close(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            BUSES.give_back(self._number)

    def _transfer(self, where: str, message: Any) -> None:
        if self._bus is None:
            raise DeviceError(f"{where}: the {self.name} is not open")
        try:
            self._bus.i2c_rdwr(message)
        except OSError as error:
            raise DeviceError(
                f"{where}: the {self.name} does not answer ({error.strerror}): check its wires, "
                f"supply and address, and that {OVERLAY} is in /boot/firmware/config.txt"
            ) from error


def i2c_pins(number: int, address: int, tag: str) -> tuple[str, ...]:
    """What such a chip occupies: its address, for the points of one driver, and the bus's pins."""
    chip = f"I2C-{number}/0x{address:02x}+{tag}"
    return (chip, "GPIO2+i2c", "GPIO3+i2c") if number == 1 else (chip,)
