"""What the rules cost: readings a second with 100 and with 10,000 rules, and over stored history.

A reading finds its rules by its point, so the number of the others must not matter. `backtest` is
the same judge over a month of the example school's default plan; `stored` reads the readings from
an embedded store too, as `campus plan backtest` does.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from alerts.backtest import backtest
from alerts.judge import Judge
from alerts.plan import Plan, load_plan, make_rule
from alerts.replay import Replay
from alerts.selection import selected
from alerts.view import LiveView
from collectors.store.sqlite import SqliteStore
from devices.catalog import Point, Site
from devices.model import NodeId, Origin, PointId, Reading, Value, ValueType
from devices.sitefile import load_site

EXAMPLE = Path(__file__).parent.parent / "dashboard" / "example"
START = datetime(2026, 11, 2, tzinfo=UTC)
WRITTEN = 5000
CALM = {
    "temperature-cold": 4.0,
    "temperature-frozen": -20.0,
    "temperature-sample": 4.0,
    "temperature-hot": 66.0,
    "humidity": 50.0,
    "power": 3.0,
    "gas": 100.0,
}


def site_with(points: int) -> Site:
    """The example school with so many fridges more."""
    site = load_site(EXAMPLE / "campus.toml")
    like = site.points[PointId("canteen/fridge-1/temperature")]
    more = {
        PointId(f"bench/{n}"): replace(like, id=f"bench/{n}", driver="", options={})
        for n in range(points)
    }
    return replace(site, points={**site.points, **more})


def plan_with(site: Site, rules: int) -> Plan:
    """The default plan, and one rule more for each of so many points."""
    plan = load_plan(EXAMPLE / "safety_plan.toml", site)
    like = plan.rule("FOOD-01")
    assert like is not None
    more = []
    for n in range(rules):
        select = replace(like.file.select, kinds=(), points=(f"bench/{n}",))
        file = replace(like.file, id=f"BENCH-{n}", select=select)
        more.append(make_rule(file, site, plan.calendar))
    keys = {rule.file.id: selected(rule.file, site, rule.watches) for rule in plan.rules}
    keys |= {rule.file.id: tuple(rule.file.select.points) for rule in more}
    return replace(plan, rules=(*plan.rules, *more), _keys=keys)


def readings(points: list[Point], count: int, first: datetime) -> Iterator[Reading]:
    """One a minute of each point, as a school's day goes."""
    step = timedelta(minutes=1) / max(1, len(points))
    for n in range(count):
        point = points[n % len(points)]
        value = 3.5 + (n // len(points)) % 11 / 8
        yield Reading(
            PointId(point.id), first + n * step, value, Origin(NodeId(point.node), "b", n)
        )


def calm(site: Site, count: int) -> Iterator[Reading]:
    """A school where nothing is wrong: numbers tremble, contacts stay as they are."""
    points = list(site.points.values())
    step = timedelta(minutes=1) / len(points)
    for n in range(count):
        point = points[n % len(points)]
        kind = site.kinds[PointId(point.id)]
        value: Value = kind.values[-1] if kind.values else "granted"
        if kind.value_type is ValueType.NUMBER:
            value = CALM.get(point.kind, 21.0) + (n // len(points)) % 5 / 8
        yield Reading(
            PointId(point.id), START + n * step, value, Origin(NodeId(point.node), "b", n)
        )


def judged_per_s(rules: int, count: int) -> float:
    """Readings a second of the points that have a rule of their own."""
    site = site_with(rules)
    plan = plan_with(site, rules)
    judge = Judge(plan, LiveView(site, START), {})
    own = [point for id, point in site.points.items() if id.startswith("bench/")]
    for reading in readings(own, 2 * len(own), START):
        judge.check(reading, reading.at)
    warm = START + timedelta(minutes=2)
    prepared = list(readings(own, count, warm))
    start = time.process_time()
    for reading in prepared:
        judge.check(reading, reading.at)
    return count / (time.process_time() - start)


def backtest_per_s(count: int) -> float:
    """Readings a second of a month replayed: 300 points of every kind of the example, each once a
    minute, with all rules of the default plan, ticks and the lifecycle."""
    site = load_site(EXAMPLE / "campus.toml")
    site = site_with(300 - len(site.points))
    plan = load_plan(EXAMPLE / "safety_plan.toml", site)
    prepared = list(calm(site, count))
    replay = Replay(site, plan, START, timedelta(seconds=10), site.nodes)
    start = time.process_time()
    replay.play(prepared)
    return count / (time.process_time() - start)


def stored_per_s(count: int) -> float:
    """The same out of an embedded store: read, put in order, judged."""
    site = load_site(EXAMPLE / "campus.toml")
    site = site_with(300 - len(site.points))
    plan = load_plan(EXAMPLE / "safety_plan.toml", site)
    prepared = list(calm(site, count))
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteStore(Path(folder) / "telemetry.db", site)) as store,
    ):
        for first in range(0, count, WRITTEN):
            store.write(prepared[first : first + WRITTEN])
        start = time.process_time()
        history = backtest(
            site, plan, store, START, prepared[-1].at + timedelta(seconds=1), lambda at, n: None
        )
        return history.readings / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    count = 100_000 if args.quick else 1_000_000
    few, many = judged_per_s(100, count), judged_per_s(10_000, count)
    back, stored = backtest_per_s(count), stored_per_s(count)
    print(f"{count:,} readings each, one core")
    print(f"  {'per_s_100_rules':20} {few:12,.0f}")
    print(f"  {'per_s_10000_rules':20} {many:12,.0f}   {many / few:5.2f} x with 100 rules")
    print(f"  {'backtest_per_s':20} {back:12,.0f}   13 M readings in {13e6 / back / 60:.1f} min")
    print(f"  {'stored_per_s':20} {stored:12,.0f}   13 M readings in {13e6 / stored / 60:.1f} min")
    if args.json:
        figures = {"per_s_100_rules": few, "per_s_10000_rules": many, "backtest_per_s": back,
                   "stored_per_s": stored}  # fmt: skip
        print(json.dumps({key: round(value) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
