"""The safety plan: `load_plan` reads and checks it, `Plan` answers questions about it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from alerts.calendar import Calendar, within
from alerts.model import Alert, Severity
from alerts.plan_checks import loose_options, mistakes, options_of, sound_part
from alerts.plan_file import PlanFile, RuleFile
from alerts.plan_names import Names, fits
from alerts.plan_people import Contact, Duty, Escalation, Route, Step, Swap
from alerts.plan_words import Days
from alerts.rule import RULES, Outcome, Rule, Watches
from alerts.selection import selected
from devices.catalog import Site
from devices.config import parse, read_toml
from devices.errors import ConfigError, Problem
from devices.model import NodeId, PlaceId, PointId
from devices.toml_lines import with_lines

GUARDS = "guard"
"""The role of those who stand at gates: of it those on duty at any gate are told."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that a chart draws; `side` is "above" or "below", `unit` the kind's."""

    value: float
    side: str
    severity: Severity
    rule: str
    label: str
    label_en: str
    unit: str


@dataclass(frozen=True)
class Plan:
    """A checked plan for one site. `version` changes with every change of the file."""

    path: Path
    version: str
    file: PlanFile
    site: Site
    calendar: Calendar
    rules: tuple[Rule, ...]
    _keys: Mapping[str, tuple[str, ...]] = field(repr=False)

    def rule(self, id: str) -> Rule | None:
        """The rule of that id, None where the plan has none."""
        return self._by_id.get(id)

    def only(self, id: str) -> "Plan":
        """The same plan with one rule at work."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.file.id == id))

    def with_hold(self, id: str, hold_s: float) -> "Plan":
        """The same plan with another hold time of one rule. Raises ConfigError where its kind
        knows none."""
        rules = list(self.rules)
        for place, rule in enumerate(rules):
            if rule.file.id == id:
                options = {**rule.file.options, "hold_s": hold_s}
                rules[place] = make_rule(
                    replace(rule.file, options=options), self.site, self.calendar
                )
        return replace(self, rules=tuple(rules))

    @cached_property
    def _by_id(self) -> Mapping[str, Rule]:
        return {rule.file.id: rule for rule in self.rules}

    def keys(self, rule: Rule) -> tuple[str, ...]:
        """The points (or nodes) that a rule watches."""
        return self._keys[rule.file.id]

    def on(self, site: Site) -> "Plan":
        """The same plan on another site."""
        file = replace(self.file, rule=tuple(rule.file for rule in self.rules))
        return _at_work(self.path, self.version, file, site)

    @cached_property
    def _by_point(self) -> Mapping[str, tuple[Rule, ...]]:
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            if rule.watches is Watches.POINTS:
                for key in rule.selected:
                    found.setdefault(key, []).append(rule)
        return {key: tuple(rules) for key, rules in found.items()}

    def rules_for(self, point: PointId) -> tuple[Rule, ...]:
        """The rules that judge a point; found without looking at the others."""
        return self._by_point.get(point, ())

    def limits_for(self, point: PointId) -> tuple[Limit, ...]:
        """The limits of a point, for its chart."""
        unit = self.site.kinds[point].unit if point in self.site.kinds else ""
        return tuple(
            Limit(bound.value, bound.side, bound.severity, rule.file.id, rule.file.title,
                  rule.file.title_en, unit)
            for rule in self.rules_for(point)
            if rule.outcome is Outcome.ALERT
            for bound in rule.bounds()
        )  # fmt: skip

    def routes_of(self, alert: Alert, at: datetime) -> Iterator[Route]:
        """Every route that is at work for an alert then."""
        return (route for route in self.file.route if self._leads(route, alert, at))

    def escalation_of(self, alert: Alert, at: datetime) -> tuple[Step, ...]:
        """The steps that an alert climbs while nobody answers; none where no escalation fits."""
        for escalation in self.file.escalation:
            if self._leads(escalation, alert, at):
                return escalation.step
        return ()

    def _leads(self, way: Route | Escalation, alert: Alert, at: datetime) -> bool:
        rule = self.rule(alert.rule)
        return (
            rule is not None
            and fits(way, rule.file)
            and alert.severity in (way.severities or (alert.severity,))
            and self.calendar.active(way.when, (), at)
        )

    # --- people --------------------------------------------------------------------------

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        return {contact.id: contact for contact in self.file.contact}

    def on_duty(self, post: str, at: datetime) -> Contact | None:
        """Who stands at a gate by the roster; None where the roster has nobody."""
        duty = next(self._duties(post, at), None)
        return self.contacts[duty.contact] if duty else None

    def _duties(self, post: str, at: datetime, anywhere: bool = True) -> Iterator[Duty | Swap]:
        """The lines of the roster that fit; what is swapped for once comes first."""
        shifts = {shift.id: shift for shift in self.file.shift}
        local = self.calendar.local(at)
        lines: tuple[Duty | Swap, ...] = (*self.file.swap, *self.file.duty)
        for duty in lines:
            if post not in duty.posts and not (anywhere and "*" in duty.posts):
                continue
            shift = shifts[duty.shift]
            on = within(shift.start, shift.end, local)
            if on is not None and self._on_day(duty, on):
                yield duty

    def _on_day(self, duty: Duty | Swap, on: date) -> bool:
        if isinstance(duty, Swap):
            return duty.first <= on <= duty.last
        return duty.days is Days.EVERY or self.calendar.day(on).school is (duty.days is Days.SCHOOL)

    def people_on_duty(self, name: str, at: datetime) -> tuple[Contact, ...]:
        """Whom a route's word means then: a contact, or of a role who is on duty; everyone of it
        where the roster does not tell."""
        if name in self.contacts:
            return (self.contacts[name],)
        for duty in self._duties(name, at, anywhere=False):
            return (self.contacts[duty.contact],)
        people = self.people([name])
        if name == GUARDS:
            on = [self.on_duty(gate.id, at) for gate in self.site.gates]
            people = tuple({c.id: c for c in on if c is not None}.values()) or people
        return people

    def people(self, names: Sequence[str]) -> tuple[Contact, ...]:
        """The contacts that `names` mean: a contact's id, or everyone of a role."""
        found: dict[str, Contact] = {}
        for name in names:
            if name in self.contacts:
                found[name] = self.contacts[name]
            found |= {c.id: c for c in self.file.contact if c.role == name}
        return tuple(found.values())

    def role_name(self, role: str) -> tuple[str, str]:
        """A role in Chinese and English."""
        named = next((r for r in self.file.role if r.id == role), None)
        return (named.name, named.name_en or named.name) if named else (role, role)

    def place_of(self, key: str) -> PlaceId:
        """The room or gate of a point or of a node."""
        point = self.site.points.get(PointId(key))
        return PlaceId(point.room if point else self.site.nodes[NodeId(key)].room)


