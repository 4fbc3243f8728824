"""Current clamps: the effective value of a wave from uneven samples, with its bias taken out."""

import math
from collections.abc import Callable
from random import Random

import pytest

from devices.driver import ALONE, DRIVERS
from devices.drivers.waveform import measure
from devices.errors import DeviceError
from tests.support.bench import Lab, driver_for, point_for

PERIOD = 0.02
CHIP, CHANNEL = 0, 6

Shape = Callable[[float], float]


def sine(turn: float) -> float:
    return math.sqrt(2) * math.sin(2 * math.pi * turn)


def with_harmonics(turn: float) -> float:
    """As a switched supply draws: the third harmonic beside the first; its rms is √(1 + 0.6²)."""
    return sine(turn) + 0.6 * sine(3 * turn)


def samples(
    shape: Shape, size: float, bias: float, seconds: float, random: Random
) -> list[tuple[float, float]]:
    taken, at = [], 5.0
    while at < 5.0 + seconds:
        taken.append((at, float(round(bias + size * shape(at / PERIOD)))))
        at += random.uniform(0.0003, 0.0006)
    return taken


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("seconds", [0.1, 0.107, 0.0931])
@pytest.mark.parametrize(
    ("shape", "factor"), [(sine, 1.0), (with_harmonics, math.sqrt(1.36))], ids=["sine", "screen"]
)
def test_the_effective_value_is_right_within_one_percent(
    shape: Shape, factor: float, seconds: float, seed: int
) -> None:
    """Also where the sampling does not end with a period: a plain mean would err there."""
    wave = measure(samples(shape, 100, 480, seconds, Random(seed)), PERIOD)
    assert wave.rms == pytest.approx(100 * factor, rel=0.01)
    assert wave.bias == pytest.approx(480, abs=1.0)


def test_a_pause_in_one_period_is_filled_by_the_others() -> None:
    taken = samples(sine, 100, 511, 0.1, Random(1))
    busy = [(at, value) for at, value in taken if not 5.031 < at < 5.055]
    assert len(busy) < len(taken) - 40
    assert measure(busy, PERIOD).rms == pytest.approx(100, rel=0.01)


def test_samples_that_do_not_show_the_wave_are_refused() -> None:
    taken = samples(sine, 100, 511, 0.1, Random(1))
    with pytest.raises(ValueError, match="not one whole period"):
        measure(taken[:20], PERIOD)
    with pytest.raises(ValueError, match="not one whole period"):
        measure([], PERIOD)
    with pytest.raises(ValueError, match="part of the period"):
        measure([sample for sample in taken if (sample[0] % PERIOD) < 0.015], PERIOD)


def read(lab: Lab, **options: object) -> float:
    driver, _ = lab.open("clamp", **options)
    try:
        return float(next(iter(driver.sample())).value)
    finally:
        driver.close()


def test_a_clamp_gives_watts_through_the_converter(lab: Lab) -> None:
    """100 of 1023 steps at 3.3 V and 30 A/V are 9.68 A, 2,129 W at 220 V."""
    lab.bench.set_wave(CHIP, CHANNEL, 100)
    assert read(lab) == pytest.approx(2129, rel=0.03)
    assert read(lab, power_factor=0.5) == pytest.approx(1064.5, rel=0.03)


def test_a_wire_without_current_is_nothing_though_the_converter_is_noisy(lab: Lab) -> None:
    lab.bench.set_wave(CHIP, CHANNEL, 0.6)
    assert read(lab) == 0.0


def test_a_wave_that_is_cut_off_is_more_than_the_clamp_can_show(lab: Lab) -> None:
    lab.bench.set_wave(CHIP, CHANNEL, 400)
    with pytest.raises(DeviceError, match=r"CE0/6 is cut off .*more current"):
        read(lab)


@pytest.mark.parametrize("raw", [0, 40, 990, 1023])
def test_a_bias_that_is_gone_is_an_open_or_shorted_wire(lab: Lab, raw: int) -> None:
    lab.bench.set_channel(CHIP, CHANNEL, raw)
    with pytest.raises(DeviceError, match=r"middle at .*open or shorted"):
        read(lab)


def test_a_kind_that_is_no_current_is_refused() -> None:
    from dataclasses import replace

    point = replace(point_for("clamp"), kind="humidity")
    found = list(DRIVERS["clamp"].misfits(point, driver_for(point).options, ALONE))
    assert found[0][1] == "use kind current, residual-current or power"
