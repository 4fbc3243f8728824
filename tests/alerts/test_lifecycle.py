"""The life of an alert, step by step, without clock or book."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts import lifecycle
from alerts.lifecycle import NotPossible
from alerts.model import Alert, AlertState, Deed, Severity, Verdict

NOW = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
RAISED = Alert(
    "a1", "FOOD-01", "v1", Severity.WARNING, "food", "p", None, "kitchen",
    AlertState.UNACKNOWLEDGED, NOW, "文", "text", 9.2,
)  # fmt: skip


def verdict(breached: bool | None, severity: Severity | None = None) -> Verdict:
    return Verdict("FOOD-01", "p", breached, LATER, 9.9, "新", "new", severity)


ACKNOWLEDGED = replace(RAISED, state=AlertState.ACKNOWLEDGED)
RETURNED = replace(RAISED, state=AlertState.RETURNED, active=False)
SHELVED = replace(RAISED, state=AlertState.SHELVED, shelved_until=LATER)
CLOSED = replace(RAISED, state=AlertState.CLOSED, active=False)


@pytest.mark.parametrize(
    ("before", "breached", "state", "why"),
    [
        (RAISED, False, AlertState.RETURNED, Deed.RETURNED),
        (ACKNOWLEDGED, False, AlertState.CLOSED, Deed.RETURNED),
        (SHELVED, False, AlertState.SHELVED, Deed.RETURNED),
        (RETURNED, True, AlertState.UNACKNOWLEDGED, Deed.AGAIN),
        (replace(SHELVED, active=False), True, AlertState.SHELVED, Deed.AGAIN),
        (RAISED, None, AlertState.UNACKNOWLEDGED, Deed.NO_DATA),
        (ACKNOWLEDGED, None, AlertState.ACKNOWLEDGED, Deed.NO_DATA),
        (replace(RAISED, no_data=True), True, AlertState.UNACKNOWLEDGED, Deed.DATA_BACK),
    ],
)  # fmt: skip
def test_a_verdict_takes_an_alert_one_step(
    before: Alert, breached: bool | None, state: AlertState, why: Deed
) -> None:
    step = lifecycle.advance(before, verdict(breached), LATER)
    assert step is not None
    assert (step.now_is, step.why, step.was) == (state, why, before.state)
    assert step.alert.changed_at == LATER


@pytest.mark.parametrize(
    ("before", "breached"),
    [(RAISED, True), (ACKNOWLEDGED, True), (RETURNED, False), (RETURNED, None),
     (replace(RAISED, no_data=True), None)],
)  # fmt: skip
def test_what_is_known_already_is_no_step(before: Alert, breached: bool | None) -> None:
    assert lifecycle.advance(before, verdict(breached), LATER) is None


def test_no_data_is_never_normal() -> None:
    step = lifecycle.advance(RAISED, verdict(None), LATER)
    assert step is not None
    assert step.alert.active
    assert step.alert.no_data


def test_a_rise_wants_a_new_acknowledgement_and_a_fall_does_not() -> None:
    risen = lifecycle.advance(ACKNOWLEDGED, verdict(True, Severity.MAJOR), LATER)
    assert risen is not None
    assert (risen.why, risen.now_is) == (Deed.RISEN, AlertState.UNACKNOWLEDGED)
    assert risen.alert.text == "新"
    assert lifecycle.advance(ACKNOWLEDGED, verdict(True, Severity.INFO), LATER) is None


def test_acknowledging_names_who_and_when_and_closes_what_is_over() -> None:
    step = lifecycle.acknowledge(RAISED, "李师傅", "关好了", LATER)
    assert step is not None
    assert step.alert.acknowledged_by == "李师傅"
    assert step.alert.acknowledged_at == LATER
    assert step.note == "关好了"
    over = lifecycle.acknowledge(RETURNED, "李师傅", "", LATER)
    assert over is not None
    assert over.now_is is AlertState.CLOSED
    assert lifecycle.acknowledge(ACKNOWLEDGED, "x", "", LATER) is None
    with pytest.raises(NotPossible, match="already"):
        lifecycle.acknowledge(CLOSED, "x", "", LATER)


def test_a_shelf_has_a_reason_and_an_end_and_comes_back() -> None:
    step = lifecycle.shelve(RAISED, LATER, "王", "检修", NOW)
    assert step.now_is is AlertState.SHELVED
    assert lifecycle.unshelve(step.alert, NOW) is None
    back = lifecycle.unshelve(step.alert, LATER)
    assert back is not None
    assert (back.now_is, back.why.calls) == (AlertState.UNACKNOWLEDGED, True)
    over = lifecycle.unshelve(replace(step.alert, active=False), LATER)
    assert over is not None
    assert over.now_is is AlertState.CLOSED


@pytest.mark.parametrize(
    ("until", "note", "alert"),
    [(LATER, "", RAISED), (NOW, "x", RAISED), (NOW + timedelta(days=8), "x", RAISED),
     (LATER, "x", CLOSED)],
)  # fmt: skip
def test_a_shelf_that_hides_for_ever_or_without_reason_is_refused(
    until: datetime, note: str, alert: Alert
) -> None:
    with pytest.raises(NotPossible):
        lifecycle.shelve(alert, until, "王", note, NOW)
