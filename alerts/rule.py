"""Rule: what every rule kind implements, what it may look at, and what it remembers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from alerts.calendar import Calendar
from alerts.model import Severity, Verdict
from alerts.plan_file import RuleFile
from alerts.wording import fill, span_text, value_text
from devices.catalog import Site
from devices.kinds import KINDS
from devices.model import EPOCH, Kind, NodeId, NodeStatus, PlaceId, PointId, Reading, Value
from devices.registry import Registry


class Outcome(StrEnum):
    """What a breach leads to: an alert for those in charge, or a work order for IT."""

    ALERT = "alert"
    WORK_ORDER = "work-order"


class Watches(StrEnum):
    POINTS = "points"
    NODES = "nodes"


class Joint(StrEnum):
    """Which of its points a rule judges together, as one."""

    NONE = "none"
    ROOM = "room"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a rule remembers of one point or node; kept in the book, so it survives a restart.

    `at` is the time of the reading or tick that changed it last; an older reading that comes again
    changes nothing.
    """

    at: datetime = EPOCH
    since: datetime | None = None
    """Since when the condition holds; None: it does not."""
    breached: bool = False
    """Whether the verdict was given: the hold time is over."""
    no_data: bool = False
    level: int = 0
    """How many of the rule's rises of severity have been given."""
    fault: str = ""
    good_since: datetime | None = None
    """What recovers: since when it is good again."""
    data: tuple[Any, ...] = ()
    """What else a kind has to remember, as JSON can hold it; small."""


NOTHING = Memory()
Step = tuple[Memory, Verdict | None]


@dataclass(frozen=True, slots=True)
class NodeView:
    """What is known of a node: `heard` is when it last gave a sign of life."""

    online: bool
    heard: datetime
    online_since: datetime
    offline_since: datetime | None = None
    status: NodeStatus | None = None
    """What it said of itself last, while online."""


class View(Protocol):
    """What a rule may look at; all of it in memory."""

    started: datetime
    """When the engine began to listen."""
    deaf: bool
    """The broker cannot be reached: that nothing is heard says nothing."""

    def usable(self, point: PointId) -> Reading | None:
        """The newest reading that may raise or clear an alarm, before the one in hand."""

    def newest(self, point: PointId) -> Reading | None:
        """The newest reading of any quality, before the one in hand."""

    def heard(self, point: PointId) -> datetime | None:
        """When anything of the point arrived here last."""

    def said(self, point: PointId, value: str) -> datetime | None:
        """The newest source time at which a text point said `value`."""

    def spent(self, point: PointId, value: str, since: datetime, until: datetime) -> timedelta:
        """How long in all a text point said `value` between two moments."""

    def node(self, node: NodeId) -> NodeView: ...

    def untold(self, node: NodeId, but: str) -> int:
        """How many alerts of a node and its points, but those of one rule, reach nobody."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A number that a chart draws: at `value` on its `side`, above or below."""

    value: float
    side: str
    severity: Severity


