"""Timers: what time alone does to open alerts: shelves end, causes go, answers stay away."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from alerts import lifecycle
from alerts.book import Changes
from alerts.casebook import Casebook
from alerts.model import Alert, AlertState, Deed, Transition
from alerts.mute import Mutes
from alerts.plan import Plan
from alerts.rule import View
from devices.catalog import Site
from devices.model import NodeId, PointId

QUIET_NODE = timedelta(seconds=180)
"""A node without a sign of life for so long counts as dead: what rules say of its points by time
alone is suppressed. The same time as of the default rule for silent nodes; our own figure."""
SETTLING = timedelta(seconds=60)
"""So long after its node came back a point has had time to speak."""


def dead_node(site: Site, key: str, view: View, now: datetime) -> str:
    """The node that keeps a point from speaking, as a cause; empty where it lives."""
    point = site.points.get(PointId(key))
    if point is None or view.deaf:
        return ""
    node = view.node(NodeId(point.node))
    quiet = now - max(node.heard, view.started) >= QUIET_NODE
    return f"node:{point.node}" if quiet or not node.online else ""


class Timers:
    """Asked once a tick; every step goes through the casebook."""

    def __init__(self, site: Site, plan: Plan, cases: Casebook, mutes: Mutes, view: View) -> None:
        self._site, self._plan, self._cases = site, plan, cases
        self._mutes, self._view = mutes, view
        self._put_off: set[str] = set()
        """Alerts of which something fell due during maintenance."""

    def adopt(self, plan: Plan) -> None:
        """Another version of the plan is at work."""
        self._plan = plan

    def tick(self, changes: Changes, now: datetime, muffled: Iterable[str]) -> None:
        """`muffled` are the alerts that maintenance kept from being told."""
        muffled = set(muffled)
        self._put_off &= {alert.id for alert in self._cases}
        for alert in self._cases:
            for step in self._steps(alert, now, alert.id in muffled):
                self._cases.keep(step, changes)

    def _steps(self, alert: Alert, now: datetime, muffled: bool) -> Iterator[Transition]:
        """At most one a tick."""
        found = self._quiet(alert, now) or lifecycle.unshelve(alert, now)
        if found is None:
            found = self._due(alert, now, muffled)
        if found is not None:
            yield found

    def _due(self, alert: Alert, now: datetime, muffled: bool) -> Transition | None:
        """What falls due during maintenance is not made up for at its end, all at once: who was
        called first is called anew, and the climb counts from there."""
        if self._mutes.maintenance(alert.rule, alert.key, now):
            if self._unanswered(alert, now) is not None:
                self._put_off.add(alert.id)
            return None
        if alert.id in self._put_off:
            self._put_off.discard(alert.id)
            muffled = True
        again = lifecycle.resume(alert, now) if muffled else None
        return again or self._unanswered(alert, now)

    def _quiet(self, alert: Alert, now: datetime) -> Transition | None:
        out, state = self._mutes.out_of_service(alert.rule, alert.key, now), alert.state
        if out is not None:
            return lifecycle.quiet(
                alert, AlertState.OUT_OF_SERVICE, Deed.OUT_OF_SERVICE, f"mute:{out.id}", now
            )
        if state is AlertState.OUT_OF_SERVICE:
            return lifecycle.speak_again(alert, Deed.IN_SERVICE, now)
        if state is AlertState.SUPPRESSED and self._cause_is_gone(alert, now):
            return lifecycle.speak_again(alert, Deed.UNSUPPRESSED, now)
        return None

    def _cause_is_gone(self, alert: Alert, now: datetime) -> bool:
        if dead_node(self._site, alert.key, self._view, now):
            return False
        point = self._site.points.get(PointId(alert.key))
        if point is None:
            return True
        back = self._view.node(NodeId(point.node)).online_since
        newest = self._view.newest(PointId(point.id))
        return now - back >= SETTLING or (newest is not None and newest.at >= back)

    def _unanswered(self, alert: Alert, now: datetime) -> Transition | None:
        telling, severity = self._plan.file.telling, alert.severity
        expires = timedelta(seconds=telling.acknowledge_expires_s.get(severity, 0))
        every = timedelta(seconds=telling.repeat_s.get(severity, 0))
        steps = self._plan.escalation_of(alert, now)
        climbs = None
        if alert.escalated < len(steps):
            after = timedelta(seconds=steps[alert.escalated].after_s)
            climbs = lifecycle.escalate(alert, after, now)
        return (
            climbs or lifecycle.expire(alert, expires, now) or lifecycle.remind(alert, every, now)
        )