def read_plan(path: Path) -> tuple[PlanFile | None, list[Problem]]:
    """The plan's tables, each by itself, without a site to hold them against."""
    try:
        data = read_toml(path)
        file, problems = parse(PlanFile, data, path.name)
        return file, with_lines(problems, path, data)
    except ConfigError as error:
        return None, list(error.problems)


def load_plan(path: Path, site: Site) -> Plan:
    """The plan in `path` for `site`. Raises ConfigError with every mistake in it."""
    data = read_toml(path)
    file, problems = read_plan(path)
    sound = file if file is not None else sound_part(data)
    problems += mistakes(path.name, sound, Names.of(data), site)
    problems += loose_options(path.name, data, sound)
    if file is None or problems:
        raise ConfigError(with_lines(problems, path, data))
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return _at_work(path, version, file, site)


def _at_work(path: Path, version: str, file: PlanFile, site: Site) -> Plan:
    calendar = Calendar(file.calendar, site.timezone)
    rules = tuple(make_rule(rule, site, calendar) for rule in file.rule)
    keys = {
        rule.file.id: tuple(dict.fromkeys(rule.key_of(point) for point in rule.selected))
        if rule.watches is Watches.POINTS
        else rule.selected
        for rule in rules
    }
    return Plan(path, version, file, site, calendar, rules, keys)


def make_rule(file: RuleFile, site: Site, calendar: Calendar) -> Rule:
    """The rule at work. Raises ConfigError where its options are wrong."""
    kind = RULES[file.kind]
    options, problems = options_of(file, "")
    if problems:
        raise ConfigError(problems)
    rule = kind(file, options, site, calendar)
    rule.selected = selected(file, site, rule.watches)
    return rule
