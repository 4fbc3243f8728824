"""A mock I2C bus at smbus2's place, whose SHT3x answer as the chips do, bit by bit."""

import errno
from typing import Any

from devices.drivers.sht3x import crc8
from devices.service import Clock

_READ = 0x0001
_BUSY_S = 0.0125
"""What a chip takes for a measurement, typically."""
_HEATER, _RESET = 1 << 13, 1 << 4


class MockSht3x:
    """Takes the commands of the data sheet; does not acknowledge a read before it has measured."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.temperature = 20.0
        self.humidity = 50.0
        self.status = _RESET
        self.garbled = 0
        """So many answers have a wrong checksum."""
        self._ready_at = 0.0
        self._answer = b""

    def show(self, temperature: float, humidity: float) -> None:
        """°C and % from now on."""
        self.temperature, self.humidity = temperature, humidity

    def lose_supply(self) -> None:
        self.status, self._answer = _RESET, b""

    def write(self, data: bytes) -> None:
        match data.hex():
            case "2400":
                hot = round((self.temperature + 45) / 175 * 65535)
                damp = round(self.humidity / 100 * 65535)
                self._answer = _word(hot) + _word(damp)
                self._ready_at = self._clock.monotonic() + _BUSY_S
            case "f32d":
                self._answer, self._ready_at = _word(self.status), 0.0
            case "3041":
                self.status &= _HEATER
            case "306d":
                self.status |= _HEATER
            case "3066":
                self.status &= ~_HEATER
            case "30a2":
                self.lose_supply()
            case _:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def read(self, count: int) -> bytes:
        if not self._answer or self._clock.monotonic() < self._ready_at:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        answer, self._answer = self._answer, b""
        if self.garbled and len(answer) == 6:
            self.garbled -= 1
            answer = bytes((answer[0] ^ 0x10,)) + answer[1:]
        return answer.ljust(count, b"\xff")[:count]


class MockBus:
    """One bus: the chips that hang on it by address; the others do not acknowledge."""

    def __init__(self) -> None:
        self.chips: dict[int, MockSht3x] = {}

    def i2c_rdwr(self, *messages: Any) -> None:
        for message in messages:
            chip = self.chips.get(message.addr)
            if chip is None:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            if message.flags & _READ:
                for place, byte in enumerate(chip.read(len(message))):
                    message.buf[place] = bytes((byte,))
            else:
                chip.write(bytes(message))

    def close(self) -> None:
        """The chips stay where they are."""


def _word(value: int) -> bytes:
    data = min(max(value, 0), 0xFFFF).to_bytes(2, "big")
    return data + bytes((crc8(data),))
