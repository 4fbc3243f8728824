"""Casebook: the open alerts in memory, one for each rule and key, and how verdicts change them."""

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from alerts import lifecycle
from alerts.book import Changes
from alerts.model import Alert, AlertState, Deed, Transition, Verdict
from alerts.mute import Mutes
from alerts.plan import Plan
from alerts.rule import Rule
from devices.catalog import Site
from devices.model import PointId

CALLS_KEPT = 100


class Casebook:
    """Kept by the one thread that judges; what changed is handed out to be saved."""

    def __init__(
        self,
        site: Site,
        plan: Plan,
        open_alerts: Iterable[Alert],
        closed: Callable[[str], Alert | None],
        mutes: Mutes,
    ) -> None:
        self._site = site
        self._plan = plan
        self._mutes = mutes
        self._calls: dict[tuple[str, str], deque[datetime]] = {}
        """When each rule and key raised its last alerts, to know chatter by."""
        self._open = {alert.id: alert for alert in open_alerts}
        self._by_key = {(alert.rule, alert.key): alert.id for alert in self._open.values()}
        self._closed = closed

    def __iter__(self) -> Iterator[Alert]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def has(self, rule: str, key: str) -> bool:
        """Whether an alert of that rule and key is open."""
        return (rule, key) in self._by_key

    def get(self, id: str) -> Alert | None:
        """An open alert."""
        return self._open.get(id)

    def adopt(self, plan: Plan) -> None:
        """Another version of the plan is at work."""
        self._plan = plan

    def find(self, id: str) -> Alert | None:
        """An alert, also one that is over."""
        return self._open.get(id) or self._closed(id)

    def keep(self, transition: Transition, changes: Changes) -> None:
        alert = transition.alert
        changes.transitions.append(transition)
        if transition.why in (Deed.RAISED, Deed.AGAIN):
            calls = self._calls.setdefault((alert.rule, alert.key), deque(maxlen=CALLS_KEPT))
            calls.append(transition.at)
        if alert.state.open:
            self._open[alert.id] = alert
            self._by_key[alert.rule, alert.key] = alert.id
        elif self._open.pop(alert.id, None) is not None:
            self._by_key.pop((alert.rule, alert.key), None)

    def chatters(self, alert: Alert, now: datetime) -> bool:
        """Whether it came so often within so short a time that telling helps nobody."""
        telling = self._plan.file.telling
        since = now - timedelta(seconds=telling.chatter_within_s)
        calls = self._calls.get((alert.rule, alert.key), ())
        return sum(1 for at in calls if at > since) >= telling.chatter_times

    def take(
        self, rule: Rule, verdict: Verdict, changes: Changes, now: datetime, cause: str = ""
    ) -> None:
        """What a verdict makes of the alert of its rule and key, or a new one; `cause` is what is
        told of instead."""
        id = self._by_key.get((verdict.rule, verdict.key))
        if id is not None:
            transition = lifecycle.advance(self._open[id], verdict, now)
        elif verdict.breached:
            transition = lifecycle.raised(self._alert(rule, verdict, now, cause), now)
        else:
            return
        if transition is not None:
            self.keep(transition, changes)

    def _alert(self, rule: Rule, verdict: Verdict, now: datetime, cause: str) -> Alert:
        state = AlertState.SUPPRESSED if cause else AlertState.UNACKNOWLEDGED
        muted = self._mutes.out_of_service(verdict.rule, verdict.key, now)
        if muted is not None:
            state, cause = AlertState.OUT_OF_SERVICE, f"mute:{muted.id}"
        late = timedelta(seconds=self._plan.file.telling.late_after_s)
        point = PointId(verdict.key) if PointId(verdict.key) in self._site.points else None
        return Alert(
            id=secrets.token_hex(8), rule=verdict.rule, plan_version=self._plan.version,
            severity=verdict.severity or rule.file.severity, area=rule.file.area.value,
            key=verdict.key, point=point, place=self._plan.place_of(verdict.key),
            state=state, raised_at=verdict.at,
            text=verdict.text, text_en=verdict.text_en, value=verdict.value,
            latches=rule.file.latch, late=now - verdict.at > late, suppressed_by=cause,
        )  # fmt: skip

    def drop_unwatched(self, changes: Changes, now: datetime) -> None:
        """Alerts whose rule or point the plan has no more: nothing could ever clear them."""
        for alert in self:
            rule = self._plan.rule(alert.rule)
            if rule is None or alert.key not in self._plan.keys(rule):
                gone = Verdict(alert.rule, alert.key, False, now)
                transition = lifecycle.advance(alert, gone, now)
                if transition is not None:
                    self.keep(transition, changes)
