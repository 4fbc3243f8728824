"""What every driver promises, tried on each one in the registry, on mock hardware."""

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.crew import Crew
from devices.config import parse
from devices.driver import DRIVERS, driver_options
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import Sample, ValueType
from tests.support.bench import RIGS, Lab, Told, driver_for, point_for
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
NAMES = list(DRIVERS)
OUTPUTS = [name for name, rig in RIGS.items() if rig.output]
READ = [name for name, rig in RIGS.items() if rig.breaks is not None]
LEVELS = {name: rig.level for name, rig in RIGS.items() if rig.level is not None}
"""Drivers that have a level at start, with that of a bench where all is well."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    lab.install()
    yield lab
    lab.close()


def test_every_driver_is_tried_here() -> None:
    assert set(NAMES) == set(RIGS)


@pytest.mark.parametrize("name", NAMES)
def test_its_values_are_of_the_type_it_declares(lab: Lab, name: str) -> None:
    lab.make_ready(name)
    driver, told = lab.open(name)
    wanted = {ValueType.NUMBER: float, ValueType.TEXT: str, ValueType.BOOLEAN: bool}
    kind = KINDS[driver.point.kind]
    assert driver.value_type in (None, kind.value_type)
    for sample in (*told.samples, *driver.sample()):
        assert type(sample.value) is wanted[kind.value_type]
        assert not kind.values or sample.value in kind.values


@pytest.mark.parametrize("name", sorted(LEVELS))
def test_it_tells_its_level_at_start_and_again_when_sampled(lab: Lab, name: str) -> None:
    lab.make_ready(name)
    driver, told = lab.open(name)
    assert told.values == [LEVELS[name]]
    assert [sample.value for sample in driver.sample()] == [LEVELS[name]]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_closed_twice_and_opened_again_and_leaves_no_thread(lab: Lab, name: str) -> None:
    lab.make_ready(name)
    threads = threading.active_count()
    for _ in range(2):
        driver, _told = lab.open(name)
        driver.close()
        driver.close()
    assert threading.active_count() == threads


@pytest.mark.parametrize("name", NAMES)
def test_a_driver_that_never_started_is_closed_without_harm(name: str) -> None:
    driver = driver_for(point_for(name))
    driver.close()
    driver.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_well_while_its_hardware_is(lab: Lab, name: str) -> None:
    lab.make_ready(name)
    driver, _told = lab.open(name)
    assert re.fullmatch(f".*{doubt}.*" if (doubt := RIGS[name].doubt) else "", driver.health())


@pytest.mark.parametrize("name", [name for name in NAMES if RIGS[name].absent])
def test_absent_hardware_is_named_with_the_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine is no Raspberry Pi: no pins, no buses, no converters."""
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    for variable in ("CAMPUS_W1_FOLDER", "CAMPUS_IIO_FOLDER", "CAMPUS_SYSTEM_ROOT"):
        monkeypatch.setenv(variable, str(tmp_path / "no-bus"))
    monkeypatch.setenv("CAMPUS_CARD_KEY", "long enough for a test")
    point = point_for(name)
    driver = driver_for(point)
    with pytest.raises(DeviceError) as raised:
        driver.start(Told())
    driver.close()
    text = str(raised.value)
    assert text.startswith(point.id)
    for wanted in RIGS[name].absent or ():
        assert re.search(wanted, text), text


@pytest.mark.parametrize("name", READ)
def test_a_reading_that_fails_says_where_and_comes_back_when_the_hardware_does(
    lab: Lab, name: str
) -> None:
    lab.make_ready(name)
    driver, _told = lab.open(name)
    before = [type(sample.value) for sample in driver.sample()]
    assert before
    lab.make_fail(name)
    with pytest.raises(DeviceError, match=f"^{driver.point.id}: ") as raised:
        list(driver.sample())
    assert re.search((RIGS[name].absent or ("",))[0], str(raised.value)), raised.value
    lab.make_ready(name)
    assert [type(sample.value) for sample in driver.sample()] == before


def broken(crew: Crew) -> list[str]:
    """Points whose driver fails; one that only has doubts (a sensor that warms up) does not."""
    return [fault.point for fault in crew.faults() if fault.reason != "doubtful"]


@pytest.mark.parametrize("name", READ)
def test_a_node_reports_the_failing_driver_and_opens_it_again(lab: Lab, name: str) -> None:
    """As the node runs it: a fault while it fails, good values once it is whole again."""
    lab.make_ready(name)
    heard: list[Sample] = []
    clock = FakeClock()
    point = replace(point_for(name), period=0.001)
    with closing(
        Crew([point], clock, lambda _point, sample, _by_itself: heard.append(sample))
    ) as crew:
        crew.start()

        def passes(done: Callable[[], bool]) -> bool:
            clock.move(0.25)  # faster, and a slow driver would seem stuck
            crew.tick()
            return done()

        eventually(lambda: passes(lambda: bool(heard)), what="a first value")
        lab.make_fail(name)
        eventually(lambda: passes(lambda: bool(broken(crew))), what="a fault")
        assert broken(crew) == [point.id]
        lab.make_ready(name)
        heard.clear()
        eventually(lambda: passes(lambda: bool(heard) and not broken(crew)), what="good values")


@pytest.mark.parametrize("name", [name for name in NAMES if RIGS[name].alone])
def test_it_names_what_it_occupies_so_that_two_points_cannot_share_it(name: str) -> None:
    point = point_for(name)
    assert DRIVERS[name].pins(driver_options(point))


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_option_is_refused(name: str) -> None:
    _, problems = parse(DRIVERS[name].Options, {**RIGS[name].options, "gpoi": 1}, "campus.toml")
    assert [problem.where for problem in problems] == ["gpoi"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OUTPUTS])
def test_a_sensor_refuses_commands(name: str) -> None:
    with pytest.raises(DeviceError, match="is a sensor"):
        driver_for(point_for(name)).command("beacon", {"state": "on"})


@pytest.mark.parametrize("name", NAMES)
def test_its_options_stand_in_the_documents_with_their_defaults_and_texts(name: str) -> None:
    written = (ROOT / "docs" / "drivers.md").read_text("utf-8")
    parts = re.split(r"^## `(.+)`$", written, flags=re.MULTILINE)
    assert set(parts[1::2]) == set(NAMES)
    section = parts[parts.index(name, 1) + 1]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+) \|$", section, re.MULTILINE)
    assert rows == [
        (field.name, _default(field), field.metadata["text"])
        for field in dataclasses.fields(DRIVERS[name].Options)
    ]


def _default(field: Any) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    if field.default == "":
        return "empty"
    return f"`{str(field.default).lower()}`"
