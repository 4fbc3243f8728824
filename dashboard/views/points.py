"""/points/<id>: one point now and its history as a chart with its limits."""

from datetime import datetime, timedelta

from flask import Response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from collectors.store import EventQuery, SeriesQuery
from dashboard.api.answers import is_number
from dashboard.api.parameters import time_range
from dashboard.fitted import fittings
from dashboard.panels import open_alerts, panel
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.table import Row, csv_of, download
from devices.catalog import Point
from devices.errors import StoreError
from devices.model import PointId, Reading, Value

section = Section("points", __name__)
RANGES = {
    "1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7),
    "30d": timedelta(days=30), "1y": timedelta(days=365),
}  # fmt: skip
SHOWN_EVENTS = 60
MOST_COMPARED = 200
SINGLE = timedelta(days=7)
"""Up to so long a CSV file has single readings."""
MOST_SINGLE = 100_000
CSV_BUCKETS = 2000


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
        asset=fittings().asset_of(parts().site.points[point], parts().clock.now()),
        calibration=fittings().calibration(point, parts().clock.now()),
        fitted=fittings().history(point),
        alerts=[alert for alert in open_alerts() if alert.data.get("point") == id],
        others=_comparable(point),
    )  # fmt: skip


def _comparable(point: PointId) -> list[Point]:
    """Other points with the same unit, those of the same kind first."""
    site = parts().site
    own = site.kinds[point]
    found = [p for p in site.points.values() if p.id != point and is_number(PointId(p.id))]
    found = [p for p in found if site.kinds[PointId(p.id)].unit == own.unit]
    return sorted(found, key=lambda p: p.kind != own.key)[:MOST_COMPARED]


@section.path("/points/<path:id>.csv", Permission.VIEW)
def csv(id: str) -> Response:
    """A point's history as a table: single readings where they are few, else buckets."""
    if id not in parts().site.points:
        raise NotFound(f"the site file has no point {id[:80]!r}")
    point = PointId(id)
    start, end = time_range(RANGES.get(request.args.get("range", ""), RANGES["24h"]))
    name = f"{id.replace('/', '-')}-{start:%Y%m%d}-{end:%Y%m%d}.csv"
    heads: tuple[str, ...] = (_("时间"), _("数值"), _("质量"))
    rows: list[Row] = []
    if is_number(point) and end - start > SINGLE:
        buckets = parts().store.series(SeriesQuery(point, start, end, CSV_BUCKETS))
        heads = (_("时间"), _("最低"), _("平均"), _("最高"), _("次数"))
        rows += [(_second(b.at), b.min, b.mean, b.max, b.count) for b in buckets]
    else:
        found = parts().store.events(EventQuery([point], start, end, MOST_SINGLE))
        rows += [(_second(r.at), _cell(r.value), r.quality.value) for r in found]
    return download(csv_of(heads, rows), "text/csv; charset=utf-8", name)


def _second(at: datetime) -> str:
    return f"{at.astimezone(parts().site.timezone):%Y-%m-%d %H:%M:%S}"


def _cell(value: Value) -> str | float:
    return value if isinstance(value, str | float) else str(value).lower()


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
