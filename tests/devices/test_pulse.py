"""Meters with pulses: what counts, how fast, and that no restart forgets it."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from devices.driver import ALONE, DRIVERS, Surroundings
from devices.drivers.pulses import PulseFilter
from devices.service import Clock
from tests.support.bench import Lab, Told, driver_for, point_for

GPIO = 21


def run(edges: list[tuple[float, bool]], end: float, least_s: float = 0.02) -> PulseFilter:
    seen = PulseFilter(least_s, False, 0.0)
    for at, low in edges:
        seen.see(low, at)
    seen.settle(end)
    return seen


def test_a_bouncing_reed_is_one_pulse() -> None:
    bounces = [(1.0 + n * 0.001, n % 2 == 0) for n in range(9)]
    seen = run([*bounces, (1.3, False), (1.301, True), (1.302, False)], 2.0)
    assert seen.count == 1


def test_a_pulse_counts_though_both_its_edges_come_late_and_together() -> None:
    assert run([(1.0, True), (1.05, False)], 1.0501).count == 1


def test_disturbances_are_counted_as_such_and_not_as_pulses() -> None:
    spikes = [(n + offset, offset == 0) for n in range(1, 80) for offset in (0, 0.0005)]
    seen = run(spikes, 100.0)
    assert seen.count == 0
    assert seen.disturbed(100.0) == 79
    assert seen.disturbed(4000.0) == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_pulses_among_bounces_and_spikes_are_a_thousand(seed: int) -> None:
    random, at, edges = Random(seed), 1.0, list[tuple[float, bool]]()
    for _ in range(1000):
        for low in (True, False):
            for _ in range(random.randrange(4)):
                edges += [(at, low), (at + 0.001, not low)]
                at += 0.003
            edges.append((at, low))
            at += random.uniform(0.03, 0.2)
            if random.random() < 0.2:
                edges += [(at, not low), (at + 0.002, low)]
                at += 0.03
    assert run(edges, at + 1).count == 1000


def test_the_rate_is_that_of_the_last_minute_and_falls_when_pulses_stay_away() -> None:
    steady = run([(n * 2 + offset, offset == 0) for n in range(1, 60) for offset in (0, 0.1)], 120)
    assert steady.rate(118.5) == pytest.approx(0.5, rel=0.02)
    assert steady.rate(128) == pytest.approx(0.1)
    assert run([(5.0, True), (5.1, False)], 6).rate(6) == 0.0
    rare = run([(0.0 + 1, True), (1.1, False), (601.0, True), (601.1, False)], 602)
    assert rare.rate(602) == pytest.approx(1 / 600)


def meter(folder: Path | None, kind: str = "water-meter", **options: Any) -> Any:
    point = replace(point_for("pulse", **options), id=f"test/{kind}", kind=kind)
    driver = driver_for(point)
    driver.surroundings = Surroundings(folder)
    driver.start(Told())
    return driver


def read(driver: Any) -> float:
    return float(next(iter(driver.sample())).value)


class Meter:
    """A meter's contact whose pulses carry stamps of their own: seconds pass at once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._at = Clock().monotonic()
        lab.bench.set_pin(GPIO, True)

    def turns(self, pulses: int, apart: float = 1.0) -> None:
        self._at -= pulses * apart
        for _ in range(pulses):
            self._lab.bench.edge(GPIO, False, self._at)
            self._lab.bench.edge(GPIO, True, self._at + 0.1)
            self._at += apart


def test_the_reading_goes_on_where_it_was_after_a_restart(lab: Lab, tmp_path: Path) -> None:
    contact = Meter(lab)
    driver = meter(tmp_path, start=1234.5)
    contact.turns(17)
    assert read(driver) == 1234.517
    contact.turns(3)
    driver.close()
    again = meter(tmp_path, start=1234.5)
    assert read(again) == 1234.52
    contact.turns(5)
    assert read(again) == 1234.525
    again.close()


def test_a_killed_node_loses_no_pulse_that_was_read(lab: Lab, tmp_path: Path) -> None:
    contact = Meter(lab)
    driver = meter(tmp_path)
    contact.turns(40)
    assert read(driver) == 0.04
    kept = (tmp_path / "test.water-meter.kept").read_bytes()
    driver.close()
    (tmp_path / "test.water-meter.kept").write_bytes(kept)
    again = meter(tmp_path)
    assert read(again) == 0.04
    again.close()


def test_flow_and_reading_share_a_pin_and_each_keeps_to_itself(lab: Lab, tmp_path: Path) -> None:
    contact = Meter(lab)
    total, flow = meter(tmp_path), meter(tmp_path, "water-flow")
    contact.turns(30, apart=2.0)
    assert read(total) == 0.03
    assert read(flow) == pytest.approx(1.8, rel=0.05)
    total.close()
    contact.turns(10, apart=2.0)
    assert read(flow) == pytest.approx(1.8, rel=0.05)
    flow.close()


def test_pulses_of_an_electricity_meter_are_watts(lab: Lab, tmp_path: Path) -> None:
    contact = Meter(lab)
    power = meter(tmp_path, "power")
    contact.turns(20, apart=3.6)
    assert read(power) == pytest.approx(1000, rel=0.05)
    power.close()


def test_a_kind_that_no_meter_gives_is_refused() -> None:
    point = replace(point_for("pulse"), kind="humidity")
    assert list(DRIVERS["pulse"].misfits(point, driver_for(point).options, ALONE))
