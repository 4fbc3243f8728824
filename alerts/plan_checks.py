"""What a table of the plan cannot know of the others and of the site: every mistake."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from alerts.calendar import Calendar
from alerts.channel import CHANNELS
from alerts.plan_file import PlanFile, Route, RuleFile, Select
from alerts.rule import RULES, Outcome, Watches
from alerts.wording import FIELDS, fields_of
from devices.catalog import Point, Site
from devices.config import parse
from devices.errors import Problem
from devices.kinds import KINDS
from devices.model import PlaceId, PointId

_Finding = tuple[str, str, str]
"""Where, what, remedy."""


def mistakes(name: str, file: PlanFile, site: Site, calendar: Calendar) -> Iterator[Problem]:
    """Every mistake of a plan whose single tables are right; `name` is the file's."""
    for finding in (*_people(file, site), *_calendar(file), *_routes(file, site, calendar)):
        yield Problem(name, *finding)
    for rule in file.rule:
        here = f'rule "{rule.id}"'
        for where, what, remedy in _rule(rule, file, site, calendar):
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
    words = list(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "use " + ", ".join(words[:12]) if words else "there is none"


def _unknown(where: str, word: str, what: str, known: Iterable[str]) -> _Finding:
    return where, f"there is no {what} {word!r}", nearest(word, known)


# --- people, calendar, routes --------------------------------------------------------------


def _people(file: PlanFile, site: Site) -> Iterator[_Finding]:
    named: list[tuple[str, Sequence[Any]]] = [
        ("role", file.role), ("contact", file.contact), ("shift", file.shift), ("rule", file.rule),
    ]  # fmt: skip
    for what, items in named:
        for id, count in Counter(item.id for item in items).items():
            if count > 1:
                yield f'{what} "{id}"', f"stands {count} times", "give each its own id"
    roles = {role.id for role in file.role}
    contacts = {contact.id for contact in file.contact}
    for contact in file.contact:
        if contact.role not in roles:
            yield _unknown(f'contact "{contact.id}".role', contact.role, "role", roles)
    for both in sorted(roles & contacts):
        yield f'contact "{both}"', "is a role's id too", "give it another id"
    shifts = {shift.id for shift in file.shift}
    gates = {gate.id for gate in site.gates}
    for number, duty in enumerate(file.duty, 1):
        where = f"duty[{number}]"
        if duty.shift not in shifts:
            yield _unknown(f"{where}.shift", duty.shift, "shift", shifts)
        if duty.contact not in contacts:
            yield _unknown(f"{where}.contact", duty.contact, "contact", contacts)
        for post in duty.posts:
            if post != "*" and post not in gates:
                yield _unknown(f"{where}.posts", post, "gate", gates)


def _calendar(file: PlanFile) -> Iterator[_Finding]:
    for what, spans in (("closed", file.calendar.closed), ("open", file.calendar.open)):
        for number, span in enumerate(spans, 1):
            if span.last < span.first:
                yield f"calendar.{what}[{number}]", "ends before it begins", "swap the two dates"
    for id, window in file.calendar.windows.items():
        if window.start == window.end:
            yield f"calendar.windows.{id}", "has no length", "mend start or end"
        if id in ("always", "school-day", "no-school-day"):
            yield f"calendar.windows.{id}", "is a word of the plan's own", "choose another id"


def _routes(file: PlanFile, site: Site, calendar: Calendar) -> Iterator[_Finding]:
    people = {role.id for role in file.role} | {contact.id for contact in file.contact}
    gates = {gate.id for gate in site.gates}
    ids = [rule.id for rule in file.rule]
    for number, route in enumerate(file.route, 1):
        where = f"route[{number}]"
        if route.channel not in CHANNELS:
            yield _unknown(f"{where}.channel", route.channel, "channel", CHANNELS)
            continue
        known = {"own", "all", *gates} if CHANNELS[route.channel].to_posts else people
        for to in route.to:
            if to not in known:
                yield _unknown(f"{where}.to", to, "receiver", known)
        for pattern in route.rules:
            if not any(fnmatchcase(id, pattern) for id in ids):
                yield _unknown(f"{where}.rules", pattern, "rule", ids)
        yield from _conditions(f"{where}.when", route.when, calendar)


def _conditions(where: str, words: Sequence[str], calendar: Calendar) -> Iterator[_Finding]:
    for word in words:
        if word not in calendar.conditions:
            yield _unknown(where, word, "calendar condition or window", calendar.conditions)


def fits(route: Route, rule: RuleFile) -> bool:
    """Whether a route is for a rule's alerts, whatever their severity and time."""
    return (not route.rules or any(fnmatchcase(rule.id, p) for p in route.rules)) and (
        not route.areas or rule.area in route.areas
    )


# --- rules ---------------------------------------------------------------------------------


def _rule(rule: RuleFile, file: PlanFile, site: Site, calendar: Calendar) -> Iterator[_Finding]:
    people = {role.id for role in file.role} | {contact.id for contact in file.contact}
    if rule.kind not in RULES:
        yield _unknown("kind", rule.kind, "rule kind", RULES)
    elif RULES[rule.kind].outcome is Outcome.ALERT and not any(
        fits(route, rule) and rule.severity in (route.severities or [rule.severity])
        for route in file.route
    ):
        yield "", "no route leads its alerts to anybody", "add a [[route]] that fits it"
    yield from _conditions("when", rule.when, calendar)
    yield from _conditions("unless", rule.unless, calendar)
    for person in rule.call:
        if person not in people:
            yield _unknown("call", person, "role or contact", people)
    for where, template in (("text", rule.text), ("text_en", rule.text_en)):
        try:
            for name in fields_of(template) - FIELDS.keys():
                yield _unknown(where, name, "field", FIELDS)
        except ValueError as error:
            yield where, f"its braces are wrong: {error}", "write {value}, {place} …"
    if rule.superseded_by and rule.superseded_by not in {r.id for r in file.rule}:
        ids = [r.id for r in file.rule]
        yield _unknown("superseded_by", rule.superseded_by, "rule", ids)
    yield from _select("select", rule.select, site)
    if rule.leave_out is not None:
        yield from _select("leave_out", rule.leave_out, site)
    if rule.kind in RULES:
        yield from _value_types(rule, site)


def _select(where: str, select: Select, site: Site) -> Iterator[_Finding]:
    gates = {gate.id for gate in site.gates}
    rooms = [place for place in site.places if place not in gates]
    types = sorted({place.type for place in site.places.values()})
    lists: list[tuple[str, Sequence[str], Iterable[str], str]] = [
        ("kinds", select.kinds, KINDS, "kind"),
        ("points", select.points, site.points, "point"),
        ("rooms", select.rooms, rooms, "room"),
        ("gates", select.gates, gates, "gate"),
        ("nodes", select.nodes, site.nodes, "node"),
        ("room_types", select.room_types, types, "room type on this site"),
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


def selected(rule: RuleFile, site: Site, watches: Watches) -> tuple[str, ...]:
    """The ids that a rule watches on this site, in the site file's order."""
    if watches is Watches.NODES:
        items = [(node.id, node.id, node.room, "", "") for node in site.nodes.values()]
    else:
        items = [_item(point) for point in site.points.values()]
    return tuple(
        item[0]
        for item in items
        if _matches(rule.select, item, site)
        and not (rule.leave_out is not None and _matches(rule.leave_out, item, site))
    )


_Item = tuple[str, str, str, str, str]
"""Key, node, room, point ("" for a node), kind ("" for a node)."""


def _item(point: Point) -> _Item:
    return point.id, point.node, point.room, point.id, point.kind


def _matches(select: Select, item: _Item, site: Site) -> bool:
    _, node, room, point, kind = item
    place = site.places[PlaceId(room)]
    is_gate = place.type.endswith("-gate")

    def fits_any(patterns: Sequence[str], value: str) -> bool:
        return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)

    return (
        fits_any(select.kinds, kind)
        and fits_any(select.points, point)
        and (not select.rooms or (not is_gate and fits_any(select.rooms, room)))
        and (not select.gates or (is_gate and fits_any(select.gates, room)))
        and fits_any(select.nodes, node)
        and fits_any(select.room_types, place.type)
    )
