"""The life of an alert by ISA-18.2: verdict or deed, alert and now give the transition; pure.

    (nothing) --raised--> unacknowledged --acknowledged--> acknowledged --returned--> closed
                          unacknowledged --returned--> returned --acknowledged--> closed
    where the rule latches, latched stands before closed, until somebody says how it ended
    any open state --shelved--> shelved --time over--> unacknowledged, or closed where it is over
    suppressed (its cause is told of) and out of service (by people) are left the same way

No data never clears: the alert keeps its state and is marked. What rises in severity or happens
again wants a new acknowledgement, so that no acknowledged alert hides a new occurrence; and an
acknowledgement expires while the condition holds.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.model import Alert, AlertState, Deed, Ending, Transition, Verdict
from devices.errors import CampusError

_QUIET = (AlertState.SHELVED, AlertState.SUPPRESSED, AlertState.OUT_OF_SERVICE)
"""Who is in one of these stays there, whatever the condition does."""

LONGEST_SHELF = timedelta(days=7)
"""A shelf that nobody remembers is how alarms get lost; our own figure."""


class NotPossible(CampusError, ValueError):
    """A deed that does not fit the alert's state; the text says why, in both languages."""


def _step(
    alert: Alert, was: AlertState | None, why: Deed, now: datetime, who: str = "", note: str = ""
) -> Transition:
    alert = replace(alert, changed_at=now)
    if why.calls and alert.state.waits:
        alert = replace(alert, called_at=now, reminded_at=None, escalated=0)
    return Transition(alert, was, alert.state, now, why, who, note)


def raised(alert: Alert, now: datetime) -> Transition:
    """The first step of a new alert; it may be born suppressed or out of service."""
    born = {AlertState.SUPPRESSED: Deed.SUPPRESSED, AlertState.OUT_OF_SERVICE: Deed.OUT_OF_SERVICE}
    return _step(alert, None, born.get(alert.state, Deed.RAISED), now)


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
    if why is Deed.AGAIN:
        fresh = replace(fresh, occurrences=alert.occurrences + 1)
    if alert.state not in _QUIET:
        fresh = replace(fresh, state=AlertState.UNACKNOWLEDGED, ending=None)
    return _step(fresh, alert.state, why, now)


def _returned(alert: Alert, verdict: Verdict, now: datetime) -> Transition | None:
    if not alert.active:
        return None
    fresh = replace(alert, no_data=False, active=False, returned_at=verdict.at)
    if verdict.value is not None:
        fresh = replace(fresh, value=verdict.value)
    match alert.state:
        case AlertState.ACKNOWLEDGED:
            fresh = _over(fresh, now)
        case AlertState.UNACKNOWLEDGED:
            fresh = replace(fresh, state=AlertState.RETURNED)
        case AlertState.SUPPRESSED | AlertState.OUT_OF_SERVICE:
            fresh = replace(fresh, state=AlertState.CLOSED, closed_at=now)
    return _step(fresh, alert.state, Deed.RETURNED, now)


def _over(alert: Alert, now: datetime) -> Alert:
    """Seen and back to normal: closed, unless somebody still has to look at the place."""
    if alert.latches and alert.ending is None:
        return replace(alert, state=AlertState.LATCHED)
    return replace(alert, state=AlertState.CLOSED, closed_at=now)


def acknowledge(alert: Alert, who: str, note: str, now: datetime) -> Transition | None:
    """Somebody has seen it; None where that is known already. Raises NotPossible."""
    if alert.state is AlertState.CLOSED:
        raise NotPossible("告警已经结束，不用再确认 (the alert is over already)")
    if alert.state in (AlertState.ACKNOWLEDGED, AlertState.LATCHED):
        return None
    if alert.state is AlertState.OUT_OF_SERVICE:
        raise NotPossible("测点已停用，不用确认 (the point is out of service)")
    fresh = replace(
        alert, acknowledged_at=now, acknowledged_by=who, note=note or alert.note,
        shelved_until=None, state=AlertState.ACKNOWLEDGED,
    )  # fmt: skip
    if not alert.active:
        fresh = _over(fresh, now)
    return _step(fresh, alert.state, Deed.ACKNOWLEDGED, now, who, note)


def conclude(alert: Alert, ending: Ending, who: str, note: str, now: datetime) -> Transition:
    """Somebody who was there says what it turned out to be; also on an alert that is over.

    It acknowledges what nobody has acknowledged, and it is the inspection of what latches.
    Raises NotPossible.
    """
    if ending is Ending.FALSE_ALARM and not note:
        raise NotPossible("误报要写明原因 (a false alarm needs a reason)")
    fresh = replace(alert, ending=ending, ended_by=who, ended_at=now, note=note or alert.note)
    if alert.state is not AlertState.CLOSED:
        if alert.acknowledged_at is None or alert.state.waits:
            fresh = replace(fresh, acknowledged_at=now, acknowledged_by=who)
        fresh = replace(fresh, state=AlertState.ACKNOWLEDGED, shelved_until=None)
        if not alert.active:
            fresh = _over(fresh, now)
    return _step(fresh, alert.state, Deed.ENDED, now, who, note)


def expire(alert: Alert, after: timedelta, now: datetime) -> Transition | None:
    """An acknowledgement of long ago calls again while the condition holds."""
    at = alert.acknowledged_at
    if alert.state is not AlertState.ACKNOWLEDGED or not alert.active or at is None:
        return None
    if not after or now - at < after:
        return None
    return _step(replace(alert, state=AlertState.UNACKNOWLEDGED), alert.state, Deed.EXPIRED, now)


def remind(alert: Alert, every: timedelta, now: datetime) -> Transition | None:
    """What waits for an answer is told again, and again."""
    last = alert.reminded_at or alert.called_at
    if not alert.state.waits or last is None or not every or now - last < every:
        return None
    return _step(replace(alert, reminded_at=now), alert.state, Deed.REMINDED, now)


def escalate(alert: Alert, after: timedelta, now: datetime) -> Transition | None:
    """The next step of the escalation, `after` so long without an answer."""
    if not alert.state.waits or alert.called_at is None or now - alert.called_at < after:
        return None
    fresh = replace(alert, escalated=alert.escalated + 1)
    return _step(fresh, alert.state, Deed.ESCALATED, now)


def resume(alert: Alert, now: datetime) -> Transition | None:
    """The maintenance there is over: what still waits calls anew."""
    return _step(alert, alert.state, Deed.RESUMED, now) if alert.state.waits else None


def quiet(alert: Alert, state: AlertState, why: Deed, by: str, now: datetime) -> Transition | None:
    """Suppressed by its cause, or taken out of service, while it is open."""
    if alert.state is state or not alert.state.open:
        return None
    return _step(replace(alert, state=state, suppressed_by=by), alert.state, why, now)


def speak_again(alert: Alert, why: Deed, now: datetime) -> Transition:
    """No longer suppressed, or in service again: it calls where its condition still holds."""
    fresh = replace(alert, suppressed_by="", state=AlertState.UNACKNOWLEDGED)
    if not alert.active:
        fresh = replace(fresh, state=AlertState.CLOSED, closed_at=now)
    return _step(fresh, alert.state, why, now)


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
