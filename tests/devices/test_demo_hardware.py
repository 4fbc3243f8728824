"""Every driver of the example school runs on the simulated hardware and gives plausible values."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from devices.catalog import Point, Site
from devices.driver import DRIVERS, Driver, driver_options, surroundings
from devices.kinds import KINDS
from devices.model import NodeId, PointId, Value, ValueType
from devices.simulation.school import Simulation
from tests.support.bench import Told
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

NODES = ("hall-pi", "canteen-pi", "server-pi", "gate-east-pi")


class Running:
    """A node's drivers on its simulated hardware."""

    def __init__(self, world: Simulation, clock: FakeClock) -> None:
        self.world = world
        self.clock = clock
        self.drivers: dict[str, Driver] = {}
        self.told: dict[str, Told] = {}

    def read(self, point: str) -> Value:
        return next(iter(self.drivers[point].sample())).value

    def passes(self, seconds: float) -> None:
        self.world.step(self.clock.move(seconds))


@contextmanager
def node(site: Site, name: str, folder: Path) -> Iterator[Running]:
    clock = FakeClock()
    world = Simulation(site, NodeId(name), folder, clock, mishaps=False)
    with ExitStack() as opened:
        opened.callback(world.close)
        world.begin()
        running = Running(world, clock)
        for point in (p for p in site.points_on(NodeId(name)) if p.driver):
            driver = DRIVERS[point.driver](point, driver_options(point))
            driver.surroundings = surroundings(site, point, folder / "kept")
            opened.enter_context(closing(driver))
            running.told[point.id] = Told()
            driver.start(running.told[point.id])
            running.drivers[point.id] = driver
        yield running


def plausible(point: Point, value: Value) -> bool:
    kind = KINDS[point.kind]
    if kind.value_type is not ValueType.NUMBER:
        return not kind.values or value in kind.values
    assert isinstance(value, float)
    return (kind.low is None or value >= kind.low) and (kind.high is None or value <= kind.high)


@pytest.mark.parametrize("name", NODES)
def test_each_point_of_a_node_gives_a_plausible_value_and_is_well(
    example_site: Site, name: str, tmp_path: Path
) -> None:
    with node(example_site, name, tmp_path) as running:
        running.passes(1.0)
        for id, driver in running.drivers.items():
            point = example_site.points[PointId(id)]
            values = [sample.value for sample in driver.sample()]
            assert all(plausible(point, value) for value in values), (id, values)
            assert values or KINDS[point.kind].period == 0, id
            assert driver.health() == "", id


def test_the_server_rooms_clamp_and_climate_show_what_the_world_does(
    example_site: Site, tmp_path: Path
) -> None:
    with node(example_site, "server-pi", tmp_path) as running:
        assert running.read("server-room/power") == pytest.approx(900, rel=0.1)
        running.world.play("leak", {"point": "server-room/leak"})
        running.told["server-room/leak"].eventually("dry", "wet")


def test_the_canteens_meter_turns_and_its_gas_sensor_is_warm(
    example_site: Site, tmp_path: Path
) -> None:
    with node(example_site, "canteen-pi", tmp_path) as running:
        detail = next(iter(running.drivers["canteen/gas"].sample())).detail
        assert detail == {}
        start = running.read("canteen/water")

        def turns() -> bool:
            running.passes(1.0)
            return running.read("canteen/water") != start

        eventually(turns, what="a litre of water")


def test_a_climate_chip_that_is_torn_off_fails_both_its_points_and_comes_back(
    example_site: Site, tmp_path: Path
) -> None:
    with node(example_site, "canteen-pi", tmp_path) as running:
        running.world.play("sensor-unplugged", {"point": "dry-store/humidity"})
        assert "dry-store/humidity" in running.drivers
        with pytest.raises(OSError, match="SHT3x at 0x44 on I2C-1 does not answer"):
            running.read("dry-store/humidity")
        running.world.play("recover", {"point": "dry-store/humidity"})
        running.passes(1.0)
        assert 40 < float(running.read("dry-store/humidity")) < 70
