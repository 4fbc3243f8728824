"""What a table of the plan cannot know of the others and of the site: every mistake."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, get_args, get_type_hints

from alerts.people_checks import calendar, people, routes
from alerts.plan_file import CalendarFile, Inspection, PlanFile, RuleFile, Select, Window
from alerts.plan_names import Finding, Names, conditions, fits, table_of, unknown
from alerts.plan_people import (
    Contact,
    Duty,
    Escalation,
    Role,
    Route,
    Shift,
    Swap,
    Webhook,
)
from alerts.rule import RULES, Outcome, Watches
from alerts.selection import selected
from alerts.wording import FIELDS, STEP_FIELDS, fields_of
from devices.catalog import Place, Site
from devices.config import parse
from devices.errors import Problem
from devices.kinds import KINDS
from devices.model import PointId

_LISTS: Mapping[str, type[Any]] = {
    "role": Role, "contact": Contact, "shift": Shift, "duty": Duty, "swap": Swap, "route": Route,
    "escalation": Escalation, "webhook": Webhook, "rule": RuleFile, "inspection": Inspection,
}  # fmt: skip


def sound_part(data: Mapping[str, Any]) -> PlanFile:
    """What can be read of a file with mistakes, so that the rest is checked in the same run."""
    tables = table_of(table_of(data, "calendar"), "windows").items()
    windows = {
        id: window
        for id, table in tables
        if isinstance(table, dict) and (window := parse(Window, table, "")[0]) is not None
    }
    lists: dict[str, Any] = {}
    for name, cls in _LISTS.items():
        rows = data.get(name)
        found = [
            parse(cls, row, "")[0]
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict)
        ]
        lists[name] = tuple(item for item in found if item is not None)
    return PlanFile(calendar=CalendarFile(windows=windows), **lists)


def mistakes(name: str, file: PlanFile, names: Names, site: Site) -> Iterator[Problem]:
    """What is wrong between the tables of a plan; `name` is the file's."""
    findings = (
        *people(file, names, site), *calendar(file), *routes(file, names, site)
    )  # fmt: skip
    for finding in findings:
        yield Problem(name, *finding)
    for rule in file.rule:
        here = f'rule "{rule.id}"'
        for where, what, remedy in _rule(rule, file, names, site):
            yield Problem(name, f"{here}.{where}" if where else here, what, remedy)
        if rule.kind in RULES:
            yield from _options(rule, name, here)


def loose_options(name: str, data: Mapping[str, Any], sound: PlanFile) -> Iterator[Problem]:
    """Mistakes in the options of rules that have others too, so that all come in one run."""
    read = {rule.id for rule in sound.rule}
    rows = data.get("rule")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("id") in read or row.get("kind") not in RULES:
            continue
        options = row.get("options", {})
        if isinstance(options, dict):
            where = f'rule "{row.get("id")}".options'
            yield from parse(RULES[row["kind"]].Options, options, name, where)[1]


def options_of(rule: RuleFile, name: str) -> tuple[Any, list[Problem]]:
    """The checked options of a rule of a known kind, or None with the problems."""
    return parse(RULES[rule.kind].Options, rule.options, name, f'rule "{rule.id}".options')


def _options(rule: RuleFile, name: str, here: str) -> Iterator[Problem]:
    options, problems = options_of(rule, name)
    yield from problems
    kinds = [KINDS[kind] for kind in rule.select.kinds if kind in KINDS]
    if options is not None:
        for what, remedy in RULES[rule.kind].mistakes(options, kinds):
            yield Problem(name, f"{here}.options", what, remedy)


# --- rules ---------------------------------------------------------------------------------


def _rule(rule: RuleFile, file: PlanFile, names: Names, site: Site) -> Iterator[Finding]:
    if rule.kind not in RULES:
        yield unknown("kind", rule.kind, "rule kind", RULES)
    elif (
        RULES[rule.kind].outcome is Outcome.ALERT
        and len(file.route) == names.routes
        and not any(
            fits(route, rule) and rule.severity in (route.severities or [rule.severity])
            for route in file.route
        )
    ):
        yield "", "no route leads its alerts to anybody", "add a [[route]] that fits it"
    yield from conditions("when", rule.when, names)
    yield from conditions("unless", rule.unless, names)
    for person in rule.call:
        if person not in names.people:
            yield unknown("call", person, "role or contact", names.people)
    yield from _templates(rule)
    if rule.superseded_by and rule.superseded_by not in names.rules:
        yield unknown("superseded_by", rule.superseded_by, "rule", names.rules)
    yield from _select("select", rule.select, site)
    if rule.leave_out is not None:
        yield from _select("leave_out", rule.leave_out, site)
    if rule.kind in RULES:
        yield from _value_types(rule, site)


def _templates(rule: RuleFile) -> Iterator[Finding]:
    steps = [("steps", text) for text in rule.steps] + [("steps_en", t) for t in rule.steps_en]
    for where, template in (("text", rule.text), ("text_en", rule.text_en), *steps):
        known = STEP_FIELDS if where.startswith("steps") else FIELDS
        try:
            for name in fields_of(template) - known.keys():
                yield unknown(where, name, "field", known)
        except ValueError as error:
            yield where, f"its braces are wrong: {error}", "write {place}, {point} …"


def _select(where: str, select: Select, site: Site) -> Iterator[Finding]:
    gates = {gate.id for gate in site.gates}
    rooms = [place for place in site.places if place not in gates]
    types = get_args(get_type_hints(Place)["type"])
    lists: list[tuple[str, Sequence[str], Iterable[str], str]] = [
        ("kinds", select.kinds, KINDS, "kind"),
        ("points", select.points, site.points, "point"),
        ("rooms", select.rooms, rooms, "room"),
        ("gates", select.gates, gates, "gate"),
        ("nodes", select.nodes, site.nodes, "node"),
        ("room_types", select.room_types, types, "room type"),
        ("groups", select.groups, {kind.group for kind in KINDS.values()}, "group of kinds"),
        ("buildings", select.buildings, site.buildings, "building"),
    ]
    for name, patterns, known, what in lists:
        for pattern in patterns:
            if pattern != "*" and not any(fnmatchcase(id, pattern) for id in known):
                yield unknown(f"{where}.{name}", pattern, what, known)
    if not any(patterns for _, patterns, _, _ in lists):
        yield where, "selects nothing", 'give kinds, points, rooms, gates or nodes = ["*"]'


def _value_types(rule: RuleFile, site: Site) -> Iterator[Finding]:
    kind = RULES[rule.kind]
    if not kind.value_types or kind.watches is not Watches.POINTS:
        return
    for key in selected(rule, site, Watches.POINTS):
        found = site.kinds[PointId(key)]
        if found.value_type not in kind.value_types:
            wanted = " or ".join(kind.value_types)
            yield ("select", f"{key} gives a {found.value_type}, {rule.kind} needs a {wanted}",
                   "select by `kinds`")  # fmt: skip
            return
