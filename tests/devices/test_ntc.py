"""Thermistors: resistance from the divider, temperature by Beta and by Steinhart-Hart."""

import pytest

from devices.config import parse
from devices.driver import ALONE, DRIVERS
from devices.drivers.ntc import celsius_by_beta, celsius_by_steinhart_hart, ohms
from devices.errors import DeviceError
from tests.support.bench import Lab, point_for

CHIP, CHANNEL = 0, 4


def read(lab: Lab, raw: int, **options: object) -> float:
    lab.bench.set_channel(CHIP, CHANNEL, raw)
    driver, _ = lab.open("ntc", **options)
    try:
        return float(next(iter(driver.sample())).value)
    finally:
        driver.close()


@pytest.mark.parametrize(
    ("resistance", "celsius"), [(10_000, 25.0), (33_621, 0.0), (3_588, 50.0), (105_385, -20.0)]
)
def test_beta_is_what_it_is_defined_as(resistance: float, celsius: float) -> None:
    """R = 10 kΩ · exp(3950 K · (1/T - 1/298.15 K)), worked out by hand."""
    assert celsius_by_beta(resistance, 10_000, 3950) == pytest.approx(celsius, abs=0.02)


def test_steinhart_hart_gives_the_points_that_it_was_fitted_to() -> None:
    """The coefficients of a common 10 kΩ probe and three points of its table."""
    a, b, c = 1.129148e-3, 2.34125e-4, 8.76741e-8
    for resistance, celsius in ((32_650, 0.0), (10_000, 25.0), (3_603, 50.0)):
        assert celsius_by_steinhart_hart(resistance, a, b, c) == pytest.approx(celsius, abs=0.05)


def test_the_divider_gives_the_same_resistance_from_either_side() -> None:
    assert ohms(341, 10_000, "ground") == pytest.approx(5_000)
    assert ohms(1023 - 341, 10_000, "supply") == pytest.approx(5_000)


def test_the_middle_of_the_divider_is_the_nominal_temperature(lab: Lab) -> None:
    assert read(lab, 512) == pytest.approx(25.0, abs=0.05)
    assert read(lab, 512, side="supply") == pytest.approx(25.0, abs=0.05)
    assert read(lab, 800) < 0 < read(lab, 300)


def test_three_coefficients_take_the_place_of_beta(lab: Lab) -> None:
    value = read(lab, 783, a=1.129148e-3, b=2.34125e-4, c=8.76741e-8)
    assert value == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("raw", "side", "state"),
    [(0, "ground", "shorted"), (3, "ground", "shorted"), (1020, "ground", "open"),
     (1023, "supply", "shorted"), (2, "supply", "open")],
)  # fmt: skip
def test_a_rail_is_an_open_or_a_short_and_it_is_said_which(
    lab: Lab, raw: int, side: str, state: str
) -> None:
    with pytest.raises(DeviceError, match=rf"CE0/4 reads {raw} of 1023: .* is {state}"):
        read(lab, raw, side=side)


def test_some_coefficients_without_the_others_are_refused() -> None:
    point = point_for("ntc", a=0.001)
    options, problems = parse(DRIVERS["ntc"].Options, point.options, "campus.toml")
    assert not problems
    found = list(DRIVERS["ntc"].misfits(point, options, ALONE))
    assert found == [("of a, b and c only some are given", "give all three, or none and `beta`")]
