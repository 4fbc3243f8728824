"""Sequence: something happens without what has to come before it: a door opens without a card."""

from collections.abc import Sequence as Listing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from alerts.plan_words import Seconds, Text
from alerts.rule import RULES, Memory, Rule, Step, View, no_values, no_values_of
from devices.checking import Limits
from devices.model import PlaceId, PointId, Reading, ValueType


@dataclass(frozen=True, slots=True)
class Before:
    """A point of that `kind` in the same place that said `equals`."""

    kind: Text
    equals: Text


@dataclass(frozen=True, slots=True)
class Options:
    """`equals` needs one of `after` at most `within_s` seconds before it.

    `wait_s` is how long a word that was on its way is waited for.
    """

    equals: str
    after: Annotated[tuple[Before, ...], Limits(min_length=1)]
    within_s: Seconds = 5.0
    wait_s: Seconds = 1.0


@RULES.register("sequence")
class Sequence(Rule):
    """Raised when nothing of it came before; clears when the value is another."""

    Options = Options
    value_types = (ValueType.TEXT,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Listing[Any]) -> Listing[tuple[str, str]]:
        found = no_values([options.equals], kinds)
        for before in options.after:
            found += no_values_of(before.kind, before.equals)
        return found

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        if reading.value != self.options.equals:
            if memory.breached:
                verdict = self.verdict(reading.point, False, reading.at, value=reading.value)
                return Memory(reading.at), verdict
            return (Memory(reading.at), None) if memory.since is not None else None
        last = view.usable(reading.point)
        if memory.since is not None or last is None or last.value == reading.value:
            return None  # it was so already; only the change has to have a reason
        if not self.applies(reading.at) or self._explained(reading.point, reading.at, view):
            return None
        memory = Memory(reading.at, since=reading.at)
        return self._judge(reading.point, reading.at, memory, view) or (memory, None)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        if memory.since is None or memory.breached:
            return self.no_data(key, memory, now, view)
        return self._judge(key, now, memory, view)

    def _judge(self, key: str, now: datetime, memory: Memory, view: View) -> Step | None:
        since = memory.since
        assert since is not None
        if self._explained(key, since, view):
            return Memory(now), None
        if now - since < timedelta(seconds=self.options.wait_s):
            return None
        value = self.options.equals
        verdict = self.verdict(key, True, since, value=value, since=since)
        return replace(memory, at=now, breached=True), verdict

    def _explained(self, key: str, at: datetime, view: View) -> bool:
        first = at - timedelta(seconds=self.options.within_s)
        last = at + timedelta(seconds=self.options.wait_s)
        room = PlaceId(self.site.points[PointId(key)].room)
        for before in self.options.after:
            for point in self.site.points_in(room):
                if point.kind == before.kind:
                    said = view.said(PointId(point.id), before.equals)
                    if said is not None and first <= said <= last:
                        return True
        return False
