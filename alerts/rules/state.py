"""State: a text value, such as open or wet, that holds for a while in a part of the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alerts.holding import HoldingRule
from alerts.plan_words import Seconds
from alerts.rule import RULES, no_values
from devices.model import Value, ValueType


@dataclass(frozen=True, slots=True)
class Options:
    """`equals` is the value that must not be; 0 seconds of `hold_s` tell of it at once."""

    equals: str
    hold_s: Seconds = 0.0


@RULES.register("state")
class State(HoldingRule):
    """Raised when the value equals `equals` for `hold_s` seconds; also where it was so already
    when the rule's part of the day begins."""

    Options = Options
    value_types = (ValueType.TEXT,)

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        return no_values([options.equals], kinds)

    def holds(self, value: Value, breached: bool) -> bool:
        return bool(value == self.options.equals)
