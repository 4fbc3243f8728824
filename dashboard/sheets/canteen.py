"""食堂温度记录表: the canteen's day, filled from the sensors, with what people wrote and signed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from alerts.model import Alert, Severity
from alerts.plan import Limit
from alerts.rule import Rule
from collectors.store import Bucket, EventQuery
from dashboard.panels import limits_of
from dashboard.records.canteen import Part, SheetEntry, Signature
from dashboard.section import parts
from dashboard.sheets.day import Excursion, Gap, Standard, Stretch, UnitDay, unit_day
from dashboard.sparkline import Sparkline, sparkline
from dashboard.views.places import UNIT_KINDS
from devices.catalog import Point
from devices.model import PointId

MORNING, AFTERNOON = time(6, 30), time(13, 30)
"""The two entries a day that practice asks for: opening, and after lunch (no law fixes them)."""
MOST_READINGS = 50_000
BUCKETS = 144
_RANKS = {kind: rank for rank, kind in enumerate(UNIT_KINDS)}


@dataclass(frozen=True, slots=True)
class Remark:
    """An alarm's course or what somebody wrote, beside the stretch it belongs to."""

    at: datetime
    who: str
    text: str
    text_en: str = ""
    disposal: str = ""
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """A line of the second table: a stretch beyond the range or without data, and what was done."""

    point: Point
    what: Excursion | Gap
    remarks: tuple[Remark, ...]

    @property
    def excursion(self) -> Excursion | None:
        return self.what if isinstance(self.what, Excursion) else None

    @property
    def gap(self) -> Gap | None:
        return self.what if isinstance(self.what, Gap) else None


@dataclass(frozen=True, slots=True)
class SheetUnit:
    """A line of the first table; `shown` is what people read off the unit's own display.

    `judged` are the stretches in which the plan judges it; None: all day.
    """

    point: Point
    standard: Standard
    day: UnitDay
    spot_times: tuple[datetime, datetime]
    judged: list[Stretch] | None
    spark: Sparkline | None
    shown: tuple[float, ...]

    def in_use(self, at: datetime) -> bool:
        return self.judged is None or any(start <= at < end for start, end in self.judged)


@dataclass(frozen=True, slots=True)
class CanteenSheet:
    """`until` is before `end` while the day is not over."""

    day: date
    start: datetime
    end: datetime
    until: datetime
    units: tuple[SheetUnit, ...]
    incidents: tuple[Incident, ...]
    loose: tuple[SheetEntry, ...]
    """What was written of a unit without such a stretch."""
    signatures: tuple[Signature, ...]

    @property
    def over(self) -> bool:
        return self.until >= self.end

    def signature(self, part: str) -> Signature | None:
        return next((s for s in self.signatures if s.part == Part(part)), None)


def canteen_sheet(day: date) -> CanteenSheet:
    """The sheet of a local date. Raises CampusError where store, book or register is away."""
    zone = parts().site.timezone
    start = datetime.combine(day, time(0), zone)
    end = datetime.combine(day + timedelta(days=1), time(0), zone)
    until = max(start, min(end, parts().clock.now()))
    entries = parts().canteen.entries(day)
    alerts = [a for a in parts().book.alerts_within(start, end) if a.area == "food"]
    units, incidents, loose = [], list[Incident](), list[SheetEntry]()
    for point in sorted(parts().site.points_of(*UNIT_KINDS), key=lambda p: _RANKS[p.kind]):
        own = [entry for entry in entries if entry.point == point.id]
        unit = _unit(point, start, end, until, own)
        units.append(unit)
        told = [alert for alert in alerts if alert.point == point.id]
        found, left = _incidents(unit, told, own)
        incidents += found
        loose += left
    return CanteenSheet(
        day, start, end, until, tuple(units),
        tuple(sorted(incidents, key=lambda incident: incident.what.start)),
        tuple(loose), tuple(parts().canteen.signatures(day)),
    )  # fmt: skip


def _incidents(
    unit: SheetUnit, alerts: Sequence[Alert], entries: Sequence[SheetEntry]
) -> tuple[list[Incident], list[SheetEntry]]:
    """The unit's stretches with what was said of them, and what was said of none: an entry
    belongs to the last stretch that had begun when it was written."""
    stretches: list[Excursion | Gap] = [*unit.day.excursions, *unit.day.gaps]
    stretches.sort(key=lambda stretch: stretch.start)
    written: dict[int, list[SheetEntry]] = {}
    for entry in entries:
        if entry.cause or entry.action or entry.disposal:
            begun = sum(stretch.start <= entry.at for stretch in stretches)
            written.setdefault(begun - 1, []).append(entry)
    found = [
        Incident(unit.point, what, _remarks(what, alerts, written.get(n, ())))
        for n, what in enumerate(stretches)
    ]
    return found, written.get(-1, [])


