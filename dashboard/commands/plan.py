"""`campus plan`: is the safety plan right, and when is a rule at work."""

import argparse
import contextlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.place import add_place_options, workplace
from devices.errors import CampusError

if TYPE_CHECKING:
    from alerts.plan import Plan
    from alerts.rule import Rule
    from devices.catalog import Site

MONTH = timedelta(days=30)
PREVIEW = timedelta(days=14)


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = verbs.add_parser("plan", help="the safety plan").add_subparsers(
        dest="what", required=True, metavar="check|test|backtest|coverage|when"
    )
    check = plan.add_parser("check", help="lists every mistake in the plan")
    add_place_options(check)
    check.add_argument("--json", action="store_true", help="one JSON object, for programs")
    check.set_defaults(run=run_check)
    test = plan.add_parser("test", help="plays stories and says where the plan does otherwise")
    test.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="safety_plan.tests.toml by the plan"
    )
    test.add_argument("--rule", metavar="RULE", help="only the stories of this one")
    add_place_options(test)
    test.add_argument("--json", action="store_true", help="one JSON object, for programs")
    test.set_defaults(run=run_test)
    past = plan.add_parser("backtest", help="what the plan would have told over stored history")
    past.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601; else 30 days ago")
    past.add_argument("--to", dest="end", metavar="TIME", help="ISO 8601; else now")
    past.add_argument("--rule", metavar="RULE", help="only this one")
    past.add_argument(
        "--hold", metavar="SECONDS", type=float, help="with --rule: also with this hold time"
    )
    add_place_options(past)
    past.add_argument("--json", action="store_true", help="one JSON object, for programs")
    past.set_defaults(run=run_backtest)
    cover = plan.add_parser("coverage", help="what of the ten areas is watched on this site")
    add_place_options(cover)
    cover.add_argument("--json", action="store_true", help="one JSON object, for programs")
    cover.set_defaults(run=run_coverage)
    when = plan.add_parser("when", help="when a rule is at work in the next 14 days")
    when.add_argument("rule", metavar="RULE")
    add_place_options(when)
    when.add_argument("--json", action="store_true", help="one JSON object, for programs")
    when.set_defaults(run=run_when)


def run_check(args: argparse.Namespace) -> None:
    from alerts.plan import load_plan

    place = workplace(args)
    plan = load_plan(place.plan, place.site)
    if args.json:
        print(json.dumps({"ok": True, "version": plan.version, "rules": len(plan.rules)}))
    else:
        print(f"{len(plan.rules)} rules, version {plan.version}. No mistakes.")


def run_test(args: argparse.Namespace) -> int:
    from alerts.plan import load_plan
    from alerts.scenario import load_scenarios, run

    place = workplace(args)
    plan = load_plan(place.plan, place.site)
    path = args.file or place.plan.with_name("safety_plan.tests.toml")
    if args.rule:
        _known_rule(plan, args.rule)
        plan = plan.only(args.rule)
    results = [
        run(scenario, place.site, plan)
        for scenario in load_scenarios(path, place.site, plan if not args.rule else None)
        if plan.rule(scenario.rule) is not None
    ]
    failed = [result for result in results if not result.ok]
    untold = sorted({r.file.id for r in plan.rules} - {r.scenario.rule for r in results})
    if args.json:
        rows = [
            {"name": r.scenario.name, "rule": r.scenario.rule, "ok": r.ok,
             "expected": r.wanted, "came": r.came}
            for r in results
        ]  # fmt: skip
        print(json.dumps({"ok": not failed, "scenarios": rows, "without": untold},
                         ensure_ascii=False))  # fmt: skip
        return int(bool(failed))
    for result in failed:
        print(f"{result.scenario.rule}: {result.scenario.name}")
        print("\n".join(f"    {line}" for line in result.diff()))
    print(f"{len(results) - len(failed)} of {len(results)} stories go as they should.")
    if untold:
        print("No story tells of " + ", ".join(untold) + ".")
    return int(bool(failed))


