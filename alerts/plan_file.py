"""What stands in `safety_plan.toml`: the structs it is read into, each right by itself."""

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from alerts.model import Severity
from alerts.plan_people import (
    Contact,
    Duty,
    Escalation,
    Heartbeat,
    Maintenance,
    Role,
    Route,
    Shift,
    Swap,
    Telling,
    Webhook,
)
from alerts.plan_words import Area, Days, RuleId, Standing, Text, Weekday
from devices.catalog_ids import Id
from devices.checking import Limits


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both in, such as a holiday or an exception."""

    first: date
    last: date
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class MakeUp:
    """A day on which lessons go by the timetable of another weekday."""

    date: date
    timetable_of: Weekday


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day that rules can name; `end` at or before `start` is on the next day."""

    start: time
    end: time
    name: Text
    name_en: str = ""
    days: Days = Days.EVERY
    weekdays: tuple[Weekday, ...] = ()
    """Only on these; empty: on all."""


@dataclass(frozen=True, slots=True)
class Period:
    """A lesson of the timetable, on school days."""

    name: Text
    start: time
    end: time
    name_en: str = ""
    weekdays: tuple[Weekday, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """The school's own days beside the public calendar, its windows and its periods.

    Outside of every `term`, where terms are given, there is no school. `closed` and `open`
    overrule terms and the public calendar; `open` wins where both name a day.
    """

    term: tuple[Span, ...] = ()
    closed: tuple[Span, ...] = ()
    open: tuple[Span, ...] = ()
    make_up: tuple[MakeUp, ...] = ()
    windows: dict[Id, Window] = field(default_factory=dict)
    period: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """Which points (or nodes) a rule watches: those that fit every line that is given.

    `points`, `rooms`, `gates` and `nodes` take `*`, as in `canteen/*/temperature`.
    """

    kinds: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    room_types: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Of kinds, such as canteen or gate."""
    buildings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What one figure of a rule rests on; `unchecked`: nobody here has read the source itself."""

    about: Text
    standing: Standing
    text: str = ""
    text_en: str = ""
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One rule: what it watches, when it counts, what is said, what is to be done."""

    id: RuleId
    kind: str
    title: Text
    title_en: Text
    area: Area
    severity: Severity
    select: Select
    text: Text
    text_en: Text
    basis: Annotated[tuple[Basis, ...], Limits(min_length=1)]
    effective_from: date
    leave_out: Select | None = None
    when: tuple[str, ...] = ("always",)
    unless: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Text, ...] = ()
    steps_en: tuple[Text, ...] = ()
    call: tuple[str, ...] = ()
    latch: bool = False
    """It is over only once somebody has been there and said how it ended."""
    superseded_by: str = ""


class Cadence(StrEnum):
    """How often an inspection round is due."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TERM = "term"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A round for what no sensor sees: what people look at, how often, and who."""

    id: RuleId
    title: Text
    title_en: Text
    area: Area
    every: Cadence
    items: Annotated[tuple[Text, ...], Limits(min_length=1)]
    items_en: tuple[Text, ...] = ()
    who: Id = ""
    """A role."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The whole safety plan."""

    title: str = ""
    calendar: CalendarFile = field(default_factory=CalendarFile)
    role: tuple[Role, ...] = ()
    contact: tuple[Contact, ...] = ()
    shift: tuple[Shift, ...] = ()
    duty: tuple[Duty, ...] = ()
    swap: tuple[Swap, ...] = ()
    route: tuple[Route, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    webhook: tuple[Webhook, ...] = ()
    heartbeat: Heartbeat | None = None
    telling: Telling = field(default_factory=Telling)
    maintenance: Maintenance = field(default_factory=Maintenance)
    rule: tuple[RuleFile, ...] = ()
    inspection: tuple[Inspection, ...] = ()
