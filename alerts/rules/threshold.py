"""Threshold: a number above or below a limit for a while, with a clear value of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from alerts.holding import HoldingRule
from alerts.model import Severity
from alerts.plan_words import Seconds, Text
from alerts.rule import RULES, Bound, Memory, View
from alerts.wording import value_text
from devices.checking import Limits
from devices.model import PointId, Value, ValueType, to_ms

DAY = timedelta(days=1)
MOST_FORGIVEN = 24


@dataclass(frozen=True, slots=True)
class Rise:
    """From `after_s` seconds in breach on, the alert has this severity and is told again."""

    after_s: Seconds
    severity: Severity


@dataclass(frozen=True, slots=True)
class PutOff:
    """While the point `beside` it (door beside canteen/fridge-1/temperature is
    canteen/fridge-1/door) says `equals`, the hold time stands still, for `at_most_s` in all."""

    beside: Text
    equals: Text
    at_most_s: Seconds


@dataclass(frozen=True, slots=True)
class Forgive:
    """A breach of up to `longest_s`, such as a defrost, is no alarm, `times` in a day."""

    longest_s: Seconds
    times: Annotated[int, Limits(ge=1, le=24)]


@dataclass(frozen=True, slots=True)
class Options:
    """`above` and `below` are the limits, in the unit of the points' kind; one of them or both.

    It clears once the value is under `clear` (for `above`) or over `clear_below` (for `below`);
    where these are not given, at the limit itself. `inclusive`: the limit itself is a breach too.
    """

    above: float | None = None
    below: float | None = None
    hold_s: Seconds = 0.0
    clear: float | None = None
    clear_below: float | None = None
    inclusive: bool = False
    rises: tuple[Rise, ...] = ()
    put_off: PutOff | None = None
    forgive: Forgive | None = None


@RULES.register("threshold")
class Threshold(HoldingRule):
    """Raised when every reading of `hold_s` seconds was beyond the limit."""

    Options = Options
    value_types = (ValueType.NUMBER,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        above, below = options.above, options.below
        if above is None and below is None:
            found.append(("has no limit", "give `above` or `below`"))
        if above is not None and below is not None and above <= below:
            found.append(("`above` is not over `below`: it is always in alarm", "mend the limits"))
        if options.clear is not None and (above is None or options.clear > above):
            found.append(("`clear` is not at or under `above`", "it belongs to `above`"))
        if options.clear_below is not None and (below is None or options.clear_below < below):
            found.append(("`clear_below` is not at or over `below`", "it belongs to `below`"))
        times = [rise.after_s for rise in options.rises]
        if times != sorted(set(times)) or any(after < options.hold_s for after in times):
            found.append(("`rises` do not come later than `hold_s`, one after the other",
                          "order them by `after_s`"))  # fmt: skip
        if options.forgive is not None and options.forgive.longest_s <= options.hold_s:
            found.append(("`forgive` is not longer than `hold_s`", "else it forgives nothing"))
        for kind in kinds:
            for limit in (above, below):
                if limit is not None and (
                    (kind.high is not None and limit > kind.high)
                    or (kind.low is not None and limit < kind.low)
                ):
                    found.append((f"{limit:g} is beyond what {kind.key} can show",
                                  f"its range is {kind.low:g} to {kind.high:g}"))  # fmt: skip
        return found

    def hold(self, key: str, memory: Memory, since: datetime, at: datetime, view: View) -> float:
        seconds, put_off, forgive = self.options.hold_s, self.options.put_off, self.options.forgive
        if forgive is not None and len(self._forgiven(memory, at)) < forgive.times:
            seconds = forgive.longest_s
        if put_off is not None:
            door = PointId(f"{key.rpartition('/')[0]}/{put_off.beside}")
            open_for = view.spent(door, put_off.equals, since, at).total_seconds()
            seconds += min(open_for, put_off.at_most_s)
        return float(seconds)

    def after(self, memory: Memory, at: datetime) -> tuple[Any, ...]:
        """When what was forgiven in the last day ended, in ms."""
        if self.options.forgive is None:
            return ()
        forgiven = self._forgiven(memory, at)
        since, hold = memory.since, timedelta(seconds=self.options.hold_s)
        if memory.breached or since is None or at - since < hold:
            return forgiven
        return (*forgiven, to_ms(at))[-MOST_FORGIVEN:]

    def _forgiven(self, memory: Memory, at: datetime) -> tuple[int, ...]:
        return tuple(ms for ms in memory.data if ms > to_ms(at - DAY))

    @property
    def rises(self) -> Sequence[tuple[timedelta, Severity]]:
        return [(timedelta(seconds=r.after_s), r.severity) for r in self.options.rises]

    def holds(self, value: Value, breached: bool) -> bool:
        o = self.options
        number = float(value)
        if breached:
            # Clears only past the clear value: exactly on it the alarm still stands.
            if o.above is not None and _over(number, o.above, o.clear, o.inclusive):
                return True
            return o.below is not None and _over(-number, -o.below, _minus(o.clear_below),
                                                 o.inclusive)  # fmt: skip
        return (o.above is not None and _over(number, o.above, None, o.inclusive)) or (
            o.below is not None and _over(-number, -o.below, None, o.inclusive)
        )

    def words(self, key: str, value: Value) -> dict[str, tuple[str, str]]:
        o = self.options
        high = o.below is None or (o.above is not None and float(value) >= o.above)
        limit, unit = o.above if high else o.below, self.unit(key)
        strict = (("低于", "below"), ("高于", "above"))
        inclusive = (("不高于", "at or below"), ("不低于", "at or above"))
        return {
            "side": (inclusive if o.inclusive else strict)[high],
            "limit": (value_text(limit, unit, "zh"), value_text(limit, unit, "en")),
        }

    def bounds(self) -> Sequence[Bound]:
        severity = self.file.severity
        pairs = ((self.options.above, "above"), (self.options.below, "below"))
        return [Bound(v, side, severity) for v, side in pairs if v is not None]


def _over(number: float, limit: float, clear: float | None, inclusive: bool) -> bool:
    """Whether a number is over its limit, or where it cleared is asked not yet under `clear`."""
    if clear is not None:
        return number >= clear
    return number >= limit if inclusive else number > limit


def _minus(number: float | None) -> float | None:
    return None if number is None else -number
