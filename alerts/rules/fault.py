"""Fault: a sensor that is silent while its node lives, or says what cannot be; IT mends it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from alerts.plan_words import Seconds
from alerts.rule import RULES, Memory, Outcome, Rule, Step, View
from devices.checking import Limits
from devices.model import NodeId, PointId, Quality, Reading

SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Options:
    """Bad readings for `hold_s` seconds open a work order, good ones for `recover_s` end it.

    Silent is a point without a reading for `silent_times` its kind's time until stale, while its
    node speaks.
    """

    hold_s: Seconds = 60.0
    recover_s: Seconds = 300.0
    silent_times: Annotated[float, Limits(ge=1, le=100)] = 1.0


@RULES.register("fault")
class Fault(Rule):
    """Leads to a work order and to no alarm; the point's alarms stay as they are, without data."""

    Options = Options
    outcome = Outcome.WORK_ORDER
    always_ticks = True
    ticks_in_breach = False
    needs_good_data = False

    def check(self, reading: Reading, memory: Memory, view: View) -> Step | None:
        at = reading.at
        if reading.quality is Quality.WARMING:
            return None
        if reading.quality.usable:
            return self._good(reading, memory)
        fault = reading.quality.value
        if memory.breached:
            if memory.good_since is None:
                return None
            return replace(memory, at=at, good_since=None), None
        if memory.since is None or memory.fault != fault:
            memory = Memory(at, at, fault=fault)
            if self.options.hold_s:
                return memory, None
        assert memory.since is not None
        if at - memory.since < timedelta(seconds=self.options.hold_s):
            return None
        return self._broken(reading.point, at, memory, fault, reading)

    def _good(self, reading: Reading, memory: Memory) -> Step | None:
        at = reading.at
        if not memory.breached:
            return (Memory(at), None) if memory.since is not None else None
        if memory.good_since is None:
            memory = replace(memory, at=at, good_since=at)
            if self.options.recover_s:
                return memory, None
        assert memory.good_since is not None
        if at - memory.good_since < timedelta(seconds=self.options.recover_s):
            return None
        return Memory(at), self.verdict(reading.point, False, at, fault=memory.fault)

    def tick(self, key: str, memory: Memory, now: datetime, view: View) -> Step | None:
        point = PointId(key)
        stale = self.stale_after(point)
        if stale is None:
            return None
        node, heard = view.node(NodeId(self.site.points[point].node)), view.heard(point)
        patience = stale * self.options.silent_times
        # Measured by the node's last word, not by now: a dead node makes no point silent.
        if heard is not None and node.heard - heard <= patience:
            return None
        since = max(heard or view.started, node.online_since, view.started)
        if not node.online or node.heard - since <= patience:
            return None
        if memory.breached:
            recovering = memory.good_since is not None
            return (replace(memory, at=now, good_since=None), None) if recovering else None
        return self._broken(key, now, Memory(now, since), SILENT, view.newest(point))

    def _broken(
        self, key: str, at: datetime, memory: Memory, fault: str, last: Reading | None
    ) -> Step:
        since = memory.since
        memory = Memory(at, since, True, fault=fault)
        value = last.value if last else None
        return memory, self.verdict(key, True, at, value=value, since=since, fault=fault)
