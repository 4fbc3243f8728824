"""Course: the values of many points over any period, much faster than they would happen.

For a program: `study` gives one point with one scene and one fault, `Course` a whole school.

    for at, point, value, fault, detail in study("temperature-cold", scene="door-open",
                                                 fault="stuck", seed=7, hours=24): ...

`at` is ms since 1970 UTC, `fault` a FaultName or "" where the value is true. A scene is true: every
sensor shows it rightly (a door left open really warms a fridge), so a good fault detector stays
silent in it. The same arguments give the same values, on every machine.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from devices.catalog import Point, Site
from devices.kinds import KINDS
from devices.model import NO_DETAIL, Detail, Value, ValueType, to_ms
from devices.simulation.failing import Failing, Row
from devices.simulation.gauges import Gauge
from devices.simulation.places import Places
from devices.simulation.schools import one_point_site
from devices.simulation.script import FaultName, SceneName, Script, Span
from devices.simulation.weather import Weather

__all__ = ["HOLIDAYS", "Course", "Row", "study"]

HOLIDAYS = (((1, 20), (2, 15)), ((5, 1), (5, 5)), ((7, 1), (8, 31)), ((10, 1), (10, 7)))
"""Days without school in every simulated year, first and last as (month, day)."""


@dataclass(slots=True)
class _Source:
    """One point in a course: asked each period, or by its events alone where that is 0."""

    name: str
    period: int
    gauge: Gauge | None
    failing: Failing | None
    step: float
    events: Iterator[tuple[int, Value, Detail]]
    due: int
    coming: tuple[int, Value, Detail] | None = None


@dataclass
class Course:
    """The points of a site from `start` for `lasts`; `rows` gives them in the order of time.

    `period` (seconds) takes the place of each kind's own. `only` are the ids of points, where not
    all are wanted; a point's values do not depend on which others are asked for.
    """

    site: Site
    start: datetime
    lasts: timedelta
    seed: int = 1
    script: Script = field(default_factory=Script)
    period: float | None = None
    only: frozenset[str] | None = None
    holidays: Sequence[tuple[tuple[int, int], tuple[int, int]]] = HOLIDAYS

    @property
    def begins(self) -> int:
        return to_ms(self.start)

    @property
    def ends(self) -> int:
        return to_ms(self.start + self.lasts)

    @property
    def points(self) -> list[Point]:
        return [p for p in self.site.points.values() if self.only is None or p.id in self.only]

    def expected(self) -> int:
        """About how many rows there will be, for showing progress."""
        span = (self.ends - self.begins) / 1000
        periods = (self.period or p.period or KINDS[p.kind].period for p in self.points)
        return max(1, round(sum(span / period for period in periods if period)))

    def rows(self) -> Iterator[Row]:
        """Every value in the order in which it is taken (a clock that jumps stamps it wrongly)."""
        weather = Weather(self.seed, self.site.timezone, self.holidays)
        places = Places(self.site, self.seed, weather, self.script)
        sources = [self._source(places, point) for point in self.points]
        ends = self.ends
        queue = [(self._next(source), number) for number, source in enumerate(sources)]
        heapq.heapify(queue)
        while queue:
            at, number = queue[0]
            if at >= ends:
                return
            source = sources[number]
            value, detail = self._take(source, weather, at)
            heapq.heapreplace(queue, (self._next(source), number))
            if source.failing is None:
                yield Row(at, source.name, value, "", detail)
            else:
                for row in source.failing.rows(at, value, detail):
                    yield row._replace(value=_stepped(row.value, source.step))

    def _next(self, source: _Source) -> int:
        if source.coming is None:
            source.coming = next(source.events, None)
        if source.coming is not None and source.coming[0] < source.due:
            return source.coming[0]
        return source.due

    def _take(self, source: _Source, weather: Weather, at: int) -> tuple[Value, Detail]:
        coming = source.coming
        if coming is not None and coming[0] == at and at < source.due:
            source.coming = None
            return coming[1], coming[2]
        source.due += source.period
        assert source.gauge is not None
        value = source.gauge.read(weather.moment(at), at)
        return _stepped(value, source.step), NO_DETAIL

    def _source(self, places: Places, point: Point) -> _Source:
        kind = KINDS[point.kind]
        period = round(1000 * (self.period or point.period or kind.period))
        gauge = places.gauge(point)
        never = self.ends + 1
        due = self.begins + places.phase(point, period) if gauge and period else never
        names = (point.id, point.room, point.node)
        spans = self.script.faults_at(names)
        failing = Failing(point.id, kind, self.seed, spans) if spans else None
        events = places.events(point, self.begins, self.ends)
        step = kind.step if kind.value_type is ValueType.NUMBER else 0.0
        return _Source(point.id, period, gauge, failing, step, events, due)


def _stepped(value: Value, step: float) -> Value:
    """A number as its sensor resolves it."""
    if not step or not isinstance(value, float):
        return value
    return float(round(round(value / step) * step, 4))


def study(
    kind: str,
    *,
    scene: str = "",
    fault: str = "",
    seed: int = 1,
    start: datetime = datetime(2021, 3, 1, tzinfo=UTC),
    hours: float = 24.0,
    begins_h: float | None = None,
    lasts_h: float | None = None,
    size: float | None = None,
    period: float | None = None,
) -> Iterator[Row]:
    """One point of `kind` over some hours, in which one scene and one fault happen.

    Both begin at `begins_h` (half of `hours`) and last `lasts_h` (a quarter of `hours`); `size` is
    the fault's, in the kind's unit. `period` in seconds, else the kind's. Raises KeyError for an
    unknown kind, ValueError for an unknown scene or fault.
    """
    begins = to_ms(start) + round(3.6e6 * (hours / 2 if begins_h is None else begins_h))
    ends = begins + round(3.6e6 * (hours / 4 if lasts_h is None else lasts_h))
    script = Script(
        scenes=(Span(SceneName(scene), "*", begins, ends),) if scene else (),
        faults=(Span(FaultName(fault), "*", begins, ends, size),) if fault else (),
    )
    site = one_point_site(KINDS[kind], ZoneInfo("Asia/Shanghai"))
    wanted = frozenset(id for id, point in site.points.items() if point.kind == kind)
    course = Course(site, start, timedelta(hours=hours), seed, script, period, wanted)
    return course.rows()
