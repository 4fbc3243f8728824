"""The life of an alert by ISA-18.2: verdict or deed, alert and now give the transition; pure.

    (nothing) --raised--> unacknowledged --acknowledged--> acknowledged --returned--> closed
                          unacknowledged --returned--> returned --acknowledged--> closed
    any open state --shelved--> shelved --time over--> unacknowledged, or closed where it is over

No data never clears: the alert keeps its state and is marked. What rises in severity or happens
again wants a new acknowledgement, so that no acknowledged alert hides a new occurrence.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.model import Alert, AlertState, Deed, Transition, Verdict
from devices.errors import CampusError

LONGEST_SHELF = timedelta(days=7)
"""A shelf that nobody remembers is how alarms get lost; our own figure."""


class NotPossible(CampusError, ValueError):
    """A deed that does not fit the alert's state; the text says why, in both languages."""


def _step(
    alert: Alert, was: AlertState | None, why: Deed, now: datetime, who: str = "", note: str = ""
) -> Transition:
    alert = replace(alert, changed_at=now)
    return Transition(alert, was, alert.state, now, why, who, note)


def raised(alert: Alert, now: datetime) -> Transition:
    """The first step of a new alert."""
    return _step(alert, None, Deed.RAISED, now)


def advance(alert: Alert, verdict: Verdict, now: datetime) -> Transition | None:
    """What a verdict of the alert's own rule and key changes; None where it changes nothing."""
    if verdict.breached is None:
        if alert.no_data or not alert.active:
            return None
        return _step(replace(alert, no_data=True), alert.state, Deed.NO_DATA, now)
    if verdict.breached:
        return _breached(alert, verdict, now)
    return _returned(alert, verdict, now)


def _breached(alert: Alert, verdict: Verdict, now: datetime) -> Transition | None:
    severity = verdict.severity or alert.severity
    risen = severity.rank < alert.severity.rank
    fresh = replace(
        alert, no_data=False, active=True, returned_at=None, value=verdict.value,
        severity=severity, text=verdict.text or alert.text,
        text_en=verdict.text_en or alert.text_en,
    )  # fmt: skip
    if alert.active and not risen:
        if not alert.no_data:
            return None
        return _step(fresh, alert.state, Deed.DATA_BACK, now)
    why = Deed.RISEN if risen and alert.active else Deed.AGAIN
    if alert.state is not AlertState.SHELVED:
        fresh = replace(fresh, state=AlertState.UNACKNOWLEDGED)
    return _step(fresh, alert.state, why, now)


def _returned(alert: Alert, verdict: Verdict, now: datetime) -> Transition | None:
    if not alert.active:
        return None
    fresh = replace(alert, no_data=False, active=False, returned_at=verdict.at)
    if verdict.value is not None:
        fresh = replace(fresh, value=verdict.value)
    if alert.state is AlertState.ACKNOWLEDGED:
        fresh = replace(fresh, state=AlertState.CLOSED, closed_at=now)
    elif alert.state is AlertState.UNACKNOWLEDGED:
        fresh = replace(fresh, state=AlertState.RETURNED)
    return _step(fresh, alert.state, Deed.RETURNED, now)


def acknowledge(alert: Alert, who: str, note: str, now: datetime) -> Transition | None:
    """Somebody has seen it; None where that is known already. Raises NotPossible."""
    if alert.state is AlertState.CLOSED:
        raise NotPossible("告警已经结束，不用再确认 (the alert is over already)")
    if alert.state is AlertState.ACKNOWLEDGED:
        return None
    fresh = replace(
        alert, acknowledged_at=now, acknowledged_by=who, note=note or alert.note,
        shelved_until=None, state=AlertState.ACKNOWLEDGED,
    )  # fmt: skip
    if not alert.active:
        fresh = replace(fresh, state=AlertState.CLOSED, closed_at=now)
    return _step(fresh, alert.state, Deed.ACKNOWLEDGED, now, who, note)


def shelve(alert: Alert, until: datetime, who: str, note: str, now: datetime) -> Transition:
    """Put aside with a reason and an end. Raises NotPossible."""
    if alert.state is AlertState.CLOSED:
        raise NotPossible("告警已经结束，不能屏蔽 (the alert is over already)")
    if not note:
        raise NotPossible("屏蔽要写明原因 (shelving needs a reason)")
    if not now < until <= now + LONGEST_SHELF:
        raise NotPossible(
            f"屏蔽到期时间须在 {LONGEST_SHELF.days} 天以内 "
            f"(the end must lie within {LONGEST_SHELF.days} days)"
        )
    fresh = replace(alert, state=AlertState.SHELVED, shelved_until=until, note=note)
    return _step(fresh, alert.state, Deed.SHELVED, now, who, note)


def unshelve(alert: Alert, now: datetime) -> Transition | None:
    """Back from the shelf once its time is over; None before."""
    if alert.state is not AlertState.SHELVED or (alert.shelved_until or now) > now:
        return None
    if alert.active:
        fresh = replace(alert, state=AlertState.UNACKNOWLEDGED, shelved_until=None)
    else:
        fresh = replace(alert, state=AlertState.CLOSED, shelved_until=None, closed_at=now)
    return _step(fresh, alert.state, Deed.UNSHELVED, now)


def annotate(alert: Alert, who: str, note: str, now: datetime) -> Transition:
    """A note on what was found or done, also on an alert that is over. Raises NotPossible."""
    if not note:
        raise NotPossible("备注是空的 (the note is empty)")
    return _step(replace(alert, note=note), alert.state, Deed.NOTE, now, who, note)
