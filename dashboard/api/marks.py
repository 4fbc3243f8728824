"""GET /api/v1/marks: what a chart draws behind a point's curve: alarms, lessons, days off."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response

from dashboard.api.answers import json_answer
from dashboard.api.parameters import known_points, time_range
from dashboard.page import language, name_of
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_marks", __name__, "/api/v1/marks")
MOST_ALERTS = 200
LONGEST_LESSONS = timedelta(days=10)
"""In a longer chart a lesson is narrower than a line."""
SENSOR_FAULT = "fault"


@section.path("", Permission.VIEW, query={
    "point": "a point", "from": "ISO 8601 or ms; a day before `to`", "to": "ISO 8601 or ms; now",
})  # fmt: skip
def marks() -> Response:
    """Alerts of the point that were open then, and the lessons of that time where it is short."""
    point = known_points()[0]
    start, end = time_range(timedelta(days=1))
    alerts = [a for a in parts().book.alerts_within(start, end) if a.point == point]
    return json_answer({
        "alerts": [
            {"id": a.id, "severity": _severity(a.rule, a.severity.value),
             "from": to_ms(a.raised_at), "to": to_ms(a.returned_at or a.closed_at or end),
             "text": a.text_en if language() == "en" else a.text}
            for a in alerts[-MOST_ALERTS:]
        ],
        "lessons": list(_lessons(start, end)) if end - start <= LONGEST_LESSONS else [],
    })  # fmt: skip


def _severity(rule: str, severity: str) -> str:
    """A sensor fault is marked as one, whatever its severity."""
    found = parts().plan.rule(rule)
    return SENSOR_FAULT if found is not None and found.file.kind == SENSOR_FAULT else severity


def _lessons(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    calendar, zone = parts().plan.calendar, parts().site.timezone
    day: date = start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        known = calendar.day(day)
        for period in calendar.file.period if known.school else ():
            first = datetime.combine(day, period.start, zone)
            last = datetime.combine(day, period.end, zone)
            if known.fits(period.weekdays) and first < end and last > start:
                yield {"from": to_ms(first), "to": to_ms(last), "name": name_of(period)}
        day += timedelta(days=1)
