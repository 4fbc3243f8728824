"""The weekly alarm sheet, figure by figure, and the mend it computes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts import lifecycle
from alerts.health import alarm_health
from alerts.model import Alert, AlertState, Deed, Ending, Severity, Transition

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = timedelta(days=7)


def an_alert(id: str, at: datetime, key: str = "p", **more: object) -> Alert:
    alert = Alert(
        id, "R-1", "v", Severity.WARNING, "food", key, None, "kitchen",
        AlertState.UNACKNOWLEDGED, at, "文", "text",
    )  # fmt: skip
    return replace(alert, **more)  # type: ignore[arg-type]


class Week:
    """Alarms as they come and go."""

    def __init__(self) -> None:
        self.steps: list[Transition] = []
        self.alerts: list[Alert] = []

    def comes(self, after: timedelta, lasts: timedelta | None, key: str = "p") -> Alert:
        at = MONDAY + after
        alert = an_alert(f"a{len(self.alerts)}", at, key)
        self.steps.append(lifecycle.raised(alert, at))
        if lasts is not None:
            end = at + lasts
            alert = replace(
                alert, state=AlertState.CLOSED, active=False, acknowledged_at=at + lasts / 2,
                closed_at=end,
            )  # fmt: skip
            step = Transition(alert, AlertState.ACKNOWLEDGED, AlertState.CLOSED, end, Deed.RETURNED)
            self.steps.append(step)
        self.alerts.append(alert)
        return alert

    def sheet(self):  # type: ignore[no-untyped-def]
        steps = sorted(self.steps, key=lambda step: step.at)
        return alarm_health(steps, self.alerts, MONDAY, MONDAY + WEEK)


def test_a_calm_week_is_manageable() -> None:
    week = Week()
    for day in range(7):
        week.comes(timedelta(days=day, hours=8), timedelta(minutes=40))
    sheet = week.sheet()
    assert (sheet.alarms, sheet.per_day, sheet.busiest) == (7, 1.0, 1)
    assert sheet.manageable
    assert sheet.answered[Severity.WARNING].median_s == 20 * 60
    assert sheet.unended == 7
    assert sheet.standing == []


def test_eleven_in_ten_minutes_is_a_flood_until_fewer_than_five_come() -> None:
    week = Week()
    for second in range(0, 550, 50):
        week.comes(timedelta(hours=9, seconds=second), timedelta(seconds=30), f"p{second}")
    for minute in (12, 14, 16, 18, 30):
        week.comes(timedelta(hours=9, minutes=minute), timedelta(seconds=30), f"q{minute}")
    sheet = week.sheet()
    (flood,) = sheet.floods
    assert flood.start == MONDAY + timedelta(hours=9)
    assert flood.end < MONDAY + timedelta(hours=9, minutes=30)
    assert not sheet.manageable
    assert 0 < sheet.in_flood < 0.01


def test_ten_in_ten_minutes_is_none() -> None:
    week = Week()
    for second in range(0, 500, 50):
        week.comes(timedelta(hours=9, seconds=second), timedelta(seconds=30), f"p{second}")
    assert week.sheet().floods == []


def test_the_worst_is_named_with_the_hold_that_would_help() -> None:
    week = Week()
    for number in range(10):
        lasts = timedelta(minutes=2) if number < 6 else timedelta(hours=1)
        week.comes(timedelta(hours=2 * number), lasts, "door")
    week.comes(timedelta(hours=50), timedelta(hours=1), "fridge")
    sheet = week.sheet()
    worst = sheet.worst[0]
    assert (worst.key, worst.alarms, round(worst.share, 2)) == ("door", 10, 0.91)
    assert worst.mend is not None
    assert (worst.mend.hold, worst.mend.share) == (timedelta(minutes=3), 0.6)
    assert sheet.worst[1].mend is None


def test_three_in_a_minute_chatter_and_what_stands_for_a_day_is_named() -> None:
    week = Week()
    for second in (0, 20, 40):
        week.comes(timedelta(hours=9, seconds=second), timedelta(seconds=5), "reed")
    week.comes(timedelta(days=1), None, "old")
    sheet = week.sheet()
    assert sheet.chattering == 1
    assert sheet.worst[0].chattered
    assert [alert.key for alert in sheet.standing] == ["old"]


def test_endings_are_counted_and_exercises_are_not() -> None:
    alerts = [
        an_alert("a", MONDAY, ending=Ending.FALSE_ALARM, state=AlertState.CLOSED),
        an_alert("b", MONDAY, rule="DRILL-01", state=AlertState.CLOSED),
    ]
    steps = [lifecycle.raised(alert, MONDAY) for alert in alerts]
    sheet = alarm_health(steps, alerts, MONDAY, MONDAY + WEEK, ["DRILL-01"])
    assert sheet.endings == {Ending.FALSE_ALARM: 1}
    assert (sheet.alarms, sheet.unended) == (1, 0)
    assert [alert.id for alert in sheet.drills] == ["b"]
