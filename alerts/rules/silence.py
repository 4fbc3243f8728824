"""Silence: a node that is offline or gives no sign of life; one alert hides all its points."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.faultlore import NODE_SILENT
from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Rule, Step, View, Watches
from devices.model import NodeId


@dataclass(frozen=True, slots=True)
class Options:
    """`after_s` without status or reading, or `offline_s` after it said (or the broker said for
    it) that it is offline, whichever is sooner."""

    after_s: Seconds = 180.0
    offline_s: Seconds = 60.0


@RULES.register("silence")
class Silence(Rule):
    """Raised for a node, not for its points, with one work order beside the alert. Not judged while
    the broker cannot be reached."""

    Options = Options
    order_fault = NODE_SILENT
    watches = Watches.NODES
    always_ticks = True

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        node = view.node(NodeId(key))
        after = timedelta(seconds=self.options.after_s)
        quiet = now - max(node.heard, view.started) >= after
        gone = node.offline_since is not None and (
            now - node.offline_since >= timedelta(seconds=self.options.offline_s)
        )
        if memory.breached:
            if node.online and now - node.heard < after:
                return Memory(now), self.verdict(key, False, now)
            return None
        if view.deaf or not self.applies(now) or not (quiet or gone):
            return None
        memory = replace(memory, at=now, since=node.heard, breached=True)
        return memory, self.verdict(key, True, now, since=node.heard)
