"""GET /api/v1/events: single readings of any kind."""

from datetime import timedelta

from flask import Response

from collectors.store import EventQuery
from dashboard.api.answers import json_answer, reading_json
from dashboard.api.parameters import known_points, number, time_range
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_events", __name__, "/api/v1/events")


@section.path("", Permission.VIEW, query={
    "point": "a point; may be given several times", "from": "ISO 8601 or ms; a day before `to`",
    "to": "ISO 8601 or ms; now", "limit": "the newest so many, 1 to 10000",
})  # fmt: skip
def events() -> Response:
    """Readings from `from` until before `to`, oldest first."""
    points = known_points()
    start, end = time_range(timedelta(days=1))
    found = parts().store.events(EventQuery(points, start, end, number("limit", 1000, 1, 10_000)))
    return json_answer({
        "from": to_ms(start), "to": to_ms(end),
        "events": [reading_json(reading) for reading in found],
    })  # fmt: skip
