"""The school's calendar: which days are school days and which named windows are open; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import chinese_calendar

from alerts.plan_file import CalendarFile, Span
from alerts.plan_words import Days, Weekday

ALWAYS = "always"
SCHOOL_DAY = "school-day"
NO_SCHOOL_DAY = "no-school-day"
CONDITIONS = (ALWAYS, SCHOOL_DAY, NO_SCHOOL_DAY)
"""What `when` and `unless` know beside the windows of the plan."""

LOOK_BACK = timedelta(days=9)
"""How far `began` looks for the start of a stretch; longer than any stretch of holidays counts."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Day:
    """Whether the school is open on a date, why, and by which weekday's timetable.

    None is a make-up day of which nobody has said: what counts on any weekday counts on it.
    """

    date: date
    school: bool
    reason: str
    reason_en: str
    timetable: Weekday | None = None

    def fits(self, weekdays: Sequence[Weekday]) -> bool:
        return not weekdays or self.timetable is None or self.timetable in weekdays


@dataclass(frozen=True, slots=True)
class Moment:
    """What is going on in the school now, in words."""

    day: Day
    name: str
    name_en: str


def within(start: time, end: time, local: datetime) -> date | None:
    """The date on which a stretch that holds `local` began; None outside of it."""
    now = local.time().replace(tzinfo=None)
    if start < end:
        return local.date() if start <= now < end else None
    if now >= start:
        return local.date()
    return local.date() - _DAY if now < end else None


class Calendar:
    """Answers for aware times; the site's time zone decides what 21:40 means."""

    def __init__(self, file: CalendarFile, timezone: tzinfo) -> None:
        self.file = file
        self.timezone = timezone
        self._days: dict[date, Day] = {}
        self._minutes: dict[tuple[Sequence[str], Sequence[str]], tuple[int, bool]] = {}

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.timezone)

    def day(self, on: date) -> Day:
        """Own exceptions first, then the public calendar, then the weekday where that is silent."""
        known = self._days.get(on)
        if known is None:
            known = self._judge(on)
            known = self._days[on] = replace(known, timetable=self._timetable(known))
        return known

    def _timetable(self, day: Day) -> Weekday | None:
        for make_up in self.file.make_up:
            if make_up.date == day.date:
                return make_up.timetable_of
        own = day.date.weekday()
        return None if day.school and own >= 5 else list(Weekday)[own]

    def _judge(self, on: date) -> Day:
        if span := _spanning(self.file.open, on):
            return Day(on, True, span.name or "学校安排上课", span.name_en or "set by the school")
        if span := _spanning(self.file.closed, on):
            return Day(on, False, span.name or "学校安排放假", span.name_en or "set by the school")
        if self.file.term and not _spanning(self.file.term, on):
            return Day(on, False, "不在学期内", "out of term")
        try:
            work = bool(chinese_calendar.is_workday(on))
        except NotImplementedError:
            return Day(
                on, on.weekday() < 5, f"{on.year}年放假安排未收录，按星期判断",
                f"the holidays of {on.year} are not known yet: judged by weekday",
            )  # fmt: skip
        if work == (on.weekday() < 5):
            return Day(on, work, "上课日" if work else "周末", "school day" if work else "weekend")
        return Day(
            on, work, "调休上课" if work else "法定节假日",
            "make-up day" if work else "public holiday",
        )  # fmt: skip

    def active(self, when: Sequence[str], unless: Sequence[str], at: datetime) -> bool:
        """Whether any of `when` and none of `unless` holds at `at`."""
        if not unless and ALWAYS in when:
            return True
        minute = int(at.timestamp()) // 60
        known = self._minutes.get((when, unless))
        if known is not None and known[0] == minute:
            return known[1]
        answer = any(self.holds(c, at) for c in when) and not any(self.holds(c, at) for c in unless)
        self._minutes[(when, unless)] = (minute, answer)
        return answer

    def holds(self, condition: str, at: datetime) -> bool:
        """One condition: always, school-day, no-school-day or a window of the plan."""
        if condition == ALWAYS:
            return True
        local = self.local(at)
        if condition in (SCHOOL_DAY, NO_SCHOOL_DAY):
            return self.day(local.date()).school is (condition == SCHOOL_DAY)
        window = self.file.windows[condition]
        on = within(window.start, window.end, local)
        if on is None or (window.days is Days.EVERY and not window.weekdays):
            return on is not None
        day = self.day(on)
        wanted = window.days is Days.EVERY or day.school is (window.days is Days.SCHOOL)
        return wanted and day.fits(window.weekdays)

    def name_of(self, when: Sequence[str], at: datetime) -> tuple[str, str]:
        """Chinese and English name of the first condition of `when` that holds."""
        for condition in when:
            if condition in self.file.windows and self.holds(condition, at):
                window = self.file.windows[condition]
                return window.name, window.name_en or window.name
        day = self.day(self.local(at).date())
        return ("上课日", "a school day") if day.school else ("非上课日", "a day without school")

    def began(self, when: Sequence[str], unless: Sequence[str], at: datetime) -> datetime:
        """When the stretch that holds at `at` began, at most LOOK_BACK ago."""
        if not unless and ALWAYS in when:
            return at - LOOK_BACK
        for edge in self._edges(at):
            if not self.active(when, unless, edge - _SECOND):
                return edge
        return at - LOOK_BACK

    def _edges(self, at: datetime) -> Sequence[datetime]:
        """Every moment before `at` at which a condition may change, newest first."""
        edges = self._edges_between(at - LOOK_BACK, at)
        return sorted((edge for edge in edges if edge <= at), reverse=True)

    def changes(
        self, when: Sequence[str], unless: Sequence[str], start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        """The stretches between `start` and `end` in which a rule with these words is at work."""
        edges = sorted({start, *(e for e in self._edges_between(start, end) if start < e < end)})
        stretches: list[tuple[datetime, datetime]] = []
        for edge, until in zip(edges, [*edges[1:], end], strict=True):
            if not self.active(when, unless, edge):
                continue
            if stretches and stretches[-1][1] == edge:
                stretches[-1] = (stretches[-1][0], until)
            else:
                stretches.append((edge, until))
        return stretches

    def _edges_between(self, start: datetime, end: datetime) -> list[datetime]:
        times = {time(0)} | {t for w in self.file.windows.values() for t in (w.start, w.end)}
        first = self.local(start).date()
        days = (self.local(end).date() - first).days + 1
        return [
            datetime.combine(first + _DAY * ahead, clock, self.timezone).astimezone(UTC)
            for ahead in range(days)
            for clock in times
        ]

    def moment(self, at: datetime) -> Moment:
        """The lesson or window that is on, for the head of a page."""
        local = self.local(at)
        day = self.day(local.date())
        if day.school:
            for period in self.file.period:
                if day.fits(period.weekdays) and within(period.start, period.end, local):
                    return Moment(day, period.name, period.name_en or period.name)
        for id, window in self.file.windows.items():
            if self.holds(id, at):
                return Moment(day, window.name, window.name_en or window.name)
        return Moment(day, day.reason, day.reason_en)


def _spanning(spans: Sequence[Span], on: date) -> Span | None:
    return next((span for span in spans if span.first <= on <= span.last), None)