def run_backtest(args: argparse.Namespace) -> None:
    from alerts.backtest import backtest
    from alerts.book import Book
    from alerts.corrected import CorrectedStore, Corrections
    from alerts.plan import load_plan
    from collectors.store import open_store

    place = workplace(args)
    site, plan = place.site, load_plan(place.plan, place.site)
    if args.rule:
        _known_rule(plan, args.rule)
        plan = plan.only(args.rule)
    now = place.clock().now()
    end = _time(args.end, site, "--to") if args.end else now
    start = _time(args.start, site, "--from") if args.start else end - MONTH
    if start >= end:
        raise CampusError("--from is not before --to")
    by_hold: dict[str, int] = {}
    with (
        contextlib.closing(open_store(site, place.data, readonly=True)) as raw,
        contextlib.closing(Book(place.book, readonly=True)) as book,
    ):
        store = CorrectedStore(raw, Corrections(site, book, place.clock()))
        found = backtest(site, plan, store, start, end, _progress)
        if args.rule:
            by_hold[""] = found.raised[args.rule]
        if args.rule and args.hold is not None:
            other = backtest(
                site, plan.with_hold(args.rule, args.hold), store, start, end, _progress
            )
            by_hold[f"{args.hold:g}"] = other.raised[args.rule]
    if args.json:
        rows = [
            {"at": t.at.isoformat(), "rule": t.alert.rule, "key": t.alert.key, "what": t.why,
             "severity": t.alert.severity, "text": t.alert.text}
            for t in found.transitions
        ]  # fmt: skip
        print(json.dumps({"readings": found.readings, "would_have": found.raised,
                          "by_hold": by_hold,
                          "work_orders": len(found.orders), "transitions": rows},
                         ensure_ascii=False))  # fmt: skip
        return
    local = plan.calendar.local
    print(f"{local(start):%Y-%m-%d %H:%M} – {local(end):%Y-%m-%d %H:%M}, "
          f"{found.readings:,} readings")  # fmt: skip
    for rule in plan.rules:
        times = found.raised[rule.file.id]
        if times:
            print(f"  {rule.file.id:18} {rule.file.title}: would have called {times} times")
    for hold, times in by_hold.items():
        if hold:
            print(f"  with a hold time of {hold} s: {times} times")
    calm = sum(1 for rule in plan.rules if not found.raised[rule.file.id])
    print(f"  {calm} of {len(plan.rules)} rules would not have called. "
          f"{len(found.orders)} steps of maintenance entries.")  # fmt: skip


def _time(text: str, site: "Site", option: str) -> datetime:
    """A moment; without a zone it is the school's time. Raises CampusError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CampusError(f"{option} {text!r} is no time, such as 2026-11-01T08:00") from None
    return found if found.tzinfo else found.replace(tzinfo=site.timezone)


def _progress(reached: datetime, readings: int) -> None:
    if sys.stderr.isatty():
        print(f"\r  {reached:%Y-%m-%d %H:%M}  {readings:,} readings", end="", file=sys.stderr)


def _known_rule(plan: "Plan", id: str) -> "Rule":
    rule = plan.rule(id)
    if rule is None:
        known = ", ".join(rule.file.id for rule in plan.rules)
        raise CampusError(f"the plan has no rule {id!r}; it has {known}")
    return rule


def run_coverage(args: argparse.Namespace) -> None:
    from alerts.coverage import AREA_NAMES, coverage
    from alerts.plan import load_plan

    place = workplace(args)
    found = coverage(load_plan(place.plan, place.site))
    if args.json:
        rows = [
            {"area": c.area, "how": c.how, "points": c.points,
             "rules": [r.file.id for r in c.live], "idle": [r.file.id for r in c.idle],
             "inspections": [i.id for i in c.inspections]}
            for c in found
        ]  # fmt: skip
        print(json.dumps({"areas": rows}))
        return
    words = {"live": "watched", "inspection": "inspected by people", "nothing": "NOT COVERED"}
    for cover in found:
        chinese, english = AREA_NAMES[cover.area]
        print(f"{chinese} {english}: {words[cover.how]}")
        for rule in cover.live:
            print(f"    {rule.file.id:18} {rule.file.title} ({rule.file.title_en})")
        for round in cover.inspections:
            print(f"    {round.id:18} {round.title} ({round.title_en}), every {round.every}")
        for rule in cover.idle:
            print(f"    {rule.file.id:18} has nothing to watch on this site")


def run_when(args: argparse.Namespace) -> None:
    from alerts.plan import load_plan

    place = workplace(args)
    plan = load_plan(place.plan, place.site)
    rule = _known_rule(plan, args.rule)
    now = place.clock().now()
    when, unless = rule.file.when, rule.file.unless
    stretches = plan.calendar.changes(when, unless, now, now + PREVIEW)
    if args.json:
        rows = [{"from": begin.isoformat(), "to": end.isoformat()} for begin, end in stretches]
        print(json.dumps({"rule": rule.file.id, "at_work": rows}))
        return
    print(f"{rule.file.id} {rule.file.title}")
    if plan.calendar.active(when, unless, now):
        print("  at work now")
    for begin, end in stretches:
        first, last = plan.calendar.local(begin), plan.calendar.local(end)
        print(f"  {first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}")
    if not stretches:
        print("  not at work in the next 14 days")
