"""What a table of the plan cannot know of the others and of the site: every mistake."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, get_args, get_type_hints

from alerts.calendar import CONDITIONS
from alerts.channel import CHANNELS, Receivers
from alerts.plan_file import CalendarFile, Inspection, PlanFile, RuleFile, Select, Window
from alerts.plan_people import (
    Contact,
    Duty,
    Escalation,
    Role,
    Route,
    Shift,
    Step,
    Swap,
    Target,
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

_Finding = tuple[str, str, str]
"""Where, what, remedy."""


@dataclass(frozen=True, slots=True)
class Names:
    """The ids that a file gives, also those of tables with mistakes in them."""

    roles: frozenset[str]
    contacts: frozenset[str]
    shifts: frozenset[str]
    rules: frozenset[str]
    conditions: frozenset[str]
    routes: int
    """How many routes there are, with those that have mistakes."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Names":
        roles, contacts, shifts, rules = (
            _ids(data.get(name)) for name in ("role", "contact", "shift", "rule")
        )
        conditions = frozenset((*CONDITIONS, *_table(_table(data, "calendar"), "windows")))
        routes = data.get("route")
        count = len(routes) if isinstance(routes, list) else 0
        return cls(roles, contacts, shifts, rules, conditions, count)

    @property
    def people(self) -> frozenset[str]:
        return self.roles | self.contacts


def _ids(rows: Any) -> frozenset[str]:
    rows = rows if isinstance(rows, list) else []
    return frozenset(str(row.get("id")) for row in rows if isinstance(row, dict))


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, dict) else {}


_LISTS: Mapping[str, type[Any]] = {
    "role": Role, "contact": Contact, "shift": Shift, "duty": Duty, "swap": Swap, "route": Route,
    "escalation": Escalation, "webhook": Webhook, "rule": RuleFile, "inspection": Inspection,
}  # fmt: skip


def sound_part(data: Mapping[str, Any]) -> PlanFile:
    """What can be read of a file with mistakes, so that the rest is checked in the same run."""
    tables = _table(_table(data, "calendar"), "windows").items()
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
        *_people(file, names, site), *_calendar(file), *_routes(file, names, site)
    )  # fmt: skip
    for finding in findings:
        yield Problem(name, *finding)
    for rule in file.rule:
        here = f'rule "{rule.id}"'
        for where, what, remedy in _rule(rule, file, names, site):
            yield Problem(name, f"{here}.{where}" if where else here, what, remedy)
        if rule.kind in RULES:
            yield from _options(rule, name, here)


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


