"""What stands in `safety_plan.toml`: the structs it is read into, each right by itself."""

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, with_config

from alerts.model import Severity
from devices.catalog import Id
from devices.config import STRICT

RuleId = Annotated[str, Field(pattern=r"^[A-Z0-9]+([-_][A-Z0-9]+)*$", max_length=40)]
Text = Annotated[str, Field(min_length=1, max_length=400)]
Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]


class Area(StrEnum):
    """The ten areas of school safety (十大安全)."""

    FIRE = "fire"
    FOOD = "food"
    FACILITY = "facility"
    PROPERTY = "property"
    PERSON = "person"
    MONEY = "money"
    TRAFFIC = "traffic"
    LAB = "lab"
    NETWORK = "network"
    DORMITORY = "dormitory"


class Standing(StrEnum):
    """What a figure rests on; a figure of our own is never shown as law."""

    REGULATION = "regulation"
    STANDARD = "standard"
    PRACTICE = "practice"
    OWN_DEFAULT = "own-default"


class Days(StrEnum):
    EVERY = "every-day"
    SCHOOL = "school-days"
    OTHER = "other-days"


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both in, such as a holiday or an exception."""

    first: date
    last: date
    name: str = ""
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day that rules can name; `end` at or before `start` is on the next day."""

    start: time
    end: time
    name: Text
    name_en: str = ""
    days: Days = Days.EVERY


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Period:
    """A lesson of the timetable, on school days."""

    name: Text
    start: time
    end: time
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class CalendarFile:
    """The school's own days beside the public calendar, its windows and its periods.

    `closed` and `open` overrule the public calendar; `open` wins where both name a day.
    """

    closed: tuple[Span, ...] = ()
    open: tuple[Span, ...] = ()
    windows: dict[Id, Window] = field(default_factory=dict)
    period: tuple[Period, ...] = ()


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Role:
    """A post or office that people hold, such as the canteen's manager."""

    id: Id
    name: Text
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Contact:
    """A person (or a number such as 119) that is told or called."""

    id: Id
    name: Text
    role: Id
    phone: str = ""
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Shift:
    """A watch at a guard post; `end` at or before `start` is on the next day."""

    id: Id
    name: Text
    start: time
    end: time
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Duty:
    """Who stands at which gates in a shift; the first line that fits holds."""

    posts: tuple[str, ...]
    shift: Id
    contact: Id
    days: Days = Days.EVERY


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts go where; every route that fits is taken.

    Empty `rules`, `areas`, `severities` mean any. `to` names, for the channel `guard-post`, gates,
    `own` (the alert's own gate, every post where it has none) or `all`; for other channels roles
    or contacts.
    """

    channel: str
    to: tuple[str, ...]
    rules: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    severities: tuple[Severity, ...] = ()
    when: tuple[str, ...] = ("always",)


@with_config(STRICT)
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


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Basis:
    """What one figure of a rule rests on; `unchecked`: nobody here has read the source itself."""

    about: Text
    standing: Standing
    text: str = ""
    text_en: str = ""
    unchecked: bool = False


@with_config(STRICT)
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
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)]
    effective_from: date
    leave_out: Select | None = None
    when: tuple[str, ...] = ("always",)
    unless: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Text, ...] = ()
    steps_en: tuple[Text, ...] = ()
    call: tuple[str, ...] = ()
    superseded_by: str = ""


class Cadence(StrEnum):
    """How often an inspection round is due."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TERM = "term"
    YEAR = "year"


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Inspection:
    """A round for what no sensor sees: what people look at, how often, and who."""

    id: RuleId
    title: Text
    title_en: Text
    area: Area
    every: Cadence
    items: Annotated[tuple[Text, ...], Field(min_length=1)]
    items_en: tuple[Text, ...] = ()
    who: Id = ""
    """A role."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class PlanFile:
    """The whole safety plan."""

    title: str = ""
    calendar: CalendarFile = field(default_factory=CalendarFile)
    role: tuple[Role, ...] = ()
    contact: tuple[Contact, ...] = ()
    shift: tuple[Shift, ...] = ()
    duty: tuple[Duty, ...] = ()
    route: tuple[Route, ...] = ()
    rule: tuple[RuleFile, ...] = ()
    inspection: tuple[Inspection, ...] = ()
