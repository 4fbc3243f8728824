"""What `safety_plan.toml` says of people and of telling them, as the structs it is read into."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Annotated

from alerts.model import Severity
from alerts.orderlife import Patience
from alerts.plan_words import Area, Days, Seconds, Secret, Text
from devices.catalog_ids import Id
from devices.checking import Limits


@dataclass(frozen=True, slots=True)
class Role:
    """A post or office that people hold, such as the canteen's manager."""

    id: Id
    name: Text
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person (or a number such as 119) that is told or called."""

    id: Id
    name: Text
    role: Id
    phone: str = ""
    name_en: str = ""
    apprise: tuple[Secret, ...] = ()
    """Where the addresses lie at which Apprise reaches them (WeCom, DingTalk, mail, SMS …)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A watch at a guard post; `end` at or before `start` is on the next day."""

    id: Id
    name: Text
    start: time
    end: time
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """Who stands at which gates in a shift; the first line that fits holds.

    `posts` may name a role too: then only who is on duty of it is told.
    """

    posts: tuple[str, ...]
    shift: Id
    contact: Id
    days: Days = Days.EVERY


@dataclass(frozen=True, slots=True)
class Swap:
    """For once somebody else: from `first` to `last`, both in, by the day a shift begins on."""

    first: date
    last: date
    shift: Id
    contact: Id
    posts: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Target:
    """A way of telling and who is told; see Route."""

    channel: str
    to: tuple[str, ...]


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
    fallback: Target | None = None
    """Told instead where this way fails for good, or for `fallback_after_s`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an escalation: told so long after it called, if nobody has answered."""

    after_s: Seconds
    channel: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Which alerts climb, and how; the first that fits an alert holds. Filters as a Route's."""

    step: Annotated[tuple[Step, ...], Limits(min_length=1)]
    rules: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    severities: tuple[Severity, ...] = ()
    when: tuple[str, ...] = ("always",)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A program that is told by a signed POST; see docs/safety-plan.md for how it checks it."""

    id: Id
    url: Annotated[str, Limits(pattern=r"^https?://\S+$")]
    secret: Secret


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An address outside that is asked for every `every_s` seconds while the engine is well, so
    that somebody there notices when it is not."""

    url: Secret
    every_s: Annotated[float, Limits(ge=10, le=86400)] = 300.0


def _by_severity(critical: float, major: float, warning: float) -> dict[Severity, float]:
    named = (Severity.CRITICAL, Severity.MAJOR, Severity.WARNING)
    return dict(zip(named, (critical, major, warning), strict=True))


@dataclass(frozen=True, slots=True)
class Telling:
    """How people are told, again and together. Seconds by severity; one left out means never."""

    repeat_s: dict[Severity, Seconds] = field(default_factory=lambda: _by_severity(60, 300, 1800))
    acknowledge_expires_s: dict[Severity, Seconds] = field(
        default_factory=lambda: _by_severity(1800, 4 * 3600, 12 * 3600)
    )
    group_wait_s: Seconds = 20.0
    """What is not critical is gathered so long for channels that send messages."""
    flood_alerts: Annotated[int, Limits(ge=1, le=1000)] = 10
    flood_within_s: Seconds = 600.0
    flood_wait_s: Seconds = 300.0
    """More messages than that to one receiver within that time: the others come together."""
    chatter_times: Annotated[int, Limits(ge=2, le=100)] = 3
    chatter_within_s: Seconds = 60.0
    fallback_after_s: Seconds = 120.0
    nobody_after_s: Seconds = 180.0
    """Nobody reached within that time is an alarm in itself."""
    late_after_s: Seconds = 300.0
    """What is raised so long after its time is told as having happened earlier."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When the entry of a sensor's fault closes or reopens by itself; our own figures."""

    good_for_s: Seconds = 600.0
    """Good data for so long, beyond what the fault's rule asks for, and a verified entry closes."""
    repair_s: Seconds = 3600.0
    """Mended so long ago and no good data: it reopens."""
    alone_s: Seconds = 86400.0
    """Good data for so long, and an entry that nobody has touched closes."""

    @property
    def patience(self) -> Patience:
        return Patience(
            timedelta(seconds=self.good_for_s),
            timedelta(seconds=self.repair_s),
            timedelta(seconds=self.alone_s),
        )
