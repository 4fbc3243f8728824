"""DS18B20: every recorded `w1_slave` file gives its temperature or a reason why not."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from devices.driver import Surroundings
from devices.drivers.onewire import celsius, crc8, scratchpad
from devices.errors import DeviceError
from devices.model import Value
from devices.simulation.bench import w1_slave
from tests.support.bench import Lab, driver_for, point_for
from tests.support.outside import sensor_vectors

VECTORS = sensor_vectors("ds18b20_w1_slave")
ADDRESS = "28-00299a408dc3"


def file_of(row: dict[str, Any]) -> str:
    crc = row["bytes"][-2:]
    return f"{row['bytes']} : crc={crc} {row['flag']}\n{row['bytes']} t={row['t']}\n"


def put(folder: Path, text: str) -> None:
    sensor = folder / ADDRESS
    sensor.mkdir(parents=True, exist_ok=True)
    (sensor / "w1_slave").write_text(text)


@pytest.mark.parametrize("row", VECTORS, ids=[row["bytes"] for row in VECTORS])
def test_each_recorded_file_gives_its_temperature_or_a_refusal(
    row: dict[str, Any], tmp_path: Path
) -> None:
    put(tmp_path, file_of(row))
    driver = driver_for(point_for("onewire", folder=str(tmp_path)))
    driver.start(lambda sample: None)
    if row["crc_ok"] and set(row["bytes"]) != {"0", " "}:
        assert [sample.value for sample in driver.sample()] == [row["decoded_12bit"]]
    else:
        with pytest.raises(DeviceError, match=f"{ADDRESS} answers wrongly"):
            driver.sample()


@pytest.mark.parametrize(
    ("data", "value"),
    [("50 05 4b 46 7f ff 0c 10 1c", 85.0), ("91 01 4b 46 7f ff 0f 10 25", 25.0625)],
)
def test_the_datasheets_own_examples_are_read(data: str, value: float) -> None:
    assert celsius(scratchpad(f"{data} : crc={data[-2:]} YES\n{data} t=1\n")) == value


@pytest.mark.parametrize("raw", [-880, -1, 0, 1, 68, 1360, 2000])
def test_the_mock_sensors_file_reads_back_as_what_it_shows(raw: int) -> None:
    assert celsius(scratchpad(w1_slave(raw))) == raw / 16


def test_undefined_bits_of_a_lower_resolution_are_dropped() -> None:
    nine_bits = bytes((0x57, 0x01, 0x4B, 0x46, 0x1F, 0xFF, 0x0C, 0x10))
    assert celsius(nine_bits) == 21.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "nine bytes"), ("50 05 4b", "nine bytes"), ("garbage\x00", "nine bytes"),
     ("00 00 00 00 00 00 00 00 00 : crc=00 YES\n", "all bytes are zero")],
)  # fmt: skip
def test_a_file_that_is_no_reading_says_why(text: str, reason: str, tmp_path: Path) -> None:
    put(tmp_path, text)
    driver = driver_for(point_for("onewire", folder=str(tmp_path)))
    with pytest.raises(DeviceError, match=reason):
        driver.sample()


def test_a_sensor_that_is_not_on_the_bus_is_named_with_the_overlay(lab: Lab) -> None:
    lab.bench.show_temperature("28-0000000000aa", 4.0)
    driver = driver_for(point_for("onewire"))
    with pytest.raises(
        DeviceError,
        match=f"{ADDRESS} is not on the bus, which has 28-0000000000aa that no .*w1-gpio",
    ):
        driver.start(lambda sample: None)


def test_a_sensor_comes_back_when_it_is_plugged_in_again(lab: Lab) -> None:
    lab.bench.show_temperature(ADDRESS, 4.25)
    driver, _ = lab.open("onewire")
    lab.bench.unplug(ADDRESS)
    with pytest.raises(DeviceError):
        driver.sample()
    lab.bench.show_temperature(ADDRESS, 5.0)
    assert [sample.value for sample in driver.sample()] == [5.0]


def test_of_several_sensors_on_a_bus_each_is_itself_and_a_swapped_one_is_named(lab: Lab) -> None:
    others = [f"28-0000000000{number:02x}" for number in range(3)]
    for number, address in enumerate(others):
        lab.bench.show_temperature(address, float(number))
    read = [lab.open("onewire", address=address)[0] for address in others]
    assert [next(iter(driver.sample())).value for driver in read] == [0.0, 1.0, 2.0]
    driver = driver_for(point_for("onewire"))
    used = tuple(point_for("onewire", address=address) for address in others[:2])
    driver.surroundings = Surroundings(points=used)
    with pytest.raises(DeviceError, match=f"which has {others[2]} that no point uses"):
        driver.start(lambda sample: None)
    everyone = tuple(point_for("onewire", address=address) for address in others)
    driver.surroundings = Surroundings(points=everyone)
    with pytest.raises(DeviceError, match=r"which has 3 other\(s\), each in use"):
        driver.start(lambda sample: None)


class Flaky:
    """A sensor whose file is a pipe: each reading gets what stands next."""

    GOOD, BAD = w1_slave(68), w1_slave(68).replace("44 00", "45 00")

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.driver = driver_for(point_for("onewire", folder=str(folder)))
        put(folder, self.GOOD)
        self.driver.start(lambda sample: None)

    def reads(self, *answers: str) -> list[Value]:
        path = self._folder / ADDRESS / "w1_slave"
        following = path.with_name("following")

        def feed() -> None:
            for answer in answers:
                with path.open("w") as pipe:
                    pipe.write(answer)
                    # Before this one ends: who opens the file next must find the next pipe.
                    os.mkfifo(following)
                    following.replace(path)

        path.unlink()
        os.mkfifo(path)
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            return [sample.value for sample in self.driver.sample()]
        finally:
            feeder.join(5.0)


def test_a_wrong_checksum_is_read_again_and_three_of_ten_are_told(tmp_path: Path) -> None:
    sensor = Flaky(tmp_path)
    for _ in range(2):
        assert sensor.reads(Flaky.BAD, Flaky.GOOD) == [4.25]
    assert sensor.driver.health() == ""
    assert sensor.reads(Flaky.BAD, Flaky.GOOD) == [4.25]
    assert "answered 3 of 6 times with a wrong checksum" in sensor.driver.health()
    for _ in range(10):
        assert sensor.reads(Flaky.GOOD) == [4.25]
    assert sensor.driver.health() == ""


def frame(*data: int) -> str:
    text = bytes((*data, crc8(bytes(data)))).hex(" ")
    return f"{text} : crc={text[-2:]} YES\n{text} t=0\n"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(-127 * 16, "-127 °C, what a lost sensor"), (2001, "beyond"), (-881, "beyond")],
)
def test_what_the_sensor_cannot_measure_is_refused(raw: int, reason: str) -> None:
    low, high = (raw & 0xFFFF).to_bytes(2, "little")
    with pytest.raises(ValueError, match=reason):
        celsius(scratchpad(frame(low, high, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10)))


def test_a_ds18s20_has_half_degrees_and_a_remainder() -> None:
    """Recorded bytes that its own driver read as 22.5625 °C, and the data sheet's -25 °C."""
    assert celsius(bytes.fromhex("2d004b46ffff0310dd"), "10") == 22.5625
    assert celsius(bytes((0xCE, 0xFF, 0x4B, 0x46, 0xFF, 0xFF, 0x0C, 0x10)), "10") == -25.0
