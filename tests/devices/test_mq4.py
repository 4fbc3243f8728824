"""MQ-4: its curve, its warm-up over restarts, and what it cannot see."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devices.driver import ALONE, DRIVERS, Surroundings
from devices.drivers.keepsake import Keepsake
from devices.drivers.mq4 import MOST_PPM, methane_ppm, resistance_ratio
from devices.drivers.warmup import WarmUp
from tests.support.bench import Lab, Told, driver_for, point_for

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.mark.parametrize(("ratio", "ppm"), [(1.8, 200.0), (1.0, 1000.0), (0.43, 10_000.0)])
def test_the_curve_goes_through_the_data_sheets_points(ratio: float, ppm: float) -> None:
    assert methane_ppm(ratio) == pytest.approx(ppm, rel=0.03)


def test_clean_air_reads_as_next_to_nothing_and_the_most_is_twenty_percent_of_the_limit() -> None:
    assert methane_ppm(resistance_ratio(100, 100)) < 30
    assert methane_ppm(0.1) == methane_ppm(0.01) == MOST_PPM == 0.2 * 50_000


def test_more_gas_always_reads_as_more() -> None:
    told = [methane_ppm(resistance_ratio(raw, 100)) for raw in range(4, 1020)]
    assert told == sorted(told)


# --- warm-up -----------------------------------------------------------------------------------


def keep(warmup: WarmUp, at: float, running: float) -> dict[str, Any]:
    return warmup.to_keep(at, running)


def test_a_new_sensor_warms_up_for_a_day() -> None:
    new = WarmUp({}, "boot-1")
    assert new.left(1000, 0) == DAY
    assert new.left(1000 + DAY / 2, DAY / 2) == DAY / 2
    assert new.left(1000 + DAY, DAY) == 0


def test_a_restart_of_the_program_alone_costs_nothing() -> None:
    kept = keep(WarmUp({}, "boot-1"), 1000 + 10 * HOUR, 10 * HOUR)
    again = WarmUp(kept, "boot-1")
    assert again.left(1000 + 11 * HOUR, 0) == 13 * HOUR


def test_a_short_outage_costs_five_minutes_and_a_long_one_a_day() -> None:
    warm = keep(WarmUp({}, "boot-1"), 1000 + 2 * DAY, 2 * DAY)
    start = 1000 + 2 * DAY + 600
    assert WarmUp(warm, "boot-2").left(start, 0) == 300
    assert WarmUp(warm, "boot-2").left(start + 300, 300) == 0
    late = 1000 + 2 * DAY + 2 * HOUR
    assert WarmUp(warm, "boot-2").left(late, 0) == DAY


def test_an_outage_in_the_warm_up_stops_it_and_does_not_end_it() -> None:
    kept = keep(WarmUp({}, "boot-1"), 1000 + 10 * HOUR, 10 * HOUR)
    start = 1000 + 10 * HOUR + 600
    assert WarmUp(kept, "boot-2").left(start, 0) == 14 * HOUR


def test_a_clock_that_is_set_late_shows_how_long_the_outage_was() -> None:
    """A Pi starts with the time of its end; ten minutes later NTP tells of two days without it."""
    warm = keep(WarmUp({}, "boot-1"), 1000 + 2 * DAY, 2 * DAY)
    start = 1000 + 2 * DAY
    again = WarmUp(warm, "boot-2")
    assert again.left(start + 1, 1) == 299
    assert again.left(start + 2 * DAY + 600, 600) == DAY - 600


def gas(lab: Lab, folder: Path) -> Any:
    driver = driver_for(point_for("mq4"))
    driver.surroundings = Surroundings(folder)
    driver.start(Told())
    return driver


def test_values_are_marked_until_it_is_warm_and_the_state_outlasts_a_restart(
    lab: Lab, tmp_path: Path
) -> None:
    lab.bench.set_channel(0, 5, 100)
    driver = gas(lab, tmp_path)
    assert [sample.detail for sample in driver.sample()] == [{"warming": True}]
    driver.close()
    kept = Keepsake(tmp_path / "test.point.kept")
    values = kept.load()
    kept.save(values | {"ready_at": values["seen"]})
    again = gas(lab, tmp_path)
    assert [sample.detail for sample in again.sample()] == [{}]
    assert again.health() == ""
    again.close()


def test_a_level_in_clean_air_that_moves_in_a_week_asks_for_a_calibration(
    lab: Lab, tmp_path: Path
) -> None:
    lab.bench.set_channel(0, 5, 100)
    driver = gas(lab, tmp_path)
    driver.close()
    kept = Keepsake(tmp_path / "test.point.kept")
    values = kept.load()
    today = int(values["seen"] // DAY)
    days = {str(today - back): 4.4 - 0.3 * (6 - back) for back in range(1, 7)}
    kept.save(values | {"ready_at": values["seen"], "days": days})
    again = gas(lab, tmp_path)
    list(again.sample())
    assert "moved by -34% within a week" in again.health()
    again.close()


def test_a_kind_that_is_no_gas_is_refused() -> None:
    point = replace(point_for("mq4"), kind="humidity")
    assert list(DRIVERS["mq4"].misfits(point, driver_for(point).options, ALONE))
