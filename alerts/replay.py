"""Replay: the very rules and lifecycle of the engine over readings of any time, without a book."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.book import Changes
from alerts.casebook import Casebook
from alerts.fittings import Fittings
from alerts.judge import SWEEP, Judge
from alerts.model import Alert, AlertState, Severity, Transition, Verdict
from alerts.mute import Mutes
from alerts.order import WorkOrder
from alerts.plan import Plan
from alerts.rule import Outcome, Rule
from alerts.timers import dead_node
from alerts.view import LiveView
from alerts.workorders import WorkOrders
from devices.catalog import Site
from devices.model import ClockState, NodeId, NodeState, NodeStatus, Reading

SIGN_OF_LIFE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What would have happened, in order."""

    transitions: list[Transition]
    orders: list[WorkOrder]


class Replay:
    """Time goes by as readings come; nodes live, but for those that are told of."""

    def __init__(
        self, site: Site, plan: Plan, start: datetime, tick: timedelta, told: Iterable[str] = ()
    ) -> None:
        """`told` are the nodes of which only `say` gives signs of life."""
        self.now = start
        self.happened = Outcomes([], [])
        self._tick = tick
        self._view = LiveView(site, start)
        self._judge = Judge(plan, self._view, {}, SWEEP if tick < SWEEP else 30 * tick)
        self._site = site
        self._cases = Casebook(site, plan, (), lambda id: None, Mutes(site, ()))
        self._orders = WorkOrders(site, (), 0, Fittings(site, (), ()), lambda id: None)
        self._living = [node for node in site.nodes if node not in set(told)]
        self._alive_at = start
        self._number = 0

    def play(self, readings: Iterable[Reading]) -> None:
        """In the order of their times."""
        for reading in readings:
            self.advance(reading.at)
            self._take(self._judge.check(reading, reading.at), reading.at)

    def say(self, node: NodeId, status: NodeStatus, at: datetime) -> None:
        """What a node says of itself."""
        self.advance(at)
        self._view.status(node, status, False, at)

    def leave_untold(self, node: NodeId, count: int, at: datetime) -> None:
        """So many alerts of a node reach nobody from then on."""
        self.advance(at)
        alert = Alert(
            "replay", "", "", Severity.INFO, "", node, None, "", AlertState.UNACKNOWLEDGED, at,
            "", "",
        )  # fmt: skip
        self._view.learn_untold([alert] * count)

    def advance(self, until: datetime) -> None:
        """Let time pass, with every tick that the engine would have made."""
        while self.now + self._tick <= until:
            self.now += self._tick
            if self.now - self._alive_at >= SIGN_OF_LIFE:
                self._alive_at = self.now
                for node in self._living:
                    self._status(node, NodeState.ONLINE, self.now)
            self._take(self._judge.tick(self.now), self.now, by_time=True)

    def _status(self, node: NodeId, state: NodeState, at: datetime) -> None:
        status = NodeStatus(state, "replay", at, clock=ClockState.SYNCED)
        self._view.status(node, status, False, at)

    def _take(
        self, verdicts: Iterable[tuple[Rule, Verdict]], now: datetime, by_time: bool = False
    ) -> None:
        for rule, verdict in verdicts:
            if rule.outcome is Outcome.ALERT:
                changes = Changes()
                cause = dead_node(self._site, verdict.key, self._view, now) if by_time else ""
                self._cases.take(rule, verdict, changes, now, cause)
                self.happened.transitions.extend(changes.transitions)
                if not rule.order_fault:
                    continue
                verdict = replace(verdict, fault=rule.order_fault)
            self._number += 1
            steps = self._orders.fault(verdict, f"replay-{self._number}", self._view, now)
            self.happened.orders.extend(order for order, _ in steps)