class Rule(ABC):
    """One kind of rule. Pure: it reads no clock, and what it remembers is handed in and out.

    `check` judges a reading, `tick` the passing of time; both give None where nothing changes.
    """

    Options: ClassVar[type[Any]]
    """A frozen dataclass bounded by `Limits`: the rule's `options`."""
    outcome: ClassVar[Outcome] = Outcome.ALERT
    order_fault: ClassVar[str] = ""
    """The fault for which a breach opens a work order beside its alert; empty: none."""
    watches: ClassVar[Watches] = Watches.POINTS
    always_ticks: ClassVar[bool] = False
    """Whether time alone can breach it; the others tick only while their condition holds."""
    ticks_in_breach: ClassVar[bool] = True
    """Whether time alone changes what was breached, such as a severity that rises."""
    needs_good_data: ClassVar[bool] = True
    """Whether readings of unusable quality are kept from it."""
    value_types: ClassVar[tuple[str, ...]] = ()
    """The value types it can judge; empty: all."""
    joint: Joint = Joint.NONE
    """Points that are judged together have one key: the first of them."""
    selected: tuple[str, ...] = ()
    """The points (or nodes) that the plan has it watch."""

    def __init__(self, file: RuleFile, options: Any, site: Site, calendar: Calendar) -> None:
        self.file = file
        self.options = options
        self.site = site
        self.calendar = calendar
        self._stale: dict[PointId, timedelta | None] = {}
        start = datetime.combine(file.effective_from, time(0), site.timezone)
        self._effective = start.astimezone(UTC)

    def key_of(self, point: str) -> str:
        """The key under which a point is judged and its alert is kept."""
        if self.joint is Joint.NONE:
            return point
        return self._first(self.site.points[PointId(point)].room)

    @cache  # noqa: B019 a rule lives as long as its plan
    def _first(self, room: str) -> str:
        points = self.site.points
        for other in self.selected:
            if self.joint is Joint.SITE or points[PointId(other)].room == room:
                return other
        raise LookupError(f"{self.file.id} watches nothing in {room}")

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        """What is wrong with options that are right by themselves: (what, remedy)."""
        return ()

    def applies(self, at: datetime) -> bool:
        """Whether the plan has the rule at work then."""
        file = self.file
        return at >= self._effective and self.calendar.active(file.when, file.unless, at)

    def bounds(self) -> Sequence[Bound]:
        """The limits that a chart of its points shows."""
        return ()

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        """`reading.at` is the time to judge by."""
        return None

    @abstractmethod
    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None: ...

    def verdict(
        self,
        key: str,
        breached: bool | None,
        at: datetime,
        *,
        value: Value | None = None,
        since: datetime | None = None,
        severity: Severity | None = None,
        fault: str = "",
        more: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    ) -> Verdict:
        """With the rule's own sentence in both languages where it is breached."""
        if not breached:
            return Verdict(self.file.id, key, breached, at, value, fault=fault)
        text, text_en = (
            fill(template, self._words(language, key, at, value, since, more))
            for language, template in (("zh", self.file.text), ("en", self.file.text_en))
        )
        return Verdict(self.file.id, key, True, at, value, text, text_en, severity, fault)

    def _words(
        self,
        language: str,
        key: str,
        at: datetime,
        value: Value | None,
        since: datetime | None,
        more: Mapping[str, tuple[str, str]],
    ) -> Mapping[str, str]:
        chinese = language == "zh"
        point = self.site.points.get(PointId(key))
        node = self.site.nodes[NodeId(point.node if point else key)]
        place = self.site.places[PlaceId(point.room if point else node.room)]
        begun = since or at
        window = self.calendar.name_of(self.file.when, at)
        words = {
            "place": _name(place.name, place.name_en, chinese),
            "point": _name(point.name, point.name_en, chinese) if point else "",
            "node": _name(node.name, node.name_en, chinese),
            "value": "" if value is None else value_text(value, self.unit(key), language),
            "limit": "", "side": "",
            "since": f"{self.calendar.local(begun):%H:%M}",
            "held": span_text(at - begun, language),
            "window": window[0] if chinese else window[1],
        }  # fmt: skip
        return words | {name: pair[0] if chinese else pair[1] for name, pair in more.items()}

    def no_data(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        """In alarm, and nothing has been heard for too long: marked, never cleared."""
        point = PointId(key)
        last, stale = view.usable(point), self.stale_after(point)
        if last is not None and (stale is None or now - last.at <= stale):
            return None
        if not memory.breached or memory.no_data:
            return None
        return replace(memory, at=now, no_data=True), self.verdict(key, None, now)

    def unit(self, key: str) -> str:
        """Of a point's kind; empty for nodes."""
        kind = self.site.kinds.get(PointId(key))
        return kind.unit if kind else ""

    def stale_after(self, point: PointId) -> timedelta | None:
        """After how long without a reading nothing is known; None: it speaks only on events."""
        if point not in self._stale:
            kind, own = self.site.kinds[point], self.site.points[point].period or 0.0
            seconds = max(kind.stale_after, 3 * own) if kind.stale_after else 0.0
            self._stale[point] = timedelta(seconds=seconds) if seconds else None
        return self._stale[point]


def _name(chinese: str, english: str, is_chinese: bool) -> str:
    return chinese if is_chinese else english or chinese


def no_values(words: Iterable[str], kinds: Iterable[Kind]) -> list[tuple[str, str]]:
    """Words that a kind never says, as mistakes."""
    return [
        (f"{word!r} is no value of {kind.key}", "use " + ", ".join(kind.values))
        for kind in kinds
        for word in words
        if kind.values and word not in kind.values
    ]


def no_values_of(kind: str, word: str) -> list[tuple[str, str]]:
    """The same of a kind by its key, which may not exist either."""
    if kind not in KINDS:
        return [(f"{kind!r} is no kind", "use " + ", ".join(KINDS))]
    return no_values([word], [KINDS[kind]])


RULES: Registry[Rule] = Registry("rule kind", "alerts.rules")