def nearest(word: str, known: Iterable[str]) -> str:
    """Did you mean …, or what there is."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "use " + ", ".join(words[:12]) if words else "there is none"


def _unknown(where: str, word: str, what: str, known: Iterable[str]) -> _Finding:
    return where, f"there is no {what} {word!r}", nearest(word, known)


# --- people, calendar, routes --------------------------------------------------------------


def _people(file: PlanFile, names: Names, site: Site) -> Iterator[_Finding]:
    named: list[tuple[str, Sequence[Any]]] = [
        ("role", file.role), ("contact", file.contact), ("shift", file.shift), ("rule", file.rule),
        ("inspection", file.inspection),
    ]  # fmt: skip
    for what, items in named:
        for id, count in Counter(item.id for item in items).items():
            if count > 1:
                yield f'{what} "{id}"', f"stands {count} times", "give each its own id"
    for contact in file.contact:
        if contact.role not in names.roles:
            yield _unknown(f'contact "{contact.id}".role', contact.role, "role", names.roles)
    for round in file.inspection:
        if round.who and round.who not in names.roles:
            yield _unknown(f'inspection "{round.id}".who', round.who, "role", names.roles)
    for both in sorted(names.roles & names.contacts):
        yield f'contact "{both}"', "is a role's id too", "give it another id"
    posts = {*(gate.id for gate in site.gates), *names.roles}
    lines: list[tuple[str, Duty | Swap]]
    lines = [(f"duty[{number}]", duty) for number, duty in enumerate(file.duty, 1)]
    lines += [(f"swap[{number}]", swap) for number, swap in enumerate(file.swap, 1)]
    for where, duty in lines:
        if isinstance(duty, Swap) and duty.last < duty.first:
            yield where, "ends before it begins", "swap the two dates"
        if duty.shift not in names.shifts:
            yield _unknown(f"{where}.shift", duty.shift, "shift", names.shifts)
        if duty.contact not in names.contacts:
            yield _unknown(f"{where}.contact", duty.contact, "contact", names.contacts)
        for post in duty.posts:
            if post != "*" and post not in posts:
                yield _unknown(f"{where}.posts", post, "gate or role", posts)


def _calendar(file: PlanFile) -> Iterator[_Finding]:
    calendar = file.calendar
    named = (("term", calendar.term), ("closed", calendar.closed), ("open", calendar.open))
    for what, spans in named:
        for number, span in enumerate(spans, 1):
            if span.last < span.first:
                yield f"calendar.{what}[{number}]", "ends before it begins", "swap the two dates"
    for id, window in file.calendar.windows.items():
        if window.start == window.end:
            yield f"calendar.windows.{id}", "has no length", "mend start or end"
        if id in CONDITIONS:
            yield f"calendar.windows.{id}", "is a word of the plan's own", "choose another id"


def _routes(file: PlanFile, names: Names, site: Site) -> Iterator[_Finding]:
    for number, route in enumerate(file.route, 1):
        where = f"route[{number}]"
        yield from _target(where, route, file, names, site)
        if route.fallback is not None:
            yield from _target(f"{where}.fallback", route.fallback, file, names, site)
        yield from _filter(where, route, names)
    for number, escalation in enumerate(file.escalation, 1):
        where = f"escalation[{number}]"
        yield from _filter(where, escalation, names)
        times = [step.after_s for step in escalation.step]
        if times != sorted(set(times)):
            yield f"{where}.step", "the steps do not come one after the other", "order by `after_s`"
        for place, step in enumerate(escalation.step, 1):
            yield from _target(f"{where}.step[{place}]", step, file, names, site)


def _target(
    where: str, target: Route | Target | Step, file: PlanFile, names: Names, site: Site
) -> Iterator[_Finding]:
    """A channel and whom it can tell."""
    if target.channel not in CHANNELS:
        yield _unknown(f"{where}.channel", target.channel, "channel", CHANNELS)
        return
    known: Iterable[str]
    match CHANNELS[target.channel].receivers:
        case Receivers.POSTS:
            known = {"own", "all", *(gate.id for gate in site.gates)}
        case Receivers.WEBHOOKS:
            known = {hook.id for hook in file.webhook}
        case Receivers.ALL:
            known = {"all"}
        case _:
            known = names.people
    for to in target.to:
        if to not in known:
            yield _unknown(f"{where}.to", to, "receiver", known)
    if not target.to:
        yield f"{where}.to", "names nobody", "name at least one receiver"


def _filter(where: str, way: Route | Escalation, names: Names) -> Iterator[_Finding]:
    for pattern in way.rules:
        if not any(fnmatchcase(id, pattern) for id in names.rules):
            yield _unknown(f"{where}.rules", pattern, "rule", names.rules)
    yield from _conditions(f"{where}.when", way.when, names)


def _conditions(where: str, words: Sequence[str], names: Names) -> Iterator[_Finding]:
    for word in words:
        if word not in names.conditions:
            yield _unknown(where, word, "calendar condition or window", names.conditions)


def fits(route: Route | Escalation, rule: RuleFile) -> bool:
    """Whether a route or escalation is for a rule's alerts, whatever their severity and time."""
    return (not route.rules or any(fnmatchcase(rule.id, p) for p in route.rules)) and (
        not route.areas or rule.area in route.areas
    )


# --- rules ---------------------------------------------------------------------------------


def _rule(rule: RuleFile, file: PlanFile, names: Names, site: Site) -> Iterator[_Finding]:
    if rule.kind not in RULES:
        yield _unknown("kind", rule.kind, "rule kind", RULES)
    elif (
        RULES[rule.kind].outcome is Outcome.ALERT
        and len(file.route) == names.routes
        and not any(
            fits(route, rule) and rule.severity in (route.severities or [rule.severity])
            for route in file.route
        )
    ):
        yield "", "no route leads its alerts to anybody", "add a [[route]] that fits it"
    yield from _conditions("when", rule.when, names)
    yield from _conditions("unless", rule.unless, names)
    for person in rule.call:
        if person not in names.people:
            yield _unknown("call", person, "role or contact", names.people)
    yield from _templates(rule)
    if rule.superseded_by and rule.superseded_by not in names.rules:
        yield _unknown("superseded_by", rule.superseded_by, "rule", names.rules)
    yield from _select("select", rule.select, site)
    if rule.leave_out is not None:
        yield from _select("leave_out", rule.leave_out, site)
    if rule.kind in RULES:
        yield from _value_types(rule, site)


def _templates(rule: RuleFile) -> Iterator[_Finding]:
    steps = [("steps", text) for text in rule.steps] + [("steps_en", t) for t in rule.steps_en]
    for where, template in (("text", rule.text), ("text_en", rule.text_en), *steps):
        known = STEP_FIELDS if where.startswith("steps") else FIELDS
        try:
            for name in fields_of(template) - known.keys():
                yield _unknown(where, name, "field", known)
        except ValueError as error:
            yield where, f"its braces are wrong: {error}", "write {place}, {point} …"


def _select(where: str, select: Select, site: Site) -> Iterator[_Finding]:
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
                yield _unknown(f"{where}.{name}", pattern, what, known)
    if not any(patterns for _, patterns, _, _ in lists):
        yield where, "selects nothing", 'give kinds, points, rooms, gates or nodes = ["*"]'


def _value_types(rule: RuleFile, site: Site) -> Iterator[_Finding]:
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
