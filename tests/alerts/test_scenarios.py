"""The default plan is held to its word by stories; change any figure of it and one fails."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.plan import Plan, load_plan, make_rule
from alerts.plan_file import RuleFile
from alerts.scenario import Scenario, load_scenarios, run
from devices.catalog import Site
from devices.errors import ConfigError
from tests.conftest import EXAMPLE

STORIES = EXAMPLE / "safety_plan.tests.toml"
SHARE = 0.05


@pytest.fixture(scope="module")
def plan(example_site: Site) -> Plan:
    return load_plan(EXAMPLE / "safety_plan.toml", example_site)


@pytest.fixture(scope="module")
def stories(example_site: Site, plan: Plan) -> tuple[Scenario, ...]:
    return load_scenarios(STORIES, example_site, plan)


NAMES = [row["name"] for row in tomllib.loads(STORIES.read_text("utf-8"))["scenario"]]


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_the_story_goes_as_it_should(
    example_site: Site, plan: Plan, stories: tuple[Scenario, ...], number: int
) -> None:
    result = run(stories[number], example_site, plan)
    assert result.ok, "\n".join(result.diff())


def test_every_rule_has_a_story_that_raises_it_and_one_that_must_not(
    plan: Plan, stories: tuple[Scenario, ...]
) -> None:
    raised = {story.rule for story in stories if story.expect}
    calm = {story.rule for story in stories if not story.expect}
    ids = {rule.file.id for rule in plan.rules}
    assert raised == ids
    assert calm == ids


def changed(file: RuleFile) -> Iterator[tuple[str, RuleFile]]:
    """The rule with one figure or condition of it different, in every way."""
    for name, value in file.options.items():
        for what, other in others(name, value):
            yield f"{name} {what}", replace(file, options={**file.options, name: other})
    if tuple(file.when) != ("always",):
        yield "at work always", replace(file, when=("always",), unless=())
    elif file.unless:
        yield "without exceptions", replace(file, unless=())


def others(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield str(not value), not value
    elif isinstance(value, int | float):
        if name == "times":
            steps = (1, -1)
        elif name.endswith("_s"):
            steps = (max(1.0, 0.2 * value), -max(1.0, 0.2 * value))
        else:
            steps = (max(0.2, SHARE * abs(value)), -max(0.2, SHARE * abs(value)))
        for step in steps:
            yield f"{value} -> {value + step:g}", value + step
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner, number in value[0].items():
            for what, other in others(inner, number):
                yield f"{inner} {what}", [{**value[0], inner: other}, *value[1:]]
        yield "one fewer", value[1:]


def test_any_other_figure_in_the_plan_makes_a_story_fail(
    example_site: Site, plan: Plan, stories: tuple[Scenario, ...]
) -> None:
    survivors = []
    for rule in plan.rules:
        own = [story for story in stories if story.rule == rule.file.id]
        for what, file in changed(rule.file):
            try:
                other = make_rule(file, example_site, plan.calendar)
            except ConfigError:
                continue
            mutant = replace(plan, rules=(other,))
            if all(run(story, example_site, mutant).ok for story in own):
                survivors.append(f"{rule.file.id}: {what}")
    assert survivors == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('rule = "NOPE-1"', "no rule NOPE-1"),
        ('rule = "FOOD-01"\nplay = { "no/such" = "1" }', "no point 'no/such'"),
        ('rule = "FOOD-01"\nplay = { "canteen/fridge-1/temperature" = "warm" }', "not a number"),
        ('rule = "NODE-01"\nnodes = { "canteen-pi" = "gone" }', "no state of a node"),
        ('rule = "FOOD-01"\nexpct = []', "did you mean expect?"),
    ],
)
def test_a_story_that_cannot_be_played_says_where_and_why(
    tmp_path: Path, example_site: Site, plan: Plan, line: str, said: str
) -> None:
    path = tmp_path / "stories.toml"
    path.write_text(f'[[scenario]]\nname = "x"\nat = "2026-11-24 10:00"\n{line}\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scenarios(path, example_site, plan)
    assert said in str(caught.value)


def test_a_story_that_goes_otherwise_is_shown_as_a_difference(
    example_site: Site, plan: Plan
) -> None:
    wrong = Scenario(
        "x", "FOOD-01", "2026-11-24 10:00",
        {"canteen/fridge-1/temperature": "9.0 x20"}, expect=("10:16 raised warning",),
    )  # fmt: skip
    result = run(wrong, example_site, plan)
    assert not result.ok
    assert result.diff() == ["-10:16 raised warning", "+10:15 raised warning"]
