"""MCP3008 channels: sensors with a scale, and power clamps."""

import pytest

from devices.errors import DeviceError
from tests.support.bench import Lab


def humidity(lab: Lab, raw: int) -> object:
    lab.bench.set_channel(0, 3, raw)
    driver, _ = lab.open("analog")
    try:
        return next(iter(driver.sample())).value
    finally:
        driver.close()


def power(lab: Lab, raw: int, **options: object) -> object:
    lab.bench.set_channel(1, 7, raw)
    driver, _ = lab.open("power", **options)
    try:
        return next(iter(driver.sample())).value
    finally:
        driver.close()


@pytest.mark.parametrize(("raw", "percent"), [(4, 0.391), (512, 50.049), (1019, 99.609)])
def test_a_channel_is_scaled_to_its_unit(lab: Lab, raw: int, percent: float) -> None:
    assert humidity(lab, raw) == percent


@pytest.mark.parametrize("raw", [0, 3, 1020, 1023])
def test_a_reading_at_a_rail_is_an_open_or_shorted_wire(lab: Lab, raw: int) -> None:
    with pytest.raises(DeviceError, match=f"CE0/3 reads {raw} of 1023.*open or shorted"):
        humidity(lab, raw)


def test_every_channel_of_both_chips_is_told_apart(lab: Lab) -> None:
    for chip in (0, 1):
        for channel in range(8):
            lab.bench.set_channel(chip, channel, 100 + 300 * chip + 10 * channel)
    for chip in (0, 1):
        for channel in range(8):
            driver, _ = lab.open("analog", chip=chip, channel=channel, high=1023.0)
            value = next(iter(driver.sample())).value
            assert value == 100 + 300 * chip + 10 * channel


@pytest.mark.parametrize(("raw", "watts"), [(0, 0.0), (2, 8.6), (102, 438.7), (1019, 4382.8)])
def test_a_clamp_gives_watts_and_nothing_at_the_low_rail(lab: Lab, raw: int, watts: float) -> None:
    assert power(lab, raw) == watts


def test_the_full_scale_of_a_clamp_is_more_than_its_rating(lab: Lab) -> None:
    with pytest.raises(DeviceError, match=r"CE1/7 reads 1023 .*more than the rated 4400 W"):
        power(lab, 1023)


def test_negative_power_beyond_the_noise_is_a_fault(lab: Lab) -> None:
    assert power(lab, 99, zero=100) == 0.0
    with pytest.raises(DeviceError, match="negative power"):
        power(lab, 60, zero=100)