def standard_of(limits: Iterable[Limit], rules: Iterable[Rule]) -> Standard:
    """The range by the plan's threshold rules, and how long each side may be beyond it."""
    by_id = {rule.file.id: rule for rule in rules if rule.file.kind == "threshold"}
    counted = [limit for limit in limits if limit.rule in by_id]
    above = [limit for limit in counted if limit.side == "above"]
    below = [limit for limit in counted if limit.side == "below"]
    high = min(above, key=lambda limit: limit.value, default=None)
    low = max(below, key=lambda limit: limit.value, default=None)
    tolerated = [_tolerated(by_id[limit.rule]) for limit in (high, low) if limit is not None]
    return Standard(
        low.value if low else None, high.value if high else None,
        min(tolerated, default=timedelta(0)),
    )  # fmt: skip


def _tolerated(rule: Rule) -> timedelta:
    forgive = rule.options.forgive
    return timedelta(seconds=forgive.longest_s if forgive else rule.options.hold_s)


def _unit(
    point: Point, start: datetime, end: datetime, until: datetime, entries: Sequence[SheetEntry]
) -> SheetUnit:
    id = PointId(point.id)
    kind = parts().site.kinds[id]
    rules = [r for r in parts().plan.rules_for(id) if r.file.kind == "threshold"]
    limits = limits_of(id)
    standard = standard_of(limits, rules)
    period = timedelta(seconds=point.period or kind.period)
    readings = parts().store.events(EventQuery([id], start, until, MOST_READINGS))
    morning, afternoon = (
        datetime.combine(start.date(), at, start.tzinfo) for at in (MORNING, AFTERNOON)
    )
    judged = _judged(rules, start, until)
    day = unit_day(
        readings, start, until, period=period, standard=standard, spots=(morning, afternoon),
        judged=judged,
    )  # fmt: skip
    usable = [r for r in readings if r.quality.usable]
    picture = [Bucket(r.at, float(r.value), float(r.value), float(r.value), 1) for r in usable]
    spark = sparkline(_thin(picture, start, end), start, end, BUCKETS, limits)
    shown = tuple(e.shown for e in entries if e.shown is not None)
    return SheetUnit(point, standard, day, (morning, afternoon), judged, spark, shown)


def _thin(buckets: Sequence[Bucket], start: datetime, end: datetime) -> list[Bucket]:
    """One bucket for each of BUCKETS parts of the day."""
    step = (end - start) / BUCKETS
    found: dict[int, list[Bucket]] = {}
    for bucket in buckets:
        found.setdefault((bucket.at - start) // step, []).append(bucket)
    return [
        Bucket(start + step * n, min(b.min for b in group), sum(b.mean for b in group) / len(group),
               max(b.max for b in group), len(group))
        for n, group in sorted(found.items())
    ]  # fmt: skip


def _judged(rules: Sequence[Rule], start: datetime, until: datetime) -> list[Stretch] | None:
    """When the plan judges the unit: all day (None), or while food is served."""
    calendar = parts().plan.calendar
    spans = [calendar.changes(r.file.when, r.file.unless, start, until) for r in rules]
    if not spans or any(span == [(start, until)] for span in spans):
        return None
    return sorted({stretch for span in spans for stretch in span})


def _remarks(
    what: Excursion | Gap, alerts: Sequence[Alert], entries: Sequence[SheetEntry]
) -> tuple[Remark, ...]:
    found = [
        remark
        for alert in alerts
        if what.start <= alert.raised_at and (alert.returned_at or alert.raised_at) >= what.start
        if alert.raised_at <= what.end + timedelta(hours=2)
        for remark in _course(alert)
    ]
    for entry in entries:
        text = "；".join(part for part in (entry.cause, entry.action) if part)
        found.append(Remark(entry.at, entry.who, text, text, entry.disposal))
    return tuple(sorted(found, key=lambda remark: remark.at))


def _course(alert: Alert) -> list[Remark]:
    """That it was told, what was noted, and how it ended."""
    severity = Severity(alert.severity).value
    found = [Remark(alert.raised_at, severity, alert.text, alert.text_en)]
    for step in parts().book.transitions(alert.id):
        if step.note and step.who:
            found.append(Remark(step.at, step.who, step.note, step.note))
    if alert.ending is not None and alert.ended_at is not None:
        found.append(Remark(alert.ended_at, alert.ended_by, "", "", "", alert.ending.value))
    return found
