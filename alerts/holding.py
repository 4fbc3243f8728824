"""HoldingRule: a condition on a value that has to hold for a while; thresholds and states."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.model import Severity
from alerts.rule import Memory, Rule, Step, View
from devices.model import PointId, Reading, Value


class HoldingRule(Rule):
    """A condition on the value that has to hold for a while; the kinds say which condition."""

    @abstractmethod
    def holds(self, value: Value, breached: bool) -> bool:
        """Whether the value fulfils the condition; `breached` asks whether it still does."""

    def words(self, key: str, value: Value) -> dict[str, tuple[str, str]]:
        """Further words for the sentence, in Chinese and English."""
        return {}

    def hold(self, key: str, memory: Memory, since: datetime, at: datetime, view: View) -> float:
        """For how many seconds in all the condition has to hold that began at `since`."""
        return float(self.options.hold_s)

    def after(self, memory: Memory, at: datetime) -> tuple[Any, ...]:
        """What is remembered of a stretch that is over."""
        return ()

    @property
    def rises(self) -> Sequence[tuple[timedelta, Severity]]:
        """After how long in all the severity rises, and to what; soonest first."""
        return ()

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        on = self.applies(reading.at) and self.holds(reading.value, memory.breached)
        if not on:
            return self._off(reading.point, reading.at, memory, reading.value)
        since = memory.since
        if since is None or (not memory.breached and self._gap(reading, view)):
            since = self._since(reading, view)
        return self._on(reading.point, reading.at, memory, since, reading.value, view)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        point = PointId(key)
        last = view.usable(point)
        stale = self.stale_after(point)
        if last is None or (stale is not None and now - last.at > stale):
            return self.no_data(key, memory, now, view)
        if not (self.applies(now) and self.holds(last.value, memory.breached)):
            return self._off(key, now, memory, last.value)
        begun = memory.since
        if begun is None:
            file = self.file
            begun = max(last.at, self.calendar.began(file.when, file.unless, now))
        return self._on(key, now, memory, begun, last.value, view)

    def _gap(self, reading: Reading, view: View) -> bool:
        """Whether so long nothing was known before this reading that the hold begins anew."""
        last, stale = view.usable(reading.point), self.stale_after(reading.point)
        return stale is not None and (last is None or reading.at - last.at > stale)

    def _since(self, reading: Reading, view: View) -> datetime:
        """When the condition began: the reading, or the window in which it was so before it."""
        last = view.usable(reading.point)
        if last is None or self._gap(reading, view) or not self.holds(last.value, False):
            return reading.at
        began = self.calendar.began(self.file.when, self.file.unless, reading.at)
        return min(reading.at, max(last.at, began))

    def _off(self, key: str, at: datetime, memory: Memory, value: Value) -> Step | None:
        if memory.since is None and not memory.breached:
            return None
        over = Memory(at, data=self.after(memory, at))
        return over, self.verdict(key, False, at, value=value) if memory.breached else None

    def _on(
        self, key: str, at: datetime, memory: Memory, since: datetime, value: Value, view: View
    ) -> Step | None:
        held = at - since
        if not memory.breached and held.total_seconds() < self.hold(key, memory, since, at, view):
            return (Memory(at, since, data=memory.data), None) if since != memory.since else None
        level = sum(1 for after, _ in self.rises if held >= after)
        level = max(level, memory.level)
        if memory.breached and level == memory.level and not memory.no_data:
            return None
        severity = self.rises[level - 1][1] if level else self.file.severity
        verdict = self.verdict(
            key,
            True,
            at,
            value=value,
            since=since,
            severity=severity,
            more=self.words(key, value),
        )
        return Memory(at, since, True, level=level, data=memory.data), verdict
