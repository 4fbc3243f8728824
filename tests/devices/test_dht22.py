"""DHT22 through files like the kernel's: spacing, jumps, and a humidity that is stuck."""

from dataclasses import replace
from typing import Any

import pytest

from devices.drivers.dht22 import SPACING_S, Plausible
from devices.drivers.sht3x import Climate
from devices.errors import DeviceError
from devices.service import Clock
from tests.support.bench import Lab, driver_for, point_for

GPIO = 4


def read(driver: Any) -> float:
    return float(next(iter(driver.sample())).value)


def test_two_points_share_one_reading_and_the_next_waits_its_time(lab: Lab) -> None:
    lab.bench.show_dht22(GPIO, -3.4, 61.2)
    damp, _ = lab.open("dht22")
    warm = driver_for(replace(point_for("dht22"), id="test/warm", kind="temperature-room"))
    warm.start(lambda sample: None)
    clock = Clock()
    begun = clock.monotonic()
    assert (read(damp), read(warm)) == (61.2, -3.4)
    assert clock.monotonic() - begun < SPACING_S
    lab.bench.show_dht22(GPIO, -3.0, 62.0)
    assert read(damp) == 62.0
    assert clock.monotonic() - begun >= SPACING_S
    assert read(warm) == -3.0
    warm.close()


def test_a_sensor_on_another_pin_is_not_taken_for_it(lab: Lab) -> None:
    lab.bench.show_dht22(17, 20.0, 50.0)
    driver = driver_for(point_for("dht22"))
    with pytest.raises(DeviceError, match=r"no DHT22 on GPIO4 \(but on GPIO17\).*gpiopin=4"):
        driver.start(lambda sample: None)


def test_values_beyond_its_range_are_refused(lab: Lab) -> None:
    lab.bench.show_dht22(GPIO, 120.0, 50.0)
    driver, _ = lab.open("dht22")
    with pytest.raises(DeviceError, match=r"DHT22 on GPIO4 answers wrongly \(120 °C"):
        driver.sample()


def test_a_jump_is_dropped_once_and_believed_when_it_stays() -> None:
    plausible = Plausible()
    assert plausible.take(Climate(21.0, 50.0))
    assert not plausible.take(Climate(27.0, 50.0))
    assert plausible.jump == "jumped from 21.0 to 27.0 °C"
    assert plausible.take(Climate(27.2, 50.0))
    assert plausible.jump == ""


def test_a_single_wild_reading_among_good_ones_never_comes_through() -> None:
    plausible = Plausible()
    told = [t for t in (21.0, 60.0, 21.2, 21.1) if plausible.take(Climate(t, 50.0))]
    assert 60.0 not in told
    assert told[-1] == 21.1


@pytest.mark.parametrize("humidity", [0.0, 99.9, 100.0])
def test_a_humidity_that_leaps_to_an_end_of_the_scale_is_stuck(humidity: float) -> None:
    with pytest.raises(ValueError, match="stuck"):
        Plausible().take(Climate(21.0, humidity))
    plausible = Plausible()
    plausible.take(Climate(21.0, 50.0))
    with pytest.raises(ValueError, match="stuck"):
        plausible.take(Climate(21.0, humidity))


def test_real_fog_is_believed_for_a_while() -> None:
    plausible = Plausible()
    for humidity in (92.0, 97.0, 99.9, 99.9):
        assert plausible.take(Climate(15.0, humidity))
    with pytest.raises(ValueError, match=r"stuck at 99\.9 %"):
        for _ in range(20):
            plausible.take(Climate(15.0, 99.9))
