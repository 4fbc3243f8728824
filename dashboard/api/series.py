"""GET /api/v1/series: the history of a number point, as arrays for a chart."""

from datetime import timedelta

from flask import Response

from collectors.store import SeriesQuery
from dashboard.api.answers import is_number, json_answer, limit_json
from dashboard.api.parameters import known_points, number, time_range
from dashboard.panels import limits_of
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_series", __name__, "/api/v1/series")


@section.path("", Permission.VIEW, query={
    "point": "a point that measures a number", "from": "ISO 8601 or ms; a day before `to`",
    "to": "ISO 8601 or ms; now", "buckets": "at most so many, 1 to 2000",
})  # fmt: skip
def series() -> Response:
    """Minimum, mean, maximum and count of each bucket; empty buckets are left out."""
    point = known_points()[0]
    if not is_number(point):
        raise BadInput("point", f"{point!r} measures no number", "ask /api/v1/events for it")
    start, end = time_range(timedelta(days=1))
    if start == end:
        raise BadInput("from", "is the same as `to`", "send an earlier `from`")
    buckets = parts().store.series(SeriesQuery(point, start, end, number("buckets", 300, 1, 2000)))
    return json_answer({
        "point": point, "unit": parts().site.kinds[point].unit,
        "from": to_ms(start), "to": to_ms(end),
        "limits": [limit_json(limit) for limit in limits_of(point)],
        "at": [to_ms(bucket.at) for bucket in buckets],
        "min": [bucket.min for bucket in buckets], "mean": [bucket.mean for bucket in buckets],
        "max": [bucket.max for bucket in buckets], "count": [bucket.count for bucket in buckets],
    })  # fmt: skip
