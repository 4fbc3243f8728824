"""One contract over every rule kind: pure, registered, documented, right with bad options."""

import dataclasses
import inspect
import itertools
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.model import Alert, AlertState, Severity
from alerts.plan import Plan, load_plan
from alerts.rule import NOTHING, RULES, Rule, Step
from alerts.view import LiveView
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Quality, Reading, Value, ValueType
from tests.conftest import EXAMPLE
from tests.support.clock import FakeClock

KINDS = sorted(RULES)
LOOKS_FURTHER = {"absence", "combine", "compare", "drill", "event", "node-health", "tally"}
"""What one point's strange day does not move; the example's stories show what does."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan(example_site: Site) -> Plan:
    return load_plan(EXAMPLE / "safety_plan.toml", example_site)


def rules_of(plan: Plan, kind: str) -> list[Rule]:
    return [rule for rule in plan.rules if rule.file.kind == kind and plan.keys(rule)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_in_the_example_and_watches_something(plan: Plan, kind: str) -> None:
    rules = rules_of(plan, kind)
    assert rules


def readings(plan: Plan, rule: Rule, clock: FakeClock, step: float = 600) -> list[Reading]:
    """A strange day of one point: from normal to impossible and back, with a long pause."""
    key = plan.keys(rule)[0]
    if PointId(key) not in plan.site.points:
        return []
    kind = plan.site.kinds[PointId(key)]
    values: list[Value] = (
        [*reversed(kind.values), *kind.values]
        if kind.values
        else ["unknown", "denied"] * 6
        if kind.value_type is ValueType.TEXT
        else [4.0, *[9.0] * 130, *[85.0] * 3, -40.0, *[70.0] * 20, 4.0, 4.0]
    )
    found = []
    for number, value in enumerate(values):
        at = clock.move(10 * step if number == 5 else step)
        quality = Quality.ERROR_VALUE if value == 85.0 else Quality.GOOD
        origin = Origin(NodeId("n"), "b", number)
        found.append(Reading(PointId(key), at, value, origin, quality))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_history_gives_the_same_verdicts(plan: Plan, kind: str) -> None:
    def steps() -> list[Step | None]:
        found: list[Step | None] = []
        for start, pace in itertools.product(("10:20", "20:00"), (20, 60)):
            for rule in rules_of(plan, kind):
                clock = FakeClock(f"2026-11-24T{start}:00+08:00")
                found += day_of(plan, rule, clock, pace)
        return found

    once = steps()
    assert once == steps()
    alone = kind not in LOOKS_FURTHER
    assert any(step and step[1] for step in once) is alone, "what happens to this rule?"


def day_of(plan: Plan, rule: Rule, clock: FakeClock, pace: float) -> list[Step | None]:
    """All that a rule says of one point's strange day, told reading by reading."""
    found: list[Step | None] = []
    view = LiveView(plan.site, clock.now())
    memory, key = NOTHING, plan.keys(rule)[0]
    day = readings(plan, rule, FakeClock(clock.now().isoformat()), pace)
    if not day:
        view.learn_untold([an_alert(key, clock.now())])
    for reading in day or [None] * 5:
        now = clock.move(700) if reading is None else reading.at
        steps = [rule.tick(key, memory, now, view)]
        if reading is not None:
            steps.append(rule.check(reading, steps[0][0] if steps[0] else memory, view))
            view.keep(reading, reading.at)
        for step in steps:
            memory = step[0] if step else memory
        found += steps
    found.append(rule.tick(key, memory, clock.move(3 * 3600), view))
    return found


def an_alert(key: str, at: datetime) -> Alert:
    return Alert("a", "ELSE", "v", Severity.MAJOR, "food", key, None, "kitchen",
                 AlertState.UNACKNOWLEDGED, at, "文", "text")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_reading_that_comes_again_changes_nothing(plan: Plan, kind: str) -> None:
    clock = FakeClock("2026-11-24T20:00:00+08:00")
    for rule in rules_of(plan, kind):
        view, memory = LiveView(plan.site, clock.now()), NOTHING
        for reading in readings(plan, rule, clock):
            step = rule.check(reading, memory, view)
            memory = step[0] if step else memory
            view.keep(reading, reading.at)
            again = rule.check(reading, memory, view)
            assert again is None or again[1] is None


@pytest.mark.parametrize("kind", KINDS)
def test_no_clock_and_no_file_is_read_in_it(kind: str) -> None:
    source = inspect.getsource(inspect.getmodule(RULES[kind]))  # type: ignore[arg-type]
    assert not re.search(r"\b(now\(\)|time\.time|open\(|import (os|time|random)\b)", source)


@pytest.mark.parametrize("kind", KINDS)
def test_its_options_stand_in_the_documents_with_their_defaults(kind: str) -> None:
    text = (ROOT / "docs" / "safety-plan.md").read_text("utf-8")
    parts = re.split(r"^##+ (?:`(.+)`)?.*$", text, flags=re.MULTILINE)
    assert kind in parts[1::2]
    section = parts[parts.index(kind, 1) + 1]
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|", section, re.MULTILINE)
    assert dict(rows) == {
        field.name: default_of(field) for field in dataclasses.fields(RULES[kind].Options)
    }


def default_of(field: "dataclasses.Field[object]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()}`"
    return "required" if field.default is dataclasses.MISSING else f"`{field.default}`"


def test_ticks_of_time_alone_are_cheap_to_ask_for(plan: Plan) -> None:
    """A whole second's look at the example school judges nothing that is calm."""
    clock = FakeClock("2026-11-24T12:15:00+08:00")
    view = LiveView(plan.site, clock.now())
    for rule in plan.rules:
        for key in plan.keys(rule):
            first = rule.tick(key, NOTHING, clock.now() + timedelta(seconds=1), view)
            assert first is None or first[1] is None
            memory = first[0] if first else NOTHING
            assert rule.tick(key, memory, clock.now() + timedelta(seconds=2), view) is None
