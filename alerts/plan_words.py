"""The words that tables of `safety_plan.toml` share: areas, standings, days, kinds of text."""

from enum import StrEnum
from typing import Annotated

from devices.checking import Limits

RuleId = Annotated[str, Limits(pattern=r"^[A-Z0-9]+([-_][A-Z0-9]+)*$", max_length=40)]
Text = Annotated[str, Limits(min_length=1, max_length=400)]
Seconds = Annotated[float, Limits(ge=0, le=7 * 86400)]
Secret = Annotated[str, Limits(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")]
"""Where a secret is to be found: `env:NAME`, or `file:PATH` beside the plan; never the secret."""


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


class Weekday(StrEnum):
    """In the order of `date.weekday()`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
