"""Compare: one point far from its siblings: the room that stays cold, the fridge that runs warm."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Annotated, Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View
from alerts.wording import value_text
from devices.checking import Limits
from devices.model import PointId, Reading, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """`above` and `below` are how far over or under the median of its siblings a point may be; one
    of them or both. Siblings are the points of the same kind in the same `among`."""

    above: float | None = None
    below: float | None = None
    hold_s: Seconds = 0.0
    clear_by: float = 0.0
    """It clears once it is so much nearer than the limit."""
    among: Annotated[str, Limits(pattern="^(room|building|site)$")] = "site"
    at_least: Annotated[int, Limits(ge=2, le=1000)] = 3
    """With fewer siblings that speak nothing can be said."""


@RULES.register("compare")
class Compare(Rule):
    """Judged at each reading of the point, against what its siblings said last. Missing siblings
    neither raise nor clear it."""

    Options = Options
    value_types = (ValueType.NUMBER,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        found = []
        if options.above is None and options.below is None:
            found.append(("has no limit", "give `above` or `below`"))
        for limit in (options.above, options.below):
            if limit is not None and limit <= options.clear_by:
                found.append(("`clear_by` is not under the limit", "it is taken off the limit"))
        return found

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        if memory.since is None and not self.applies(reading.at):
            return None
        usual = self._usual(PointId(reading.point), reading.at, view)
        if usual is None:
            return None
        gap = float(reading.value) - usual
        if not (self._far(gap, memory.breached) and self.applies(reading.at)):
            return self._near(reading, memory)
        since = memory.since or reading.at
        now = Memory(reading.at, since, memory.breached)
        if memory.breached or reading.at - since < timedelta(seconds=self.options.hold_s):
            unchanged = memory.since is not None and not memory.no_data
            return None if unchanged else (now, None)
        return replace(now, breached=True), self._said(reading, gap, since)

    def _said(self, reading: Reading, gap: float, since: datetime) -> Any:
        unit = self.unit(reading.point)
        words = {
            "side": ("高于", "above") if gap > 0 else ("低于", "below"),
            "limit": (value_text(abs(gap), unit, "zh"), value_text(abs(gap), unit, "en")),
        }
        return self.verdict(
            reading.point, True, reading.at, value=reading.value, since=since, more=words
        )

    def _near(self, reading: Reading, memory: Memory) -> Step | None:
        if memory.breached:
            verdict = self.verdict(reading.point, False, reading.at, value=reading.value)
            return Memory(reading.at), verdict
        return (Memory(reading.at), None) if memory.since is not None else None

    def _far(self, gap: float, breached: bool) -> bool:
        o = self.options
        nearer = o.clear_by if breached else 0.0
        return (o.above is not None and gap > o.above - nearer) or (
            o.below is not None and -gap > o.below - nearer
        )

    def _usual(self, point: PointId, at: datetime, view: View) -> float | None:
        """The median of what its siblings say now; None where too few speak."""
        values: list[float] = []
        for sibling in self._siblings(point):
            last, stale = view.usable(sibling), self.stale_after(sibling)
            if last is not None and (stale is None or at - last.at <= stale):
                values.append(float(last.value))
        return median(values) if len(values) >= self.options.at_least else None

    def _siblings(self, point: PointId) -> Sequence[PointId]:
        known: dict[PointId, Sequence[PointId]] = self.__dict__.setdefault("_known", {})
        if point not in known:
            points, own = self.site.points, self.site.points[point]
            known[point] = [
                id for id, other in points.items()
                if other.kind == own.kind and id != point and self._together(own.room, other.room)
            ]  # fmt: skip
        return known[point]

    def _together(self, room: str, other: str) -> bool:
        places = {str(id): place for id, place in self.site.places.items()}
        match self.options.among:
            case "room":
                return room == other
            case "building":
                return places[room].building == places[other].building
        return True

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        return self.no_data(key, memory, now, view)
