"""SHT3x: temperature and humidity of a Sensirion SHT30, SHT31 or SHT35 over I2C."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit, Surroundings
from devices.drivers.i2c import I2cChip, i2c_pins
from devices.drivers.sharing import Pool
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import Sample, ValueType
from devices.service import Clock

CLOCK = Clock()
QUANTITIES = ("temperature", "humidity")
"""Measurements it gives; a point's kind says which."""
MEASURE = bytes((0x24, 0x00))
"""Single shot, high repeatability, without holding the clock line."""
MEASURE_S = 0.016
"""Data sheet: at most 15.5 ms."""
STATUS, CLEAR, HEATER_OFF = bytes((0xF3, 0x2D)), bytes((0x30, 0x41)), bytes((0x30, 0x66))
HEATER_BIT, RESET_BIT = 1 << 13, 1 << 4
FRESH_S = 1.0
"""A measurement so old serves the other point of the same chip too."""
TRIES = 3
LOW_C, HIGH_C = -40.0, 125.0


class Climate(NamedTuple):
    """°C and % relative humidity."""

    temperature: float
    humidity: float


def crc8(data: bytes) -> int:
    """Sensirion's CRC-8: polynomial 0x31 (x⁸+x⁵+x⁴+1) from 0xFF, most significant bit first."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return crc


def word(data: bytes) -> int:
    """The 16 bits of two bytes and their checksum. Raises ValueError with the reason."""
    if len(data) != 3:
        raise ValueError(f"{len(data)} bytes are no word with its checksum, which has 3")
    if crc8(data[:2]) != data[2]:
        raise ValueError(f"checksum {crc8(data[:2]):02x} is not {data[2]:02x}")
    return data[0] << 8 | data[1]


def decode(frame: bytes) -> Climate:
    """The six bytes of a measurement: temperature, its checksum, humidity, its checksum.

    Raises ValueError with the reason they are none.
    """
    if len(frame) != 6:
        raise ValueError(f"{len(frame)} bytes are no measurement, which has 6")
    try:
        hot = word(frame[:3])
        damp = word(frame[3:])
    except ValueError as error:
        raise ValueError(f"a measurement with a wrong checksum: {error}") from error
    climate = Climate(-45 + 175 * hot / 65535, 100 * damp / 65535)
    if not LOW_C <= climate.temperature <= HIGH_C:
        raise ValueError(f"{climate.temperature:.1f} °C is beyond what it can measure")
    return climate


class _Sensor:
    """One chip, read for all its points."""

    def __init__(self, where: str, number: int, address: int) -> None:
        self._chip = I2cChip(where, number, address, "SHT3x")
        self.name = self._chip.name
        self._read_at = 0.0
        self._climate: Climate | None = None
        self._had: set[str] = set()
        self.doubt = ""
        try:
            self._chip.write(where, HEATER_OFF)
            self._chip.write(where, CLEAR)
        except DeviceError:
            self._chip.close()
            raise

    def read(self, where: str) -> Climate:
        """A measurement that `where` has not had yet, at most a second old. Raises DeviceError."""
        with self._chip.lock:
            now = CLOCK.monotonic()
            old = where in self._had or now - self._read_at > FRESH_S
            self._had = {where} if old else {where, *self._had}
            if self._climate is None or old:
                self._climate = None
                self._climate = self._measure(where)
                self._read_at = now
                self._look_at_status(where)
            return self._climate

    def close(self) -> None:
        self._chip.close()

    def _measure(self, where: str) -> Climate:
        wrong = ""
        for _ in range(TRIES):
            self._chip.write(where, MEASURE)
            time.sleep(MEASURE_S)
            try:
                return decode(self._chip.read(where, 6))
            except ValueError as error:
                wrong = str(error)
        raise DeviceError(
            f"{where}: the {self.name} answers wrongly ({wrong}): check its wires, keep them under "
            "1 m and away from mains"
        )

    def _look_at_status(self, where: str) -> None:
        """A heater that is on falsifies it; a reset on its own is a supply that breaks down."""
        self._chip.write(where, STATUS)
        try:
            status = word(self._chip.read(where, 3))
        except ValueError:
            return  # the measurement was right; the next round asks again
        if status & HEATER_BIT:
            self._chip.write(where, HEATER_OFF)
            self.doubt = f"the {self.name} had its heater on, which falsifies it; it was put off"
        elif status & RESET_BIT:
            self._chip.write(where, CLEAR)
            self.doubt = f"the {self.name} lost its supply for a moment: check its plug and cable"
        else:
            self.doubt = ""


_SENSORS: Pool[_Sensor] = Pool()


@dataclass(frozen=True, slots=True)
class Sht3xOptions:
    address: Annotated[int, Limits(ge=0x44, le=0x45)] = field(
        default=0x44, metadata={"text": "68 (0x44), or 69 (0x45) where its pin ADDR is high"}
    )
    bus: Annotated[int, Limits(ge=0, le=9)] = field(
        default=1, metadata={"text": "number of the I2C bus; 1 is GPIO2 and GPIO3"}
    )


@DRIVERS.register("sht3x")
class Sht3x(Driver):
    """°C or % by the point's kind; two points share a chip, which is measured once for both."""

    Options = Sht3xOptions
    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._sensor: _Sensor | None = None

    @classmethod
    def pins(cls, options: Sht3xOptions) -> tuple[str, ...]:
        return i2c_pins(options.bus, options.address, "sht3x")

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        yield from not_climate(point)

    def start(self, emit: Emit) -> None:
        options: Sht3xOptions = self.options
        self._sensor = _SENSORS.take(
            self._key, lambda: _Sensor(self.point.id, options.bus, options.address)
        )

    def sample(self) -> Iterable[Sample]:
        if self._sensor is None:
            raise DeviceError(f"{self.point.id} is not open")
        return [Sample(of_climate(self.point, self._sensor.read(self.point.id)))]

    def health(self) -> str:
        sensor = self._sensor
        return sensor.doubt if sensor is not None else ""

    def close(self) -> None:
        sensor, self._sensor = self._sensor, None
        if sensor is not None:
            _SENSORS.give_back(self._key)

    @property
    def _key(self) -> tuple[int, int]:
        return (self.options.bus, self.options.address)


def not_climate(point: Point) -> Iterable[tuple[str, str]]:
    """A kind that such a sensor cannot give: (what, remedy)."""
    kind = KINDS[point.kind]
    if kind.measurement not in QUANTITIES:
        what = f"it gives temperature or humidity, and kind {kind.key} is neither"
        yield (what, "use a kind such as temperature-room or humidity")


def of_climate(point: Point, climate: Climate) -> float:
    """What of it a point's kind means, to a hundredth."""
    quantity = KINDS[point.kind].measurement
    return round(climate.humidity if quantity == "humidity" else climate.temperature, 2)
