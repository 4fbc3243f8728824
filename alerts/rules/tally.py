"""Tally: more of one thing than of another: more people through a gate than cards granted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from alerts.plan_words import Text
from alerts.rule import RULES, Joint, Memory, Rule, Step, View, no_values_of
from devices.checking import Limits
from devices.model import Reading, ValueType


@dataclass(frozen=True, slots=True)
class Event:
    """A reading of a `kind` that says `equals`, with these words in its detail."""

    kind: Text
    equals: Text
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """Raised when there are more than `by` more of `more` than of `than`. Counted for each `room`
    (or gate) by itself or for the whole `site`; `since` begins the count anew, else midnight."""

    more: Event
    than: Event
    since: Event | None = None
    by: Annotated[int, Limits(ge=0, le=1000)] = 0
    among: Annotated[str, Limits(pattern="^(room|site)$")] = "room"


@RULES.register("tally")
class Tally(Rule):
    """Told at the reading that is too many, or when the rule's part of the day begins; it clears
    when they are even again or the count begins anew."""

    Options = Options
    value_types = (ValueType.TEXT,)
    always_ticks = True

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        events = (options.more, options.than, *([options.since] if options.since else []))
        return [found for event in events for found in no_values_of(event.kind, event.equals)]

    @property
    def joint(self) -> Joint:  # type: ignore[override]
        return Joint.SITE if self.options.among == "site" else Joint.ROOM

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        o, before = self.options, view.newest(reading.point)
        changed = before is None or before.value != reading.value or before.detail != reading.detail
        if o.since is not None and self._is(o.since, reading):
            return self._counted(reading, memory, (0, 0)) if changed else None
        more, than = self._counts(memory, reading.at)
        if self._is(o.more, reading):
            return self._counted(reading, memory, (more + 1, than))
        if self._is(o.than, reading):
            return self._counted(reading, memory, (more, than + 1))
        return None

    def _is(self, event: Event, reading: Reading) -> bool:
        return (
            self.site.points[reading.point].kind == event.kind
            and reading.value == event.equals
            and all(reading.detail.get(name) == word for name, word in event.detail.items())
        )

    def _counted(self, reading: Reading, memory: Memory, counts: tuple[int, int]) -> Step:
        now = replace(memory, at=reading.at, data=(self._day(reading.at), *counts))
        return self._judged(self.key_of(reading.point), reading.at, now) or (now, None)

    def _counts(self, memory: Memory, at: datetime) -> tuple[int, int]:
        if len(memory.data) != 3 or (
            self.options.since is None and memory.data[0] != self._day(at)
        ):
            return 0, 0
        return int(memory.data[1]), int(memory.data[2])

    def _day(self, at: datetime) -> str:
        return self.calendar.local(at).date().isoformat()

    def _judged(self, key: str, at: datetime, memory: Memory) -> Step | None:
        more, than = self._counts(memory, at)
        too_many = more - than > self.options.by
        if memory.breached:
            if too_many:
                return None
            return replace(memory, breached=False, since=None), self.verdict(key, False, at)
        if not (too_many and self.applies(at)):
            return None
        count = str(more - than)
        verdict = self.verdict(key, True, at, value=more - than, more={"limit": (count, count)})
        return replace(memory, breached=True, since=at), verdict

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        step = self._judged(key, now, memory)
        return (replace(step[0], at=memory.at), step[1]) if step is not None else None

    def unit(self, key: str) -> str:
        return ""
