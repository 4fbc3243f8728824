"""The plan file: the example is sound, mistakes are all named at once with place and remedy."""

import shutil
from pathlib import Path

import pytest

from alerts.coverage import coverage
from alerts.model import Severity
from alerts.plan import load_plan
from devices.catalog import Site
from devices.errors import ConfigError
from devices.model import PointId
from tests.conftest import EXAMPLE
from tests.support.watch import FRIDGE, PLAN


def broken(folder: Path, site: Site, *changes: tuple[str, str]) -> str:
    text = PLAN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "plan.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plan(path, site)
    return str(caught.value)


def test_the_example_plan_is_sound_for_the_example_school(
    tmp_path: Path, example_site: Site
) -> None:
    shutil.copy(EXAMPLE / "safety_plan.toml", tmp_path)
    plan = load_plan(tmp_path / "safety_plan.toml", example_site)
    assert len(plan.rules) >= 60
    idle = [rule.file.id for rule in plan.rules if not plan.keys(rule)]
    assert idle == [
        "IT-05",
        "AIR-02",
        "EQ-02",
        "EQ-02-EXHAUST",
    ], "what waits for points that the example school does not have"
    rated = {limit.value for limit in plan.limits_for(FRIDGE)}
    assert rated == {8.0, 0.0}


def test_five_mistakes_are_named_at_once_with_place_and_remedy(tmp_path: Path, site: Site) -> None:
    said = broken(
        tmp_path, site,
        ("options.above = 8.0", "options.abve = 8.0"),
        ('when = ["night"]', 'when = ["nihgt"]'),
        ('kind = "silence"', 'kind = "silance"'),
        ('call = ["it"]', 'call = ["itt"]'),
        ('severity = "critical"', 'severity = "deadly"'),
    )  # fmt: skip
    for part in ('rule "FOOD-01".options', "did you mean above?", "did you mean night?",
                 "did you mean silence?", "did you mean it?", "severity"):  # fmt: skip
        assert part in said
    assert len(said.splitlines()) >= 5


def test_a_rule_with_several_mistakes_is_told_of_all_of_them_in_the_files_order(
    tmp_path: Path, site: Site
) -> None:
    said = broken(
        tmp_path, site,
        ("calendar.windows.night = { name =", "calendar.windows.night = { nam ="),
        ('severity = "warning"', 'severity = "wrning"'),
        ("options.hold_s = 900", "options.hold_z = 900"),
    ).splitlines()  # fmt: skip
    lines = [int(line.split(":")[1]) for line in said]
    assert lines == sorted(lines)
    for part in ("did you mean name?", "did you mean warning?", "did you mean hold_s?"):
        assert any(part in line for line in said), part


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("options.clear = 7.5", "options.clear = 9.0", "`clear` is not at or under `above`"),
        ("options.above = 8.0", "options.above = 500.0", "beyond what temperature-cold can show"),
        ('options = { equals = "wet" }', 'options = { equals = "damp" }', "use dry, wet"),
        ('select = { kinds = ["gate"] }', 'select = { kinds = ["temperature-cold"] }', "needs a"),
        ('select = { kinds = ["gate"] }', 'select = { gates = ["gate-w*"] }', "gate-w*"),
        ("{place} {point}", "{palce} {point}", "palce"),
        ("{place} {point}", "{place", "braces"),
        ('areas = ["food", "network", "person", "lab"]', 'areas = ["food"]', "no route"),
        ('id = "IT-03"', 'id = "FOOD-01"', "stands 2 times"),
        ('channel = "screen"', 'channel = "pigeon"', "pigeon"),
        ('contact = "li"', 'contact = "lii"', "did you mean li?"),
        ('start = "18:30"', 'start = "25:30"', "windows.night"),
        ("effective_from = 2020-01-01", 'effective_from = "soon"', "effective_from"),
    ],
)
def test_each_mistake_says_where_and_what_to_do(
    tmp_path: Path, site: Site, old: str, new: str, said: str
) -> None:
    assert said in broken(tmp_path, site, (old, new))


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path, site: Site) -> None:
    assert "line" in broken(tmp_path, site, ("role = [", "role = [["))


def test_limits_are_for_the_chart_of_their_points_only(tmp_path: Path, site: Site) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, "utf-8")
    plan = load_plan(tmp_path / "plan.toml", site)
    (limit,) = plan.limits_for(FRIDGE)
    assert (limit.value, limit.side, limit.severity) == (8.0, "above", Severity.WARNING)
    assert plan.limits_for(PointId("class-1/temperature")) == ()


def test_each_of_the_ten_areas_is_watched_inspected_or_named_as_open(
    tmp_path: Path, site: Site, example_site: Site
) -> None:
    shutil.copy(EXAMPLE / "safety_plan.toml", tmp_path)
    plan = load_plan(tmp_path / "safety_plan.toml", example_site)
    found = {c.area.value: c for c in coverage(plan)}
    assert len(found) == 10
    assert {c.how for c in found.values()} == {"live", "inspection"}
    assert found["food"].how == "live"
    assert found["money"].how == "inspection"
    (tmp_path / "plan.toml").write_text(PLAN.replace('kinds = ["water-leak"]', 'kinds = ["gas"]')
                                        .replace('equals = "wet"', 'equals = "x"')
                                        .replace('kind = "state"\ntitle = "机房漏水"',
                                                 'kind = "threshold"\ntitle = "机房漏水"')
                                        .replace('{ equals = "x" }', '{ above = 2500.0 }'),
                                        "utf-8")  # fmt: skip
    small = {c.area.value: c for c in coverage(load_plan(tmp_path / "plan.toml", site))}
    assert small["lab"].how == "nothing"
    assert [rule.file.id for rule in small["lab"].idle] == ["IT-03"]
