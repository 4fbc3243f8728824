"""Count: something happens so many times within a time, such as refused cards at a gate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View, no_values
from devices.checking import Limits
from devices.model import Reading, ValueType, to_ms


@dataclass(frozen=True, slots=True)
class Options:
    """`equals` are the values that count; `times` of them within `within_s` seconds."""

    equals: tuple[str, ...]
    times: Annotated[int, Limits(ge=1, le=1000)]
    within_s: Seconds


@RULES.register("count")
class Count(Rule):
    """Raised at the last of them; clears when fewer lie within the time."""

    Options = Options
    value_types = (ValueType.TEXT,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        return no_values(options.equals, kinds)

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        if reading.value not in self.options.equals or not self.applies(reading.at):
            return self._fewer(reading.point, reading.at, memory)
        times = (*self._within(memory, reading.at), to_ms(reading.at))[-self.options.times :]
        memory = replace(memory, at=reading.at, data=times)
        if len(times) < self.options.times or memory.breached:
            return memory, None
        memory = replace(memory, breached=True, since=reading.at)
        count = str(len(times))
        return memory, self.verdict(
            reading.point, True, reading.at, value=reading.value, more={"limit": (count, count)}
        )

    def _within(self, memory: Memory, now: datetime) -> tuple[int, ...]:
        oldest = to_ms(now) - self.options.within_s * 1000
        return tuple(ms for ms in memory.data if ms > oldest)

    def _fewer(self, key: str, now: datetime, memory: Memory) -> Step | None:
        if not memory.breached:
            return None
        times = self._within(memory, now)
        if len(times) >= self.options.times:
            return None
        return Memory(now, data=times), self.verdict(key, False, now)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        return self._fewer(key, now, memory)
