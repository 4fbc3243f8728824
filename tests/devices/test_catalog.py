"""The site file: the example holds, and mistakes are told all at once with place and remedy."""

import re
from pathlib import Path

import pytest

from devices.catalog import Site, split_address
from devices.errors import ConfigError
from devices.model import PointId
from devices.sitefile import find_site_file, load_site
from tests.support.sites import SMALL


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "campus.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_site(path)
    return [str(problem) for problem in caught.value.problems]


def small(folder: Path) -> str:
    return SMALL.format(mqtt=1883, store="sqlite:t.db", extra="")


def test_the_example_school_is_complete(example_site: Site) -> None:
    assert 35 <= len(example_site.places) <= 50
    assert len(example_site.gates) == 3
    assert len(example_site.nodes) == 9
    assert 140 <= len(example_site.points) <= 200
    cold = [p for p in example_site.points_of("temperature-cold", "temperature-frozen")]
    assert len(cold) == 6
    assert example_site.points_of("temperature-sample")
    assert example_site.points_of("temperature-hot")
    assert example_site.place_of(PointId("server-room/inlet")).name == "中心机房"


def test_five_mistakes_are_told_at_once_with_place_and_remedy(tmp_path: Path) -> None:
    text = (
        small(tmp_path)
        .replace('kind = "power", node = "teach-pi"', 'kind = "powr", node = "teach-pi"')
        .replace('kind = "gate", node = "gate-east-pi"', 'kind = "gate", node = "nope"')
        .replace('room = "server-room", name = "机房漏水"', 'room = "cellar", name = "机房漏水"')
        .replace('id = "gate-east/panic"', 'id = "gate-east/gate"')
        .replace('school.name_en = "Test school"', 'school.timezone = "Mars/Olympus"')
    )  # fmt: skip
    found = mistakes(tmp_path, text)
    assert len(found) == 5
    assert all(re.match(r"campus.toml:\d+: ", line) and " — " in line for line in found)
    whole = "\n".join(found)
    assert 'point "class-1/power".kind' in whole
    assert "point \"gate-east/gate\".node: no node has the id 'nope'" in whole
    assert 'point "server-room/leak".room' in whole
    assert 'point "gate-east/gate": stands 2 times' in whole
    assert "school.timezone" in whole


def test_wrong_types_and_unknown_settings_are_named_by_the_id_of_their_item(tmp_path: Path) -> None:
    text = small(tmp_path).replace(
        'id = "class-1/power", kind', 'id = "class-1/power", nmae = "x", period = "slow", kind'
    )
    found = "\n".join(mistakes(tmp_path, text))
    assert 'point[3 "class-1/power"].period' in found
    assert 'point[3 "class-1/power"].nmae: is not a setting — did you mean name?' in found


def test_an_id_with_a_wildcard_is_refused(tmp_path: Path) -> None:
    found = mistakes(tmp_path, small(tmp_path).replace('id = "teach-pi"', 'id = "teach+pi"'))
    assert "does not have the form" in found[0]


def test_text_that_is_not_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in mistakes(tmp_path, 'school.id = "a"\nschool.name =\n')[0]


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="campus init"):
        load_site(tmp_path / "campus.toml")


def test_the_site_file_is_found_by_option_before_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPUS_CONFIG", "/elsewhere/campus.toml")
    assert find_site_file("here.toml") == Path("here.toml")
    assert find_site_file(None) == Path("/elsewhere/campus.toml")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:1884", ("127.0.0.1", 1884)),
        ("mqtt://broker:1883", ("broker", 1883)),
        ("broker", ("broker", 1883)),
        ("[::1]:99", ("::1", 99)),
    ],
)
def test_addresses_are_split(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address, 1883) == parts


def test_mistakes_of_form_and_of_reference_are_told_in_the_same_run(tmp_path: Path) -> None:
    text = (
        small(tmp_path)
        .replace('name = "1号冷藏柜",', "name = 7,")
        .replace('room = "server-room", name = "机房漏水"', 'room = "cellar", name = "机房漏水"')
        .replace('id = "teach-pi", name', 'id = "teach-pi", rom = "x", name')
    )
    found = mistakes(tmp_path, text)
    assert len(found) == 3
    whole = "\n".join(found)
    assert 'point[1 "canteen/fridge-1/temperature"].name' in whole
    assert "did you mean room?" in whole
    assert "no room or gate has the id 'cellar'" in whole
