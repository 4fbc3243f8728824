"""GET /api/v1/completeness: how much of what each node sent is in the store."""

from datetime import timedelta

from flask import Response

from dashboard.api.answers import json_answer
from dashboard.api.parameters import known_node, time_range
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_completeness", __name__, "/api/v1/completeness")


@section.path("", Permission.VIEW, query={
    "node": "one node; all without it", "from": "ISO 8601 or ms; a week before `to`",
    "to": "ISO 8601 or ms; now",
})  # fmt: skip
def completeness() -> Response:
    """Batches received, missing and late, per node and day."""
    node = known_node()
    start, end = time_range(timedelta(days=7))
    days = parts().ledger.completeness(node, start, end)
    return json_answer({"days": [
        {"node": day.node, "day": day.day.isoformat(), "boots": day.boots,
         "received": day.received, "missing": day.missing, "late": day.late}
        for day in days
    ]})  # fmt: skip
