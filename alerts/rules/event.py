"""Event: one reading with certain words is enough: a pupil leaves during lessons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View, no_values
from devices.model import Reading, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """A reading that says `equals` with all the words of `detail`, and none of `unless_detail`."""

    equals: str
    detail: dict[str, str] = field(default_factory=dict)
    unless_detail: dict[str, str] = field(default_factory=dict)
    clear_s: Seconds = 60.0
    """It is over by itself after so long; somebody still has to acknowledge it."""


@RULES.register("event")
class Event(Rule):
    """Raised at each such reading; another one within `clear_s` prolongs it."""

    Options = Options
    value_types = (ValueType.TEXT,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        return no_values([options.equals], kinds)

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        if not (self._is(reading) and self.applies(reading.at)):
            return None
        now = Memory(reading.at, since=reading.at, breached=True)
        if memory.breached:
            return now, None
        return now, self.verdict(reading.point, True, reading.at, value=reading.value)

    def _is(self, reading: Reading) -> bool:
        o, detail = self.options, reading.detail
        return (
            reading.value == o.equals
            and all(detail.get(name) == word for name, word in o.detail.items())
            and not any(detail.get(name) == word for name, word in o.unless_detail.items())
        )

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        since = memory.since
        if not memory.breached or since is None:
            return None
        if now - since < timedelta(seconds=self.options.clear_s):
            return None
        return Memory(memory.at), self.verdict(key, False, now)
