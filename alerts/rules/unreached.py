"""Unreached: an alert called for somebody, and no message about it went out; an alarm in itself."""

from dataclasses import dataclass
from datetime import datetime

from alerts.rule import RULES, Memory, Rule, Step, View, Watches
from devices.model import NodeId


@dataclass(frozen=True, slots=True)
class Options:
    """None: how long is `telling.nobody_after_s`, for all alerts alike."""


@RULES.register("unreached")
class Unreached(Rule):
    """One for each node whose points' alerts reach nobody; it clears when they are told,
    acknowledged or over. `{value}` is how many there are."""

    Options = Options
    watches = Watches.NODES
    always_ticks = True

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        count = view.untold(NodeId(key), self.file.id)
        if bool(count) is memory.breached:
            return None
        if not count:
            return Memory(now), self.verdict(key, False, now)
        verdict = self.verdict(key, True, now, value=count)
        return Memory(now, since=now, breached=True), verdict
