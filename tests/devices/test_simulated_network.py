"""The simulated school's projectors, printers and UPS, asked by the real drivers."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.driver import DRIVERS, Driver, driver_options
from devices.errors import DeviceError
from devices.model import NodeId, PointId, Value
from devices.simulation.school import Simulation
from devices.sitefile import load_site
from tests.support.bench import Told
from tests.support.clock import FakeClock

EXAMPLE = Path(__file__).parents[2] / "dashboard" / "example" / "campus.toml"
NIGHT = datetime(2021, 3, 1, 3, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


class School:
    """One node's simulation at night, and the drivers of its points by demand."""

    def __init__(self, node: str, folder: Path, stack: ExitStack) -> None:
        self.site = load_site(EXAMPLE)
        self.now = NIGHT
        self._stack = stack
        self.simulation = Simulation(
            self.site, NodeId(node), folder, FakeClock(NIGHT.isoformat()), mishaps=False
        )
        stack.callback(self.simulation.close)
        self.simulation.begin()

    def driver(self, point: str) -> Driver:
        found = self.site.points[PointId(point)]
        driver = DRIVERS[found.driver](found, driver_options(found))
        self._stack.callback(driver.close)
        driver.start(Told())
        return driver

    def later(self, **passes: float) -> None:
        self.now += timedelta(**passes)
        self.simulation.step(self.now)

    def scene(self, name: str, point: str = "") -> None:
        from devices.simulation import scenes

        scenes.play(self.simulation.world, name, {"point": point} if point else {})
        self.later(seconds=1)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def said(driver: Driver) -> list[Value]:
    return [sample.value for sample in driver.sample()]


def test_a_projector_is_on_in_lessons_and_its_mains_can_be_cut(
    tmp_path: Path, stack: ExitStack
) -> None:
    school = School("teach-a-pi", tmp_path, stack)
    power = school.driver("class-1-1/projector")
    lamp, link = (school.driver(f"class-1-1/projector/{what}") for what in ("lamp", "link"))
    assert said(power) == ["off"] and said(link) == ["up"]
    before = float(said(lamp)[0])
    seen = set()
    for _ in range(14 * 6):
        school.later(minutes=10)
        seen |= set(said(power))
    assert {"on", "off"} <= seen
    assert 2 <= float(said(lamp)[0]) - before <= 7
    school.scene("projector-cut", "class-1-1/projector")
    assert said(power) == ["no-answer"] and said(lamp) == []
    school.scene("recover", "class-1-1/projector")
    assert said(power) in (["on"], ["off"], ["cooling"], ["warming"])


def test_a_projector_reports_its_clogged_filter(tmp_path: Path, stack: ExitStack) -> None:
    school = School("teach-a-pi", tmp_path, stack)
    check = school.driver("class-1-1/projector/check")
    assert said(check) == ["ok"]
    school.scene("equipment-fault", "class-1-1/projector/check")
    (sample,) = check.sample()
    assert (sample.value, sample.detail["filter"]) == ("error", "error")
    school.scene("recover")
    assert said(check) == ["ok"]


def test_a_ups_on_battery_empties_and_fills_again(tmp_path: Path, stack: ExitStack) -> None:
    school = School("server-pi", tmp_path, stack)
    charge, runtime = (school.driver(f"server-room/ups/{what}") for what in ("charge", "runtime"))
    assert said(charge) == [100.0] and said(runtime) == [90.0]
    school.scene("ups-battery")
    school.later(minutes=54)
    assert said(charge) == [pytest.approx(40.0, abs=1)]
    school.scene("recover")
    school.later(minutes=59)
    assert float(said(charge)[0]) > 50


def test_a_printer_uses_its_toner_and_jams(tmp_path: Path, stack: ExitStack) -> None:
    school = School("hall-pi", tmp_path, stack)
    black, check = (school.driver(f"office/printer/{what}") for what in ("black", "check"))
    assert said(check) == ["ok"]
    before = float(said(black)[0])
    for _ in range(12):
        school.later(hours=1)
    assert float(said(black)[0]) < before
    school.scene("equipment-fault", "office/printer/check")
    assert said(check) == ["error"]


def test_a_scene_does_not_fit_every_point(tmp_path: Path, stack: ExitStack) -> None:
    school = School("hall-pi", tmp_path, stack)
    with pytest.raises(DeviceError, match="has no place on node hall-pi"):
        school.scene("ups-battery")


def test_the_addresses_lead_to_the_real_ones_again_afterwards(tmp_path: Path) -> None:
    from devices.drivers.networked import reach

    with ExitStack() as stack:
        School("server-pi", tmp_path, stack)
        assert reach("192.168.20.12", 161)[0] == "127.0.0.1"
    assert reach("192.168.20.12", 161) == ("192.168.20.12", 161)
