"""Every mistake in a file is told with the line it stands on."""

import tomllib
from pathlib import Path

import pytest

from alerts.plan import load_plan
from devices.catalog import Site
from devices.errors import ConfigError, Problem
from devices.sitefile import load_site
from devices.toml_lines import with_lines
from tests.conftest import EXAMPLE

TEXT = '''# a comment with [brackets] and = signs
title = "a # b ] }"
"odd key".inner = 'x'

calendar.windows.night = { start = "18:30", end = "06:30", name = "夜" }
calendar.closed = [
  # a comment inside
  { first = 2021-01-29, last = 2021-02-21 },
  { first = 2021-07-01, last = 2021-08-31 },
]

[school]
text = """
[not.a.table]
x = 1
"""
zone = 3

[[rule]]
id = "FOOD-01"
options.above = 8.0
[rule.select]
kinds = ["a",
  "b"]

[[rule]]
id = "FOOD-02"
rises = [{ after_s = 1 },
  { after_s = 2, severity = "x" }]
'''


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("title", 2), ("calendar.windows.night.start", 5), ("calendar.closed", 6),
        ("calendar.closed[1]", 8), ("calendar.closed[2].last", 9), ("school.zone", 17),
        ('rule "FOOD-01"', 19), ('rule "FOOD-01".options.above', 21),
        ('rule[1 "FOOD-01"].select.kinds[2]', 24), ('rule "FOOD-02".rises[2].severity', 29),
        ('rule "FOOD-02".missing', 26), ('rule "NOPE".kind', 0), ("", 0), ("nowhere.at.all", 0),
    ],
)  # fmt: skip
def test_a_place_leads_to_its_line_or_that_of_its_table(
    tmp_path: Path, where: str, line: int
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXT, "utf-8")
    (found,) = with_lines([Problem("x.toml", where, "is wrong")], path, tomllib.loads(TEXT))
    assert found.line == line


def test_all_of_the_example_has_lines() -> None:
    for name in ("campus.toml", "safety_plan.toml", "safety_plan.tests.toml"):
        path = EXAMPLE / name
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
        rows = [
            (f"{table}[{number}].{'id' if 'id' in row else 'name'}", row)
            for table in ("rule", "point", "scenario")
            for number, row in enumerate(data.get(table, ()), 1)
        ]
        found = with_lines([Problem(name, where, "x") for where, _ in rows], path, data)
        for problem, (_, row) in zip(found, rows, strict=True):
            said = str(row.get("id") or row.get("name"))
            assert said in text.splitlines()[problem.line - 1]


def test_the_mistakes_of_a_plan_and_a_site_name_their_lines(
    tmp_path: Path, example_site: Site
) -> None:
    plan = (EXAMPLE / "safety_plan.toml").read_text("utf-8")
    wrong = plan.replace("hold_s = 900, clear", "hold_z = 900, clear", 1)
    wrong = wrong.replace('call = ["canteen", "logistics"]', 'call = ["cantine"]', 1)
    (tmp_path / "safety_plan.toml").write_text(wrong, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plan(tmp_path / "safety_plan.toml", example_site)
    lines = wrong.splitlines()
    by_what = {problem.where: problem for problem in caught.value.problems}
    assert "hold_z" in lines[by_what['rule "FOOD-01".options.hold_z'].line - 1]
    assert "cantine" in lines[by_what['rule "FOOD-01".call'].line - 1]
    assert "did you mean" in str(caught.value)
    site = (EXAMPLE / "campus.toml").read_text("utf-8").replace('"Asia/Shanghai"', '"Moon/Sea"')
    (tmp_path / "campus.toml").write_text(site, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_site(tmp_path / "campus.toml")
    (problem,) = caught.value.problems
    assert f"campus.toml:{problem.line}: school.timezone" in str(problem)
    assert "Moon/Sea" in site.splitlines()[problem.line - 1]
