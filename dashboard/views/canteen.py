"""/canteen: one row a unit: its value, the day behind it with its limits, its door."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template

from collectors.store import Bucket, EventQuery, SeriesQuery
from dashboard.panels import PointPanel, panels
from dashboard.present import value_text
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sparkline import Sparkline, sparkline
from dashboard.views.places import UNIT_KINDS, beside, canteen_points
from devices.errors import StoreError
from devices.model import PointId

section = Section("canteen", __name__)
DAY = timedelta(days=1)
BUCKETS = 96
"""A quarter of an hour each."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One cold or hot unit of the canteen."""

    panel: PointPanel
    door: PointPanel | None
    spark: Sparkline | None
    worst: str
    """Today's furthest value towards the limit, as text; empty without data."""
    worst_at: datetime | None


@section.path("/canteen", Permission.VIEW)
def canteen() -> str:
    """Every unit of the canteen."""
    trouble = ""
    units = []
    for panel in canteen_points():
        buckets: list[Bucket] = []
        if not trouble:
            try:
                buckets = _last_day(panel.id)
            except StoreError as error:
                trouble = str(error)
        units.append(_unit(panel, buckets))
    units.sort(key=lambda unit: UNIT_KINDS.index(unit.panel.kind.key))
    site = parts().site
    rooms = {p.id for p in site.places.values() if p.type in ("canteen", "cold-store")}
    shown = {unit.panel.id for unit in units} | {unit.door.id for unit in units if unit.door}
    others = panels(p for p in site.points.values() if p.room in rooms and p.id not in shown)
    return render_template("canteen.html", units=units, others=others, trouble=trouble)


def _last_day(point: PointId) -> list[Bucket]:
    end = parts().clock.now()
    return parts().store.series(SeriesQuery(point, end - DAY, end, BUCKETS))


def _unit(panel: PointPanel, buckets: list[Bucket]) -> Unit:
    now = parts().clock.now()
    spark = sparkline(buckets, now - DAY, now, BUCKETS, panel.limits)
    local = now.astimezone(parts().site.timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    today = [bucket for bucket in buckets if bucket.at >= midnight]
    door = beside(panel, "contact")
    if not today:
        return Unit(panel, door, spark, "", None)
    # A unit that keeps things hot is worst when it is coldest.
    if panel.kind.key == "temperature-hot":
        found = min(today, key=lambda bucket: bucket.min)
        worst = found.min
    else:
        found = max(today, key=lambda bucket: bucket.max)
        worst = found.max
    return Unit(panel, door, spark, value_text(panel.kind, worst), _when(panel.id, found, worst))


def _when(point: PointId, bucket: Bucket, value: float) -> datetime:
    """When in its bucket a value was measured."""
    query = EventQuery([point], bucket.at, bucket.at + DAY / BUCKETS)
    found = (r.at for r in parts().store.events(query) if r.value == value)
    return next(found, bucket.at)
