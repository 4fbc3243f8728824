"""Scenarios: readings in, alerts out; a plan's own tests, as promtool's are for Prometheus.

    [[scenario]]
    name = "A fridge at 9.2 °C is told after a quarter of an hour"
    rule = "FOOD-01"
    at = "2026-11-24 10:00"
    play = { "canteen/fridge-1/temperature" = "4.0 x5, 9.2 x17" }
    expect = ["10:20 raised warning"]

`play` gives for each point its values, one every `every` seconds (the kind's own period where that
is left out); `-` is a time without a reading, `VALUE xN` the value N times, `VALUE~ xN` the same
with the small trembling of a sensor that lives. `nodes` does the same with online and offline,
every 30 s; the other nodes live. `untold` says for a node how many of its alerts reached nobody,
every 30 s too. A value may carry words: `granted;role=student` of a reading's detail,
`online;throttled=0x1` of a node's status. `extra` adds points that this site does not have, so
that rules waiting for such points have stories too. `expect` lists what becomes of the rule's
alerts there (or of its maintenance entries: `HH:MM order FAULT`), to the minute or the second;
empty: nothing may happen.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from alerts.plan import Plan
from alerts.plan_words import RuleId, Text
from alerts.replay import SIGN_OF_LIFE, Replay
from collectors.quality import Grader
from devices.catalog import Point, Site
from devices.checking import Limits
from devices.config import parse, read_toml
from devices.errors import ConfigError, Problem
from devices.kinds import KINDS
from devices.model import (
    EPOCH,
    ClockState,
    Kind,
    NodeId,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Reading,
    Value,
    ValueType,
)
from devices.toml_lines import with_lines

TICK = timedelta(seconds=1)
_VALUES = re.compile(r"^(?P<value>\S+?)(?:\s+x(?P<times>\d+))?$")


@dataclass(frozen=True, slots=True)
class Extra:
    """A point that this site does not have: its kind, and a point that it lies beside."""

    kind: str
    beside: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story about one rule."""

    name: Text
    rule: RuleId
    at: Annotated[str, Limits(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$")]
    play: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Extra] = field(default_factory=dict)
    every: float | None = None
    wait: float = 0.0
    """Seconds after the last reading until the story ends."""
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    scenario: tuple[Scenario, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a scenario wanted and what came; equal when it holds."""

    scenario: Scenario
    came: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.came == self.wanted

    def diff(self) -> list[str]:
        """- expected, + came."""
        lines = difflib.unified_diff(self.wanted, self.came, lineterm="", n=9)
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def load_scenarios(path: Path, site: Site, plan: Plan | None) -> tuple[Scenario, ...]:
    """The stories of a file. Raises ConfigError with every mistake in them; without a plan those
    of rules it does not have are none."""
    data = read_toml(path)
    file, problems = parse(ScenarioFile, data, path.name)
    scenarios = file.scenario if file else ()
    for scenario in scenarios:
        for what, remedy in _mistakes(scenario, site, plan):
            problems.append(Problem(path.name, f'scenario "{scenario.name}"', what, remedy))
    if problems:
        raise ConfigError(with_lines(problems, path, data))
    return scenarios


def _mistakes(scenario: Scenario, site: Site, plan: Plan | None) -> Iterator[tuple[str, str]]:
    if plan is not None and plan.rule(scenario.rule) is None:
        yield f"the plan has no rule {scenario.rule}", "name one of the plan"
    for point, each in scenario.extra.items():
        if each.kind not in KINDS:
            yield f"{point}: there is no kind {each.kind!r}", "use a kind of docs/configuration.md"
            return
        if PointId(each.beside) not in site.points:
            yield f"the site has no point {each.beside!r}", "name one of the site file"
            return
    site = with_extra(site, scenario)
    for point, text in scenario.play.items():
        if PointId(point) not in site.points:
            yield f"the site has no point {point!r}", "name one of the site file"
            continue
        kind = site.kinds[PointId(point)]
        for value, _ in _series(text):
            if value is not None and _value(value.split(";")[0], kind) is None:
                yield f"{value!r} is not a {kind.value_type}", f"{point} gives such"
    for node, text in scenario.untold.items():
        if NodeId(node) not in site.nodes:
            yield f"the site has no node {node!r}", "name one of the site file"
        for value, _ in _series(text):
            if value is not None and not (value.isascii() and value.isdigit()):
                yield f"{value!r} is no number of alerts", "use 0, 1, 2 …"
    for node, text in scenario.nodes.items():
        if NodeId(node) not in site.nodes:
            yield f"the site has no node {node!r}", "name one of the site file"
        for value, _ in _series(text):
            if value is not None and _status(value) is None:
                yield f"{value!r} is no state of a node", "use online, offline or -"


def with_extra(site: Site, scenario: Scenario) -> Site:
    """The site with the story's own points."""
    points = dict(site.points)
    for id, each in scenario.extra.items():
        beside = site.points[PointId(each.beside)]
        points[PointId(id)] = Point(
            id=id, kind=each.kind, node=beside.node, room=beside.room, name=id, name_en=id
        )
    return replace(site, points=points) if scenario.extra else site


_STATUS_WORDS = {"throttled": str, "disk_free": float, "clock": ClockState}


def _status(text: str) -> NodeStatus | None:
    """online or offline, perhaps with words; None where it makes no sense."""
    state, *words = text.split(";")
    if state not in list(NodeState):
        return None
    given: dict[str, Any] = {"clock": ClockState.SYNCED}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _STATUS_WORDS:
            return None
        try:
            given[name] = _STATUS_WORDS[name](value)
        except ValueError:
            return None
    return NodeStatus(NodeState(state), "story", EPOCH, **given)


def _series(text: str) -> Iterator[tuple[str | None, int]]:
    """Values and how often each comes; None for a time without."""
    for part in text.split(","):
        found = _VALUES.match(part.strip())
        if found is None:
            yield part.strip(), 1
        else:
            value, times = found["value"], int(found["times"] or 1)
            if value.endswith("~"):
                yield from (((value[:-1], 1), (value, 1))[n % 2] for n in range(times))
            else:
                yield None if value == "-" else value, times


def _value(text: str, kind: Kind) -> Value | None:
    if kind.value_type is ValueType.NUMBER:
        try:
            trembling = -kind.step if text.endswith("~") else 0.0
            return float(text.removesuffix("~")) + trembling
        except ValueError:
            return None
    if kind.value_type is ValueType.BOOLEAN:
        return {"true": True, "false": False}.get(text)
    return text


def run(scenario: Scenario, site: Site, plan: Plan) -> Result:
    """Play one story to its end; only its own rule is at work."""
    start = datetime.fromisoformat(scenario.at).replace(tzinfo=site.timezone).astimezone(UTC)
    if scenario.extra:
        site = with_extra(site, scenario)
        plan = plan.on(site)
    replay = Replay(site, plan.only(scenario.rule), start, TICK, scenario.nodes)
    events = sorted(_events(scenario, site, start), key=lambda event: event[0])
    grader = Grader(site.kinds)
    for at, what in events:
        if isinstance(what, Reading):
            replay.play([replace(what, quality=grader.grade(what, at))])
        elif isinstance(what[1], NodeStatus):
            replay.say(what[0], what[1], at)
        else:
            replay.leave_untold(what[0], what[1], at)
    replay.advance(_end(scenario, site, start) + timedelta(seconds=scenario.wait))
    return Result(scenario, tuple(_told(replay, site, scenario)), scenario.expect)


def _events(
    scenario: Scenario, site: Site, start: datetime
) -> Iterator[tuple[datetime, Reading | tuple[NodeId, NodeStatus | int]]]:
    for name, text in scenario.play.items():
        point = PointId(name)
        kind = site.kinds[point]
        for at, value in _moments(text, start, _step(scenario, kind)):
            text, *words = value.split(";")
            typed = _value(text, kind)
            assert typed is not None
            detail = {name: said for name, _, said in (word.partition("=") for word in words)}
            origin = Origin(NodeId(site.points[point].node), "scenario", 1)
            yield at, Reading(point, at, typed, origin, detail=detail)
    for node, text in scenario.nodes.items():
        for at, value in _moments(text, start, SIGN_OF_LIFE):
            status = _status(value)
            assert status is not None
            yield at, (NodeId(node), replace(status, at=at))
    for node, text in scenario.untold.items():
        for at, value in _moments(text, start, SIGN_OF_LIFE):
            yield at, (NodeId(node), int(value))


def _end(scenario: Scenario, site: Site, start: datetime) -> datetime:
    """The moment of the last value, or of the last time without one."""
    lasts = [
        (sum(times for _, times in _series(text)) - 1) * _step(scenario, site.kinds[PointId(name)])
        for name, text in scenario.play.items()
    ]
    lasts += [
        (sum(times for _, times in _series(text)) - 1) * SIGN_OF_LIFE
        for text in (*scenario.nodes.values(), *scenario.untold.values())
    ]
    return start + max(lasts, default=timedelta())


def _step(scenario: Scenario, kind: Kind) -> timedelta:
    return timedelta(seconds=scenario.every or kind.period or 60.0)


def _moments(text: str, start: datetime, step: timedelta) -> Iterator[tuple[datetime, str]]:
    at = start
    for value, times in _series(text):
        for _ in range(times):
            if value is not None:
                yield at, value
            at += step


def _told(replay: Replay, site: Site, scenario: Scenario) -> Iterator[str]:
    """What happened, each as the scenario's `expect` writes it at the same place."""
    precise: Sequence[bool] = [bool(re.match(r"\d\d:\d\d:\d\d", line)) for line in scenario.expect]
    there = {*scenario.play, *scenario.nodes, *scenario.untold}
    if not there:
        there = {t.alert.key for t in replay.happened.transitions}
    happened = [
        (t.at, f"{t.why} {t.alert.severity}" if t.why.calls else str(t.why))
        for t in replay.happened.transitions
        if t.alert.key in there
    ]
    happened += [
        (order.changed_at, f"order {order.fault if order.recovered_at is None else 'recovered'}")
        for order in replay.happened.orders
        if order.point in there
    ]
    for number, (at, what) in enumerate(sorted(happened)):
        local = at.astimezone(site.timezone)
        seconds = precise[number] if number < len(precise) else False
        yield f"{local:%H:%M:%S} {what}" if seconds else f"{local:%H:%M} {what}"
