"""Combine: several conditions over points of a room or the site at once: all of them, or any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View
from devices.kinds import KINDS
from devices.model import PointId, Reading, Value


@dataclass(frozen=True, slots=True)
class Condition:
    """Of a `point`, or of any point of that `kind` in the same room: a text that it `equals`, or a
    number `above` or `below` a limit."""

    kind: str = ""
    point: str = ""
    equals: str = ""
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Every one of `all_of` and, where there are some, at least one of `any_of`, for `hold_s`
    seconds on end. The points that the rule selects are those in whose room it is looked."""

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    hold_s: Seconds = 0.0


@RULES.register("combine")
class Combine(Rule):
    """Three-valued: what is not known makes the whole unknown, unless the rest decides it; unknown
    neither raises nor clears. One alert for each selected point."""

    Options = Options
    always_ticks = True

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if not options.all_of and not options.any_of:
            found.append(("has no condition", "give `all_of` or `any_of`"))
        for each in (*options.all_of, *options.any_of):
            limits = each.above is not None or each.below is not None
            if bool(each.kind) is bool(each.point):
                found.append(("a condition names not one thing", "give `kind` or `point`"))
            if bool(each.equals) is limits:
                found.append(("a condition has not one test", "give `equals`, or limits"))
            kind = KINDS.get(each.kind)
            if each.kind and kind is None:
                found.append((f"{each.kind!r} is no kind", "use " + ", ".join(KINDS)))
            elif kind is not None and kind.values and each.equals not in kind.values:
                values = ", ".join(kind.values)
                found.append((f"{each.equals!r} is no value of {kind.key}", f"use {values}"))
        return found

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        return self._judge(reading.point, reading.at, memory, view, reading)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        return self._judge(key, now, memory, view, None)

    def _judge(
        self, key: str, at: datetime, memory: Memory, view: View, fresh: Reading | None
    ) -> Step | None:
        so = self._so(PointId(key), at, view, fresh) if self.applies(at) else False
        if so is None:
            if memory.breached and not memory.no_data:
                unknown = Memory(at, memory.since, True, no_data=True)
                return unknown, self.verdict(key, None, at)
            return None
        if not so:
            if memory.breached:
                return Memory(at), self.verdict(key, False, at)
            return (Memory(at), None) if memory.since is not None else None
        since = memory.since or at
        if memory.breached and not memory.no_data:
            return None
        if not memory.breached and at - since < timedelta(seconds=self.options.hold_s):
            return (Memory(at, since), None) if memory.since is None else None
        return Memory(at, since, True), self.verdict(key, True, at, since=since)

    def _so(self, key: PointId, at: datetime, view: View, fresh: Reading | None) -> bool | None:
        every = [self._holds(each, key, at, view, fresh) for each in self.options.all_of]
        some = [self._holds(each, key, at, view, fresh) for each in self.options.any_of]
        if False in every or (some and all(each is False for each in some)):
            return False
        if None in every or (some and True not in some):
            return None
        return True

    def _holds(
        self, each: Condition, key: PointId, at: datetime, view: View, fresh: Reading | None
    ) -> bool | None:
        """Of any of the points that it means; None where none of them is known."""
        found: list[bool] = []
        for point in self._points(each, key):
            last = fresh if fresh is not None and fresh.point == point else view.usable(point)
            stale = self.stale_after(point)
            if last is None or (stale is not None and at - last.at > stale):
                continue
            found.append(_test(each, last.value))
        return any(found) if found else None

    def _points(self, each: Condition, key: PointId) -> Sequence[PointId]:
        if each.point:
            return [PointId(each.point)] if each.point in self.site.points else []
        room = self.site.points[key].room
        return [id for id, p in self.site.points.items() if p.kind == each.kind and p.room == room]


def _test(each: Condition, value: Value) -> bool:
    if each.equals:
        return bool(value == each.equals)
    if isinstance(value, str):
        return False
    number = float(value)
    return (each.above is None or number > each.above) and (
        each.below is None or number < each.below
    )
