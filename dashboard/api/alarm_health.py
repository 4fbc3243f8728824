"""GET /api/v1/alarm-health: the figures of EEMUA 191 and ISA-18.2 for any time."""

from datetime import timedelta

from flask import Response

from dashboard.api.answers import json_answer
from dashboard.api.parameters import time_range
from dashboard.roles import Permission
from dashboard.section import Section
from dashboard.views.health import health_of

section = Section("api_alarm_health", __name__, "/api/v1/alarm-health")


@section.path("", Permission.VIEW, query={
    "from": "ISO 8601 or ms; a week before `to` where it is left out", "to": "now where left out",
})  # fmt: skip
def alarm_health() -> Response:
    """How many alarms, floods, standing and chattering ones, the worst and what would help."""
    start, end = time_range(timedelta(days=7))
    sheet = health_of(start, end)
    return json_answer({
        "from": sheet.start.isoformat(), "to": sheet.end.isoformat(), "alarms": sheet.alarms,
        "per_day": sheet.per_day, "per_ten_minutes": sheet.per_ten_minutes,
        "busiest_ten_minutes": sheet.busiest, "manageable": sheet.manageable,
        "floods": [{"from": f.start.isoformat(), "to": f.end.isoformat(), "alarms": f.alarms}
                   for f in sheet.floods],
        "share_of_time_in_flood": sheet.in_flood,
        "standing_over_24_h": [alert.id for alert in sheet.standing],
        "chattering": sheet.chattering,
        "by_severity": {s.value: n for s, n in sheet.by_severity.items()},
        "answered": {
            s.value: {"alarms": a.alarms, "acknowledged": a.acknowledged, "median_s": a.median_s}
            for s, a in sheet.answered.items()
        },
        "endings": {e.value: n for e, n in sheet.endings.items()}, "unended": sheet.unended,
        "worst": [
            {"rule": w.rule, "key": w.key, "alarms": w.alarms, "share": w.share,
             "chattered": w.chattered, "median_s": w.median_s,
             "hold_s": w.mend.hold.total_seconds() if w.mend else None,
             "fewer": w.mend.share if w.mend else None}
            for w in sheet.worst
        ],
        "drills": [
            {"id": d.id, "rule": d.rule, "key": d.key, "raised_at": d.raised_at.isoformat(),
             "answered_s": (d.acknowledged_at - d.raised_at).total_seconds()
             if d.acknowledged_at else None, "by": d.acknowledged_by}
            for d in sheet.drills
        ],
    })  # fmt: skip
