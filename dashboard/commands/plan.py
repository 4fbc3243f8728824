"""`campus plan`: is the safety plan right, and when is a rule at work."""

import argparse
import json
from datetime import timedelta

from dashboard.commands.place import add_place_options, workplace
from devices.errors import CampusError

PREVIEW = timedelta(days=14)


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = verbs.add_parser("plan", help="the safety plan").add_subparsers(
        dest="what", required=True, metavar="check|when"
    )
    check = plan.add_parser("check", help="lists every mistake in the plan")
    add_place_options(check)
    check.add_argument("--json", action="store_true", help="one JSON object, for programs")
    check.set_defaults(run=run_check)
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


def run_when(args: argparse.Namespace) -> None:
    from alerts.plan import load_plan

    place = workplace(args)
    plan = load_plan(place.plan, place.site)
    rule = plan.rule(args.rule)
    if rule is None:
        known = ", ".join(rule.file.id for rule in plan.rules)
        raise CampusError(f"the plan has no rule {args.rule!r}; it has {known}")
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
