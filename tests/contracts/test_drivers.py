"""What every driver promises, tried on each one in the registry, on mock hardware."""

import dataclasses
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devices.config import parse
from devices.driver import DRIVERS, driver_options
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import ValueType
from tests.support.bench import SOUND, Lab, Told, driver_for, point_for

ROOT = Path(__file__).parents[2]
NAMES = list(DRIVERS)
OUTPUTS = ("beacon", "relay", "siren")
LEVELS = {
    "contact": "closed",
    "button": "released",
    "beacon": "off",
    "relay": "off",
    "siren": "off",
}
"""Drivers that have a level at start, with that of a bench where all is well."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    lab.install()
    yield lab
    lab.close()


def test_every_driver_is_tried_here() -> None:
    assert set(NAMES) == set(SOUND)


@pytest.mark.parametrize("name", NAMES)
def test_its_values_are_of_the_type_it_declares(lab: Lab, name: str) -> None:
    lab.make_ready(name)
    driver, told = lab.open(name)
    wanted = {ValueType.NUMBER: float, ValueType.TEXT: str, ValueType.BOOLEAN: bool}
    kind = KINDS[driver.point.kind]
    assert kind.value_type is driver.value_type
    for sample in (*told.samples, *driver.sample()):
        assert type(sample.value) is wanted[driver.value_type]
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
    assert driver.health() == ""


@pytest.mark.parametrize("name", NAMES)
def test_absent_hardware_is_named_with_the_remedy(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine is no Raspberry Pi: no pins, no SPI, no 1-Wire."""
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setenv("CAMPUS_W1_FOLDER", str(tmp_path / "no-bus"))
    monkeypatch.setenv("CAMPUS_CARD_KEY", "long enough for a test")
    point = point_for(name)
    driver = driver_for(point)
    with pytest.raises(DeviceError) as raised:
        driver.start(Told())
    driver.close()
    text = str(raised.value)
    assert text.startswith(point.id)
    assert any(what in text for what in _names_of_its_hardware(name)), text
    assert any(remedy in text for remedy in ("dtoverlay=w1-gpio", "lgpio")), text


def _names_of_its_hardware(name: str) -> list[str]:
    options: dict[str, Any] = SOUND[name][1]
    found = [f"GPIO{options[key]}" for key in ("gpio", "lamp", "d0") if key in options]
    if "chip" in options:
        found.append(f"CE{options['chip']}/{options['channel']}")
    return [*found, *([options["address"]] if "address" in options else [])]


@pytest.mark.parametrize("name", NAMES)
def test_it_names_what_it_occupies_so_that_two_points_cannot_share_it(name: str) -> None:
    point = point_for(name)
    assert DRIVERS[name].pins(driver_options(point))


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_option_is_refused(name: str) -> None:
    _, problems = parse(DRIVERS[name].Options, {**SOUND[name][1], "gpoi": 1}, "campus.toml")
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
