"""Accumulate: so many seconds beyond a limit in all, with pauses: food above 8 ℃ for two hours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Bound, Memory, Rule, Step, View
from alerts.wording import span_text
from devices.model import Reading, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """Between `above` and `below` (one or both) for `total_s` seconds in all.

    The sum begins anew after `reset_s` seconds on end outside of it. With both it is between the
    two: from 8 to 60 ℃.
    """

    total_s: Seconds
    above: float | None = None
    below: float | None = None
    reset_s: Seconds = 14400.0


@RULES.register("accumulate")
class Accumulate(Rule):
    """Raised when the sum is reached; clears when it begins anew. A time without data adds
    nothing beyond the time until a value is old."""

    Options = Options
    value_types = (ValueType.NUMBER,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        above, below = options.above, options.below
        if above is None and below is None:
            return [("has no limit", "give `above` or `below`")]
        if above is not None and below is not None and above >= below:
            return [("`above` is not under `below`", "it counts between the two")]
        return []

    def bounds(self) -> Sequence[Bound]:
        return []

    def _counts(self, value: float) -> bool:
        o = self.options
        return (o.above is None or value > o.above) and (o.below is None or value < o.below)

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        at, value = reading.at, float(reading.value)
        last = view.usable(reading.point)
        total = float(memory.data[0]) if memory.data else 0.0
        if last is not None and self._counts(float(last.value)) and self.applies(last.at):
            step = at - last.at
            stale = self.stale_after(reading.point)
            total += min(step, stale if stale is not None else step).total_seconds()
        if self._counts(value) and self.applies(at):
            return self._more(reading, replace(memory, at=at, good_since=None), total)
        good_since = memory.good_since or at
        if total and at - good_since >= timedelta(seconds=self.options.reset_s):
            verdict = self.verdict(reading.point, False, at, value=value)
            return Memory(at), verdict if memory.breached else None
        if not total:
            return None
        return replace(memory, at=at, good_since=good_since, data=(total,), no_data=False), None

    def _more(self, reading: Reading, memory: Memory, total: float) -> Step:
        memory = replace(memory, data=(total,), no_data=False)
        if memory.breached or total < self.options.total_s:
            return memory, None
        span = timedelta(seconds=total)
        words = {"held": (span_text(span, "zh"), span_text(span, "en"))}
        verdict = self.verdict(reading.point, True, reading.at, value=reading.value, more=words)
        return replace(memory, breached=True, since=reading.at), verdict

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        return self.no_data(key, memory, now, view)
