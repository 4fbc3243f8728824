"""Expectation: in a part of the day something has to happen, else it is told at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from alerts.calendar import ALWAYS
from alerts.plan_file import RuleFile
from alerts.plan_words import Seconds
from alerts.rule import RULES, Joint, Memory, Rule, Step, View
from devices.catalog import Site
from devices.checking import Limits
from devices.model import PointId, Reading, Value, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """While the rule's `when` holds, the value has to be `equals`, or above or below a limit, for
    `hold_s` seconds on end at least once; or come `times` times, on all points together."""

    equals: str = ""
    above: float | None = None
    below: float | None = None
    hold_s: Seconds = 0.0
    times: Annotated[int, Limits(ge=1, le=100)] = 1


_DONE, _IN_WINDOW = "done", "waiting"


@RULES.register("expectation")
class Expectation(Rule):
    """Raised when the part of the day ends and it was never so; clears when it is so, or when the
    next such part begins."""

    Options = Options
    always_ticks = True
    value_types = (ValueType.NUMBER, ValueType.TEXT)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        limits = options.above is not None or options.below is not None
        found = []
        if bool(options.equals) is limits:
            found.append(("has not one condition", "give `equals`, or `above` and `below`"))
        if options.times > 1 and (limits or options.hold_s):
            found.append(("`times` goes with `equals` alone", "leave out limits and `hold_s`"))
        return found

    @property
    def joint(self) -> Joint:  # type: ignore[override]
        return Joint.SITE if self.options.times > 1 else Joint.NONE

    def __init__(self, file: RuleFile, options: Any, site: Site, calendar: Any) -> None:
        super().__init__(file, options, site, calendar)
        self._never = ALWAYS in file.when and not file.unless

    def _holds(self, value: Value) -> bool:
        o = self.options
        if o.equals:
            return bool(value == o.equals)
        number = float(value)
        return (o.above is None or number > o.above) and (o.below is None or number < o.below)

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        at = reading.at
        if not self.applies(at):
            return None
        state = memory.data[0] if memory.data else _IN_WINDOW
        if state == _DONE:
            return None
        if self.options.times > 1:
            return self._counted(reading, memory)
        if not self._holds(reading.value):
            waiting = replace(memory, at=at, good_since=None, data=(_IN_WINDOW,))
            return (waiting, None) if waiting.data != memory.data or memory.good_since else None
        since = memory.good_since or at
        done = at - since >= timedelta(seconds=self.options.hold_s)
        data = (_DONE,) if done else (_IN_WINDOW,)
        now = replace(memory, at=at, good_since=since, data=data)
        if done and memory.breached:
            verdict = self.verdict(reading.point, False, at, value=reading.value)
            return replace(now, breached=False, since=None), verdict
        return now, None

    def _counted(self, reading: Reading, memory: Memory) -> Step | None:
        """One more of those that have to come so many times."""
        if not self._holds(reading.value):
            return None
        count = (int(memory.data[1]) if len(memory.data) > 1 else 0) + 1
        done = count >= self.options.times
        data = (_DONE,) if done else (_IN_WINDOW, count)
        now = replace(memory, at=reading.at, data=data)
        if done and memory.breached:
            verdict = self.verdict(self.key_of(reading.point), False, reading.at)
            return replace(now, breached=False, since=None), verdict
        return now, None

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        if self._never:
            return None
        state = memory.data[0] if memory.data else ""
        if self.applies(now):
            if state:
                return None
            verdict = self.verdict(key, False, now) if memory.breached else None
            return Memory(now, data=(_IN_WINDOW,)), verdict
        if not state:
            return None
        over = Memory(now, data=())
        if state == _DONE:
            return over, None
        last = view.newest(PointId(key))
        since = self.calendar.began(self.file.when, self.file.unless, now - timedelta(minutes=1))
        verdict = self.verdict(
            key, True, now, value=last.value if last else None, since=min(since, now)
        )
        return replace(over, breached=True, since=now), verdict
