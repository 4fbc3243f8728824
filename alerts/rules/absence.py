"""Absence: something that people do again and again has not been done for too long: a patrol."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Joint, Memory, Rule, Step, View, no_values
from devices.model import PointId, Reading, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """None of the selected points said `equals` for `within_s` seconds of the rule's time."""

    equals: str
    within_s: Seconds


@RULES.register("absence")
class Absence(Rule):
    """One alert for all selected points together; it clears when one of them says it. What the
    engine has not listened to does not count as absent."""

    Options = Options
    value_types = (ValueType.TEXT,)
    joint = Joint.SITE
    always_ticks = True

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        return no_values([options.equals], kinds)

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        if reading.value != self.options.equals or not memory.breached:
            return None
        return Memory(reading.at), self.verdict(self.key_of(reading.point), False, reading.at)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        if memory.breached or not self.applies(now) or view.deaf:
            return None
        said = [view.said(PointId(point), self.options.equals) for point in self.selected]
        began = self.calendar.began(self.file.when, self.file.unless, now)
        last = max([view.started, began, *(at for at in said if at is not None)])
        if now - last < timedelta(seconds=self.options.within_s):
            return None
        return Memory(now, since=last, breached=True), self.verdict(key, True, now, since=last)
