"""Rate: a number that rises or falls by so much within a time, however slowly it does so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View
from alerts.wording import value_text
from devices.model import Reading, ValueType, to_ms

SLOTS = 20
"""The window is remembered in so many parts, each by its lowest and highest value."""

Slot = tuple[int, float, float]
"""Number of the part, lowest and highest value in it."""


@dataclass(frozen=True, slots=True)
class Options:
    """`rise` or `fall` (or both) in the unit of the points' kind, within `within_s` seconds."""

    within_s: Seconds
    rise: float | None = None
    fall: float | None = None


@RULES.register("rate")
class Rate(Rule):
    """Raised when the value has moved so far from the lowest or highest of the time before; clears
    when it has stood still for as long."""

    Options = Options
    value_types = (ValueType.NUMBER,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        found = []
        if options.rise is None and options.fall is None:
            found.append(("has no limit", "give `rise` or `fall`"))
        if any(change is not None and change <= 0 for change in (options.rise, options.fall)):
            found.append(("`rise` and `fall` are amounts over 0", "leave out the sign"))
        if options.within_s <= 0:
            found.append(("`within_s` is no time", "give seconds over 0"))
        return found

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        value = float(reading.value)
        slots = self._slots(memory, reading.at, value)
        rise = value - min(low for _, low, _ in slots)
        fall = max(high for _, _, high in slots) - value
        o = self.options
        rose, fell = o.rise is not None and rise >= o.rise, o.fall is not None and fall >= o.fall
        now = Memory(reading.at, memory.since, memory.breached, data=slots)
        if not ((rose or fell) and self.applies(reading.at)):
            if memory.breached:
                verdict = self.verdict(reading.point, False, reading.at, value=value)
                return replace(now, breached=False, since=None), verdict
            return now, None
        if memory.breached and not memory.no_data:
            return now, None
        unit, change = self.unit(reading.point), rise if rose else fall
        words = {
            "side": ("上升", "risen") if rose else ("下降", "fallen"),
            "limit": (value_text(change, unit, "zh"), value_text(change, unit, "en")),
        }
        verdict = self.verdict(reading.point, True, reading.at, value=value, more=words)
        return replace(now, breached=True, since=reading.at), verdict

    def _slots(self, memory: Memory, at: datetime, value: float) -> tuple[Slot, ...]:
        width = max(1, int(self.options.within_s * 1000 / SLOTS))
        slot = to_ms(at) // width
        kept = [tuple(s) for s in memory.data if slot - SLOTS <= s[0] <= slot]
        if kept and kept[-1][0] == slot:
            _, low, high = kept.pop()
            kept.append((slot, min(low, value), max(high, value)))
        else:
            kept.append((slot, value, value))
        return tuple(kept)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        return self.no_data(key, memory, now, view)
