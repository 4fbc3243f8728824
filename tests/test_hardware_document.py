"""The hardware document is held to the lock file, the header and the drivers."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.markers import Marker

from devices.driver import DRIVERS

ROOT = Path(__file__).parent.parent
WRITTEN = (ROOT / "docs" / "hardware.md").read_text("utf-8")
DRAWINGS = sorted((ROOT / "docs" / "images").glob("hardware-*.svg"))
HEADER = {
    2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33, 14: 8,
    15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18, 25: 22, 26: 37,
    27: 13,
}  # fmt: skip
"""Physical pin of each BCM number on the 40-pin header."""
SUPPLIES = {"3.3 V": {1, 17}, "5 V": {2, 4}, "GND": {6, 9, 14, 20, 25, 30, 34, 39}}


def locked() -> dict[str, tuple[str, str]]:
    """Package -> version and marker of the node's lock file."""
    text = (ROOT / "requirements" / "node.txt").read_text("utf-8")
    rows = re.findall(r"^([a-z0-9-]+)==([^ ]+)(?: ; (.+?))? \\$", text, re.MULTILINE)
    return {name: (version, marker) for name, version, marker in rows}


def table() -> dict[str, list[str]]:
    part = WRITTEN.split("## Packages of a node")[1]
    rows = re.findall(r"^\| `(.+?)` \| (.+) \|$", part, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


def test_the_table_of_packages_is_that_of_the_lock_file() -> None:
    assert {name: cells[0] for name, cells in table().items()} == {
        name: version for name, (version, _marker) in locked().items()
    }


@pytest.mark.parametrize("name", sorted(table()))
def test_a_package_is_a_wheel_wherever_a_node_would_install_it(name: str) -> None:
    cells, marker = table()[name][1:], locked()[name][1]
    places = [(m, py) for py in ("3.11", "3.13") for m in ("aarch64", "armv7l")]
    assert len(cells) == len(places)
    for (machine, python), cell in zip(places, cells, strict=True):
        here = {
            "platform_machine": machine, "python_version": python,
            "python_full_version": f"{python}.0",
        }  # fmt: skip
        installs = Marker(marker).evaluate(here) if marker else True
        assert bool(re.fullmatch(r"any|manylinux\w+|linux_armv7l", cell)) == installs, cell


@pytest.mark.parametrize("drawing", DRAWINGS, ids=[path.stem for path in DRAWINGS])
def test_each_pin_of_a_drawing_is_where_it_says_on_the_header(drawing: Path) -> None:
    texts = [element.text or "" for element in ElementTree.parse(drawing).iter()]
    pins = [match for text in texts if (match := re.fullmatch(r"(.+) · (\d+)", text))]
    assert pins
    for match in pins:
        name, place = match[1], int(match[2])
        if name.startswith("GPIO"):
            assert HEADER[int(name[4:])] == place, match[0]
        else:
            assert place in SUPPLIES[name], match[0]


def test_the_drawings_stand_in_the_document_and_name_real_drivers() -> None:
    shown = set(re.findall(r"\(images/(hardware-\w+\.svg)\)", WRITTEN))
    assert shown == {path.name for path in DRAWINGS}
    for drawing in DRAWINGS:
        text = " ".join(element.text or "" for element in ElementTree.parse(drawing).iter())
        for name in re.findall(r"[Dd]rivers? (\w+)", text):
            assert name in DRIVERS, name


def test_every_overlay_that_an_error_names_stands_in_the_document() -> None:
    for overlay in ("dtoverlay=w1-gpio", "dtparam=spi=on", "dtparam=i2c_arm=on", "dtoverlay=dht11"):
        assert overlay in WRITTEN
