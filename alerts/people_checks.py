"""What is wrong between a plan's people, calendar, routes and escalations: every mistake; pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from alerts.calendar import CONDITIONS
from alerts.channel import CHANNELS, Receivers
from alerts.plan_file import PlanFile
from alerts.plan_names import Finding, Names, conditions, unknown
from alerts.plan_people import Duty, Escalation, Route, Step, Swap, Target
from devices.catalog import Site


def people(file: PlanFile, names: Names, site: Site) -> Iterator[Finding]:
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
            yield unknown(f'contact "{contact.id}".role', contact.role, "role", names.roles)
    for round in file.inspection:
        if round.who and round.who not in names.roles:
            yield unknown(f'inspection "{round.id}".who', round.who, "role", names.roles)
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
            yield unknown(f"{where}.shift", duty.shift, "shift", names.shifts)
        if duty.contact not in names.contacts:
            yield unknown(f"{where}.contact", duty.contact, "contact", names.contacts)
        for post in duty.posts:
            if post != "*" and post not in posts:
                yield unknown(f"{where}.posts", post, "gate or role", posts)


def calendar(file: PlanFile) -> Iterator[Finding]:
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


def routes(file: PlanFile, names: Names, site: Site) -> Iterator[Finding]:
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
) -> Iterator[Finding]:
    """A channel and whom it can tell."""
    if target.channel not in CHANNELS:
        yield unknown(f"{where}.channel", target.channel, "channel", CHANNELS)
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
            yield unknown(f"{where}.to", to, "receiver", known)
    if not target.to:
        yield f"{where}.to", "names nobody", "name at least one receiver"


def _filter(where: str, way: Route | Escalation, names: Names) -> Iterator[Finding]:
    for pattern in way.rules:
        if not any(fnmatchcase(id, pattern) for id in names.rules):
            yield unknown(f"{where}.rules", pattern, "rule", names.rules)
    yield from conditions(f"{where}.when", way.when, names)
