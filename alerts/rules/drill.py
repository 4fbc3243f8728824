"""Drill: an exercise that is announced as such, told as an alarm is, and timed by its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from alerts.plan_words import Seconds, Weekday
from alerts.rule import RULES, Memory, Rule, Step, View
from devices.checking import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """At `at` on the `weekday` of the given `weeks` of each month, on school days, for `lasts_s`
    seconds. An empty `weeks` is every week."""

    weekday: Weekday
    at: time
    weeks: tuple[Annotated[int, Limits(ge=1, le=5)], ...] = ()
    lasts_s: Seconds = 600.0


@RULES.register("drill")
class Drill(Rule):
    """Raised at its time on each of its points; it goes by itself when its time is over, and stays
    on the list where nobody has acknowledged it. Not made up for where the engine was away."""

    Options = Options
    always_ticks = True

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        if not 60 <= options.lasts_s <= 3600:
            return [("`lasts_s` is not from 60 to 3600", "leave people time to answer")]
        return []

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        lasts = timedelta(seconds=self.options.lasts_s)
        if memory.breached:
            if memory.since is not None and now - memory.since < lasts:
                return None
            return Memory(now, data=memory.data), self.verdict(key, False, now)
        local = self.calendar.local(now)
        begin = datetime.combine(local.date(), self.options.at, self.calendar.timezone)
        if not (self._due(local.date()) and timedelta() <= local - begin < lasts):
            return None
        today = local.date().isoformat()
        if memory.data == (today,) or not self.applies(now):
            return None
        verdict = self.verdict(key, True, now, since=now)
        return Memory(now, since=now, breached=True, data=(today,)), verdict

    def _due(self, on: date) -> bool:
        o = self.options
        day = self.calendar.day(on)
        week = (on.day - 1) // 7 + 1
        return (
            day.school
            and on.weekday() == list(Weekday).index(o.weekday)
            and (not o.weeks or week in o.weeks)
        )
