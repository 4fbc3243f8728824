"""Threshold: a number above or below a limit for a while, with a clear value of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import with_config

from alerts.model import Severity
from alerts.plan_file import Seconds
from alerts.rule import RULES, Bound, HoldingRule
from alerts.wording import value_text
from devices.config import STRICT
from devices.model import Value, ValueType


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Rise:
    """From `after_s` seconds in breach on, the alert has this severity and is told again."""

    after_s: Seconds
    severity: Severity


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Options:
    """`above` and `below` are the limits, in the unit of the points' kind; one of them or both.

    It clears once the value is under `clear` (for `above`) or over `clear_below` (for `below`);
    where these are not given, at the limit itself.
    """

    above: float | None = None
    below: float | None = None
    hold_s: Seconds = 0.0
    clear: float | None = None
    clear_below: float | None = None
    rises: tuple[Rise, ...] = ()


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
        for kind in kinds:
            for limit in (above, below):
                if limit is not None and (
                    (kind.high is not None and limit > kind.high)
                    or (kind.low is not None and limit < kind.low)
                ):
                    found.append((f"{limit:g} is beyond what {kind.key} can show",
                                  f"its range is {kind.low:g} to {kind.high:g}"))  # fmt: skip
        return found

    @property
    def rises(self) -> Sequence[tuple[timedelta, Severity]]:
        return [(timedelta(seconds=r.after_s), r.severity) for r in self.options.rises]

    def holds(self, value: Value, breached: bool) -> bool:
        o = self.options
        number = float(value)
        above, below = o.above, o.below
        if breached:
            above = above if o.clear is None else o.clear
            below = below if o.clear_below is None else o.clear_below
            # Clears only past the clear value, so exactly on it the alarm still stands.
            too_high = above is not None and (
                number > above if o.clear is None else number >= above
            )
            too_low = below is not None and (
                number < below if o.clear_below is None else number <= below
            )
            return too_high or too_low
        return (above is not None and number > above) or (below is not None and number < below)

    def words(self, value: Value) -> dict[str, tuple[str, str]]:
        high = self.options.above is not None and float(value) > self.options.above
        high = high or self.options.below is None
        limit = self.options.above if high else self.options.below
        return {
            "side": ("高于", "above") if high else ("低于", "below"),
            "limit": (value_text(limit, self._limit_unit, "zh"),
                      value_text(limit, self._limit_unit, "en")),
        }  # fmt: skip

    @property
    def _limit_unit(self) -> str:
        from devices.kinds import KINDS

        kinds = self.file.select.kinds
        return KINDS[kinds[0]].unit if kinds else ""

    def bounds(self) -> Sequence[Bound]:
        severity = self.file.severity
        pairs = ((self.options.above, "above"), (self.options.below, "below"))
        return [Bound(v, side, severity) for v, side in pairs if v is not None]
