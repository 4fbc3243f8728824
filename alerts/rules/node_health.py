"""Node health: under-voltage, a full or failing card, a clock that is not set, said by the node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View, Watches
from devices.checking import Limits
from devices.model import ClockState, NodeId, NodeStatus

LOW_POWER = 0x1
"""Bit 0 of `vcgencmd get_throttled`: under-voltage now (safety notes, §7)."""


@dataclass(frozen=True, slots=True)
class Options:
    """One of: `low_power`, `disk_below` (share of the disk that is free), `unsynced` (clock)."""

    low_power: bool = False
    disk_below: Annotated[float, Limits(gt=0, lt=1)] | None = None
    unsynced: bool = False
    hold_s: Seconds = 180.0


@RULES.register("node-health")
class NodeHealth(Rule):
    """Raised when the node has said so for `hold_s`; clears when it says otherwise. What a node
    does not measure (a small computer that is no Pi) is no trouble."""

    Options = Options
    watches = Watches.NODES
    always_ticks = True

    @classmethod
    def mistakes(cls, options: Any, kinds: Sequence[Any]) -> Sequence[tuple[str, str]]:
        given = (options.low_power, options.disk_below is not None, options.unsynced)
        if sum(given) != 1:
            return [("has not one condition", "give `low_power`, `disk_below` or `unsynced`")]
        return []

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        status = view.node(NodeId(key)).status
        bad = self._bad(status) if status is not None else None
        if bad is None or not self.applies(now):
            return None
        if not bad:
            if memory.breached:
                return Memory(now), self.verdict(key, False, now)
            return (Memory(now), None) if memory.since is not None else None
        if memory.breached:
            return None
        since = memory.since or now
        if now - since < timedelta(seconds=self.options.hold_s):
            return (Memory(now, since), None) if memory.since is None else None
        memory = replace(memory, at=now, breached=True)
        free = status.disk_free if status is not None else None
        value = round(100 * free) if self.options.disk_below is not None and free else None
        return memory, self.verdict(key, True, now, value=value, since=since)

    def _bad(self, status: NodeStatus) -> bool | None:
        o = self.options
        if o.unsynced:
            return status.clock is ClockState.UNSYNCED
        if o.disk_below is not None:
            return None if status.disk_free is None else status.disk_free < o.disk_below
        if not o.low_power:
            return None
        try:
            return bool(int(status.throttled, 16) & LOW_POWER) if status.throttled else None
        except ValueError:
            return None
