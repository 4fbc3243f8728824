"""/points/<id>: one point now and its history as a chart with its limits."""

from datetime import timedelta

from flask import render_template, request
from werkzeug.exceptions import NotFound

from collectors.store import EventQuery
from dashboard.api.answers import is_number
from dashboard.panels import open_alerts, panel
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import StoreError
from devices.model import PointId, Reading

section = Section("points", __name__)
RANGES = {
    "1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7),
    "30d": timedelta(days=30), "1y": timedelta(days=365),
}  # fmt: skip
SHOWN_EVENTS = 60


@section.path("/points/<path:id>", Permission.VIEW)
def history(id: str) -> str:
    """A point's history: a chart of numbers, or a list of what happened."""
    if id not in parts().site.points:
        raise NotFound(f"the site file has no point {id[:80]!r}")
    point = PointId(id)
    chosen = request.args.get("range", "24h")
    chosen = chosen if chosen in RANGES else "24h"
    trouble, events = "", list[Reading]()
    if not is_number(point):
        try:
            events = _events(point, RANGES[chosen])
        except StoreError as error:
            trouble = str(error)
    return render_template(
        "point.html", panel=panel(point), numeric=is_number(point), ranges=RANGES, chosen=chosen,
        seconds=int(RANGES[chosen].total_seconds()), events=events, trouble=trouble,
        alerts=[alert for alert in open_alerts() if alert.data.get("point") == id],
    )  # fmt: skip


def _events(point: PointId, span: timedelta) -> list[Reading]:
    """Changes only: a repeated value is no event. Newest first."""
    now = parts().clock.now()
    found = parts().store.events(EventQuery([point], now - span, now + timedelta(seconds=1), 2000))
    changes: list[Reading] = []
    for reading in found:
        only_events = parts().site.kinds[point].stale_after <= 0
        if only_events or not changes or changes[-1].value != reading.value:
            changes.append(reading)
    return changes[-SHOWN_EVENTS:][::-1]
