"""/canteen: one row a unit: its value, the day behind it with its limits, its door."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template

from collectors.store import Bucket, EventQuery, SeriesQuery
from dashboard.panels import PointPanel, panels
from dashboard.present import value_text
from dashboard.records.canteen import Part
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.disinfection import Cycle, cycles
from dashboard.sparkline import Sparkline, sparkline
from dashboard.views.places import UNIT_KINDS, beside, canteen_points, day_start
from dashboard.views.samples import shelf
from devices.errors import CampusError, StoreError
from devices.model import PointId

section = Section("canteen", __name__)
SETPOINT_C, HOLD = 120.0, timedelta(minutes=15)
"""Of an infrared cabinet, where the plan has no rule for it (safety notes §1.2; sources differ)."""
MOST_READINGS = 20_000
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


@dataclass(frozen=True, slots=True)
class Cabinet:
    """A disinfection cabinet and its cycles today."""

    panel: PointPanel
    cycles: tuple[Cycle, ...]
    setpoint: float
    hold: timedelta


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
    try:
        samples = shelf(parts().clock.now())
    except CampusError as error:
        trouble, samples = trouble or str(error), None
    return render_template(
        "canteen.html", units=units, others=others, trouble=trouble, samples=samples,
        cabinets=[] if trouble else _cabinets(), unsigned=_unsigned(),
    )  # fmt: skip


def _cabinets() -> list[Cabinet]:
    """Disinfection cabinets with today's cycles by the plan's set point and time."""
    return [Cabinet(panel, *_cycles(panel)) for panel in panels(
        parts().site.points_of("temperature-disinfection"))]  # fmt: skip


def _cycles(panel: PointPanel) -> tuple[tuple[Cycle, ...], float, timedelta]:
    now = parts().clock.now()
    setpoint, hold = SETPOINT_C, HOLD
    for rule in parts().plan.rules_for(panel.id):
        if rule.file.kind == "expectation" and rule.options.above is not None:
            setpoint, hold = rule.options.above, timedelta(seconds=rule.options.hold_s)
    midnight = day_start(now)
    readings = parts().store.events(EventQuery([panel.id], midnight, now, MOST_READINGS))
    period = timedelta(seconds=panel.point.period or panel.kind.period)
    found = cycles(readings, now, setpoint=setpoint, hold=hold, period=period)
    return found, setpoint, hold


def _unsigned() -> list[date]:
    """Days of the last week, newest first, whose sheet misses a signature."""
    today = day_start(parts().clock.now()).date()
    days = [today - timedelta(days=n) for n in range(1, 8)]
    try:
        return [day for day in days if len(parts().canteen.signatures(day)) < len(Part)]
    except CampusError:
        return []


def _last_day(point: PointId) -> list[Bucket]:
    end = parts().clock.now()
    return parts().store.series(SeriesQuery(point, end - DAY, end, BUCKETS))


def _unit(panel: PointPanel, buckets: list[Bucket]) -> Unit:
    now = parts().clock.now()
    spark = sparkline(buckets, now - DAY, now, BUCKETS, panel.limits)
    midnight = day_start(now)
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
