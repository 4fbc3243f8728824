"""GET /api/v1/completeness: how much of what each node sent is in the store."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Response, request

from collectors.store import SeriesQuery
from dashboard.api.answers import json_answer
from dashboard.api.parameters import known_node, known_points, time_range
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import PointId

MOST_DAYS = timedelta(days=31)

section = Section("api_completeness", __name__, "/api/v1/completeness")


@section.path("", Permission.VIEW, query={
    "node": "one node; all without it", "from": "ISO 8601 or ms; a week before `to`",
    "to": "ISO 8601 or ms; now",
    "point": "number points whose minutes are counted too, of the last 31 days asked for",
})  # fmt: skip
def completeness() -> Response:
    """Batches received, missing and late, per node and day; minutes of points that are named."""
    node = known_node()
    start, end = time_range(timedelta(days=7))
    days = parts().ledger.completeness(node, start, end)
    return json_answer({"days": [
        {"node": day.node, "day": day.day.isoformat(), "boots": day.boots,
         "received": day.received, "missing": day.missing, "late": day.late}
        for day in days
    ], "minutes": [
        {"point": point, "day": first.date().isoformat(), "present": present, "of": of}
        for point in (known_points() if request.args.getlist("point") else [])
        for first, present, of in _minutes(point, start, end)
    ]})  # fmt: skip


def _minutes(point: PointId, start: datetime, end: datetime) -> Iterator[tuple[datetime, int, int]]:
    """Local midnight, minutes with a reading, and minutes that the day has had until now."""
    zone, now = parts().site.timezone, parts().clock.now()
    end = min(end, now)
    first = max(start, end - MOST_DAYS).astimezone(zone)
    first = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while first < end:
        behind = first + timedelta(days=1)
        of = math.ceil((min(behind, now) - first).total_seconds() / 60)
        until = first + timedelta(minutes=of)
        found = parts().store.series(
            SeriesQuery(point, first.astimezone(UTC), until.astimezone(UTC), of)
        )
        yield first, len(found), of
        first = behind
