"""DS18B20: every recorded `w1_slave` file gives its temperature or a reason why not."""

from pathlib import Path
from typing import Any

import pytest

from devices.drivers.onewire import celsius, scratchpad
from devices.errors import DeviceError
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
    with pytest.raises(DeviceError, match=f"{ADDRESS} is not on the bus, which has 1 .*w1-gpio"):
        driver.start(lambda sample: None)


def test_a_sensor_comes_back_when_it_is_plugged_in_again(lab: Lab) -> None:
    lab.bench.show_temperature(ADDRESS, 4.25)
    driver, _ = lab.open("onewire")
    lab.bench.unplug(ADDRESS)
    with pytest.raises(DeviceError):
        driver.sample()
    lab.bench.show_temperature(ADDRESS, 5.0)
    assert [sample.value for sample in driver.sample()] == [5.0]
