"""Points assigned while everything runs: written, joined, left out with a reason, taken back."""

import dataclasses
from pathlib import Path

import pytest

from devices.assigned import FILE, Assigned, write_assigned
from devices.catalog import Point, Site
from devices.model import PointId
from tests.support.sites import small_site

BRIDGE = 'bridge.node = "teach-pi"'


def point(id: str = "class-1/co2", **changes: object) -> Point:
    made = Point(
        id, "co2", "teach-pi", "class-1", '空气 "二氧化碳"\\', driver="zigbee2mqtt",
        options={"device": "教室/co2", "field": "co2"}, period=600.0,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    small = small_site(tmp_path, extra=BRIDGE)
    overlay = Assigned(tmp_path / FILE)
    joined = dataclasses.replace(small, overlay=overlay)
    overlay.join(joined)
    return joined


def test_a_point_that_is_written_is_in_every_view_of_the_site_at_once(
    site: Site, tmp_path: Path
) -> None:
    kinds, before = site.kinds, site.look()
    write_assigned(tmp_path / FILE, [point()])
    assert site.look() == before + 1
    assert site.points[PointId("class-1/co2")] == point()
    assert kinds[PointId("class-1/co2")].key == "co2"
    assert site.stale_after(PointId("class-1/co2")) == 1800
    assert [p.id for p in site.points_on(site.points[PointId("class-1/power")].node)][-1] == (  # type: ignore[arg-type]
        "class-1/co2"
    )
    assert site.look() == before + 1, "nothing changed, nothing is joined again"


def test_it_is_there_after_a_restart_and_gone_once_taken_back(site: Site, tmp_path: Path) -> None:
    write_assigned(tmp_path / FILE, [point(), point("class-1/co2-2", options={
        "device": "other", "field": "co2"})])  # fmt: skip
    again = dataclasses.replace(
        small_site(tmp_path, extra=BRIDGE), overlay=Assigned(tmp_path / FILE)
    )
    assert again.overlay is not None
    again.overlay.join(again)  # type: ignore[attr-defined]
    assert {"class-1/co2", "class-1/co2-2"} <= set(again.points)
    write_assigned(tmp_path / FILE, [])
    again.look()
    assert "class-1/co2" not in again.points and "class-1/co2" not in again.kinds
    assert again.points[PointId("class-1/co2")].room == "class-1", "who holds its id still finds it"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (point(room="cellar"), "no room or gate has the id 'cellar'"),
        (point(kind="warmth"), "is not a kind"),
        (point(node="canteen-pi"), "hears MQTT, which only the bridge does"),
        (point("class-1/power"), "stands in the site file too"),
        (point(options={"device": "x"}), "is missing"),
        (point(kind="contact", options={"device": "x", "field": "y", "on": "warm"}),
         "'warm' is no word of contact"),
    ],
)  # fmt: skip
def test_a_point_that_does_not_fit_is_left_out_and_the_others_stay(
    site: Site, tmp_path: Path, wrong: Point, words: str
) -> None:
    write_assigned(tmp_path / FILE, [wrong, point("class-1/good", options={
        "device": "good", "field": "co2"})])  # fmt: skip
    site.look()
    assert "class-1/good" in site.points
    assert isinstance(site.overlay, Assigned)
    assert words in "\n".join(str(problem) for problem in site.overlay.problems)


@pytest.mark.parametrize("text", ["point = [", "\xff", "point = 5", "other = 1"])
def test_a_file_that_cannot_be_read_leaves_the_school_as_it_is(
    site: Site, tmp_path: Path, text: str
) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    site.look()
    assert len(site.points) == 10
    assert isinstance(site.overlay, Assigned) and site.overlay.problems
