"""SHT3x: frames with their checksums, and the chip on a mock I2C bus that answers as it does."""

from dataclasses import replace
from typing import Any

import pytest

from devices.driver import ALONE, DRIVERS
from devices.drivers.sht3x import crc8, decode, word
from devices.errors import DeviceError
from tests.support.bench import Lab, driver_for, point_for
from tests.support.outside import sensor_vectors

VECTORS = sensor_vectors("sht3x")
ADDRESS = 0x44


@pytest.mark.parametrize("row", VECTORS, ids=[row["frame"] for row in VECTORS])
def test_each_recorded_frame_is_a_climate_or_refused(row: dict[str, Any]) -> None:
    frame = bytes.fromhex(row["frame"])
    if "temp" in row:
        climate = decode(frame)
        assert climate.temperature == pytest.approx(row["temp"], abs=0.005)
        assert climate.humidity == pytest.approx(row["rh"], abs=0.005)
    else:
        with pytest.raises(ValueError, match="checksum"):
            word(frame + bytes.fromhex(row["crc_not"]))


def test_the_data_sheets_own_checksum() -> None:
    assert crc8(bytes.fromhex("BEEF")) == 0x92


def test_any_single_wrong_bit_of_a_frame_is_refused() -> None:
    good = bytes.fromhex("DEAD98BEEF92")
    for place in range(48):
        wrong = int.from_bytes(good, "big") ^ 1 << place
        with pytest.raises(ValueError, match="wrong checksum"):
            decode(wrong.to_bytes(6, "big"))


@pytest.mark.parametrize("frame", ["", "DEAD98", "DEAD98BEEF9200", "FFFFFFFFFFFF", "000000000000"])
def test_a_frame_that_is_none_says_why(frame: str) -> None:
    with pytest.raises(ValueError, match=r"bytes are no measurement|wrong checksum"):
        decode(bytes.fromhex(frame))


def test_a_temperature_that_the_chip_cannot_measure_is_refused() -> None:
    hot = bytes((0xFF, 0xFF))
    with pytest.raises(ValueError, match=r"130\.0 °C is beyond"):
        decode(hot + bytes((crc8(hot),)) + bytes.fromhex("BEEF92"))


def read(driver: Any) -> float:
    return float(next(iter(driver.sample())).value)


def test_two_points_share_a_chip_that_measures_once_for_both(lab: Lab) -> None:
    lab.bench.climate_chip(ADDRESS).show(21.5, 45.0)
    warm, _ = lab.open("sht3x")
    damp = driver_for(replace(point_for("sht3x"), id="test/humidity", kind="humidity"))
    damp.start(lambda sample: None)
    assert read(warm) == pytest.approx(21.5, abs=0.01)
    lab.bench.climate_chip(ADDRESS).show(30.0, 70.0)
    assert read(damp) == pytest.approx(45.0, abs=0.01)
    warm.close()
    damp.close()


def test_one_wrong_checksum_is_measured_again_and_three_are_a_fault(lab: Lab) -> None:
    chip = lab.bench.climate_chip(ADDRESS)
    chip.garbled = 2
    driver, _ = lab.open("sht3x")
    assert read(driver) == pytest.approx(20.0, abs=0.01)
    driver.close()
    chip.garbled = 3
    again, _ = lab.open("sht3x")
    with pytest.raises(DeviceError, match=r"0x44 on I2C-1 answers wrongly .*wrong checksum"):
        again.sample()


def test_a_heater_that_is_on_is_put_off_and_told(lab: Lab) -> None:
    chip = lab.bench.climate_chip(ADDRESS)
    driver, _ = lab.open("sht3x")
    chip.write(bytes((0x30, 0x6D)))
    read(driver)
    assert "heater" in driver.health()
    assert not chip.status & 1 << 13


def test_a_supply_that_broke_down_is_told(lab: Lab) -> None:
    chip = lab.bench.climate_chip(ADDRESS)
    driver, _ = lab.open("sht3x")
    chip.lose_supply()
    read(driver)
    assert "lost its supply" in driver.health()


def test_a_kind_that_it_cannot_give_is_refused() -> None:
    point = replace(point_for("sht3x"), kind="power")
    found = list(DRIVERS["sht3x"].misfits(point, driver_for(point).options, ALONE))
    assert [what for what, _remedy in found] == [
        "it gives temperature or humidity, and kind power is neither"
    ]
