"""Sirens and relays on mock pins: their commands, their ends, and the kitchen."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.crew import Crew
from devices.catalog import Site
from devices.driver import Surroundings, surroundings
from devices.errors import ConfigError, DeviceError
from devices.model import PointId, Sample
from devices.service import Clock
from devices.sitefile import load_site
from tests.support.bench import Lab, Told, driver_for, point_for
from tests.support.sites import small_site
from tests.support.waiting import eventually

SIREN, RELAY = 16, 20
WIRED = {
    "here": '{ id = "class-1/fan", kind = "relay", node = "teach-pi", room = "class-1", '
    'name = "风扇", driver = "relay", options = { gpio = 20 } },',
    "kitchen": '{ id = "kitchen/fan", kind = "relay", node = "teach-pi", room = "kitchen", '
    'name = "排风", driver = "relay", options = { gpio = 20 } },',
    "kitchen-node": '{ id = "class-1/siren", kind = "siren", node = "canteen-pi", '
    'room = "class-1", name = "警号", driver = "siren", options = { gpio = 20 } },',
    "kitchen-beacon": '{ id = "kitchen/lamp", kind = "beacon", node = "teach-pi", '
    'room = "kitchen", name = "灯", driver = "beacon", options = { lamp = 20, buzzer = 21 } },',
}


def school_with(folder: Path, wired: str) -> Site:
    path = small_site(folder).path
    path.write_text(path.read_text("utf-8").replace("point = [", f"point = [ {WIRED[wired]}", 1))
    return load_site(path)


@pytest.mark.parametrize(("name", "gpio"), [("siren", SIREN), ("relay", RELAY)])
def test_an_output_follows_its_commands_and_tells_each_change(
    lab: Lab, name: str, gpio: int
) -> None:
    driver, told = lab.open(name)
    driver.command(name, {"state": "on"})
    assert lab.bench.output(gpio)
    driver.command(name, {"state": "on"})
    driver.command(name, {"state": "off"})
    assert not lab.bench.output(gpio)
    assert told.values == ["off", "on", "off"]
    assert [sample.detail["cause"] for sample in told.samples] == ["start", "command", "command"]


def test_an_output_ends_by_itself_on_the_pins_own_thread(lab: Lab) -> None:
    driver, told = lab.open("siren", max_on_s=1.0)
    driver.command("siren", {"state": "on", "for_s": 0.05})
    told.eventually("off", "on", "off")
    driver.command("siren", {"state": "on"})
    told.eventually("off", "on", "off", "on", "off")
    assert told.samples[-1].detail["cause"] == "longest-time"
    assert not lab.bench.output(SIREN)


def test_an_output_goes_off_when_nobody_asks_how_it_is(lab: Lab) -> None:
    from dataclasses import replace

    driver = driver_for(replace(point_for("relay", min_on_s=3600.0), period=0.05))
    with closing(driver):
        told = Told()
        driver.start(told)
        driver.command("relay", {"state": "on"})
        told.eventually("off", "on", "off")
        assert told.samples[-1].detail["cause"] == "lost"
        assert not lab.bench.output(RELAY)
        assert "sign of life" in driver.health()


def test_a_board_that_switches_at_low_is_off_at_start_and_at_the_end(lab: Lab) -> None:
    driver, _ = lab.open("relay", active_high=False)
    assert lab.bench.output(RELAY)
    driver.command("relay", {"state": "on"})
    assert not lab.bench.output(RELAY)


@pytest.mark.parametrize(
    ("do", "args"),
    [("relay", {"state": "up"}), ("beacon", {"state": "on"}), ("relay", {}),
     ("relay", {"state": "on", "for_s": -1}), ("relay", {"state": "on", "for_s": "long"})],
)  # fmt: skip
def test_a_command_it_does_not_know_is_refused_with_what_it_can(
    lab: Lab, do: str, args: dict[str, object]
) -> None:
    driver, told = lab.open("relay")
    with pytest.raises(DeviceError, match="it takes relay with state on or off"):
        driver.command(do, args)
    assert told.values == ["off"]


@pytest.mark.parametrize("wired", ["kitchen", "kitchen-node", "kitchen-beacon"])
def test_an_output_in_the_kitchen_or_on_its_node_is_refused_by_the_check(
    tmp_path: Path, wired: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        school_with(tmp_path, wired)
    text = str(caught.value)
    assert "操作间 (kitchen)" in text
    assert "gas" in text and "another room" in text


def test_an_output_elsewhere_is_fine(tmp_path: Path) -> None:
    assert PointId("class-1/fan") in school_with(tmp_path, "here").points


@pytest.fixture
def kitchen(site: Site) -> Surroundings:
    return surroundings(site, site.points[PointId("canteen/fridge-1/door")])


def test_a_driver_that_finds_itself_in_the_kitchen_does_not_start(
    lab: Lab, kitchen: Surroundings
) -> None:
    driver = driver_for(point_for("relay"))
    driver.surroundings = kitchen
    with pytest.raises(DeviceError, match="spark"):
        driver.start(Told())
    driver.close()


@pytest.fixture
def crew(lab: Lab, kitchen: Surroundings) -> Iterator[Crew]:
    heard: list[Sample] = []
    crew = Crew(
        [point_for("beacon")], Clock(), lambda _p, s, _u: heard.append(s), lambda _: kitchen
    )
    crew.start()
    yield crew
    crew.close()


def test_a_node_refuses_it_again_and_says_so(lab: Lab, crew: Crew) -> None:
    eventually(lambda: bool(crew.faults()))
    assert "spark" in crew.faults()[0].text
