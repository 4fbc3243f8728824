"""School days, windows over midnight, holidays and make-up days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.calendar import Calendar
from alerts.plan_file import CalendarFile, MakeUp, Period, Span, Window
from alerts.plan_words import Days, Weekday

HERE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(
    CalendarFile(
        closed=(Span(date(2026, 3, 4), date(2026, 3, 4), "运动会", "Sports day"),),
        open=(Span(date(2026, 3, 7), date(2026, 3, 7), "开放日", "Open day"),),
        windows={
            "night": Window(time(18, 30), time(6, 30), "夜间", "night"),
            "check": Window(time(18), time(6, 30), "断电", "check", Days.SCHOOL),
        },
        period=(Period("第1节", time(8, 20), time(9, 0), "Lesson 1"),),
    ),
    HERE,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HERE).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "school"),
    [
        ("2026-03-03", True), ("2026-03-01", False), ("2026-10-01", False), ("2026-10-08", True),
        ("2026-03-04", False), ("2026-03-07", True), ("2026-02-14", True),
    ],
)  # fmt: skip
def test_holidays_make_up_days_and_the_schools_own_exceptions(day: str, school: bool) -> None:
    assert CALENDAR.day(date.fromisoformat(day)).school is school


def test_a_year_that_the_public_calendar_does_not_know_goes_by_the_weekday() -> None:
    monday = CALENDAR.day(date(2040, 1, 2))
    assert monday.school
    assert "2040" in monday.reason_en


@pytest.mark.parametrize(
    ("moment", "night", "check"),
    [
        ("2026-03-03T18:29:59", False, True), ("2026-03-03T18:30:00", True, True),
        ("2026-03-04T06:29:59", True, True), ("2026-03-04T06:30:00", False, False),
        ("2026-03-04T19:00:00", True, False), ("2026-03-05T03:00:00", True, False),
    ],
)  # fmt: skip
def test_a_window_over_midnight_belongs_to_the_day_it_began_on(
    moment: str, night: bool, check: bool
) -> None:
    assert CALENDAR.active(("night",), (), at(moment)) is night
    assert CALENDAR.active(("check",), (), at(moment)) is check


def test_the_preview_gives_the_stretches_in_which_a_rule_is_at_work() -> None:
    start = at("2026-03-03T12:00:00")
    found = CALENDAR.changes(("check",), (), start, start + timedelta(days=3))
    assert found == [
        (at("2026-03-03T18:00:00"), at("2026-03-04T06:30:00")),
        (at("2026-03-05T18:00:00"), at("2026-03-06T06:30:00")),
    ]


def test_the_head_of_a_page_names_the_lesson_the_window_or_the_day() -> None:
    assert CALENDAR.moment(at("2026-03-03T08:30:00")).name == "第1节"
    assert CALENDAR.moment(at("2026-03-03T23:00:00")).name_en == "night"
    assert CALENDAR.moment(at("2026-03-04T12:00:00")).name == "运动会"


def a_calendar(**given: object) -> Calendar:
    return Calendar(CalendarFile(**given), HERE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "school"),
    [("2021-04-25", True), ("2021-05-08", True), ("2021-05-03", False), ("2021-05-09", False)],
)
def test_the_make_up_days_of_2021_are_school_days(day: str, school: bool) -> None:
    assert a_calendar().day(date.fromisoformat(day)).school is school


def test_out_of_term_there_is_no_school_but_where_the_school_says_so() -> None:
    calendar = a_calendar(
        term=(Span(date(2026, 3, 2), date(2026, 6, 30)),),
        open=(Span(date(2026, 8, 28), date(2026, 8, 28), "返校"),),
    )
    assert calendar.day(date(2026, 3, 2)).school
    assert not calendar.day(date(2026, 7, 1)).school
    assert calendar.day(date(2026, 7, 1)).reason_en == "out of term"
    assert calendar.day(date(2026, 8, 28)).school


def test_a_make_up_day_goes_by_the_timetable_of_the_day_it_makes_up_for() -> None:
    friday, sunday = (Weekday.FRIDAY,), date(2021, 4, 25)
    care = Window(time(16), time(18), "课后", days=Days.SCHOOL, weekdays=friday)
    lesson = Period("第7节", time(15), time(15, 40), weekdays=friday)
    monday = a_calendar(
        windows={"care": care}, period=(lesson,), make_up=(MakeUp(sunday, Weekday.MONDAY),)
    )
    as_friday = a_calendar(
        windows={"care": care}, period=(lesson,), make_up=(MakeUp(sunday, Weekday.FRIDAY),)
    )
    unsaid = a_calendar(windows={"care": care}, period=(lesson,))
    assert not monday.holds("care", at("2021-04-25T17:00"))
    assert as_friday.holds("care", at("2021-04-25T17:00"))
    assert unsaid.holds("care", at("2021-04-25T17:00"))
    assert monday.moment(at("2021-04-25T15:10")).name == "调休上课"
    assert as_friday.moment(at("2021-04-25T15:10")).name == "第7节"
    assert not unsaid.holds("care", at("2021-04-26T17:00"))


def test_where_the_clocks_are_changed_a_window_keeps_its_local_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Calendar(CalendarFile(windows={"night": Window(time(22), time(6), "夜间")}), berlin)
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    ((began, ended),) = night.changes(("night",), (), spring, spring + timedelta(days=1))
    assert ended - began == timedelta(hours=7)
    ((began, ended),) = night.changes(("night",), (), autumn, autumn + timedelta(days=1))
    assert ended - began == timedelta(hours=9)
