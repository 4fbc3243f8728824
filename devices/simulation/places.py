"""Places: builds the gauge and the events of each point of a course, with what its room shares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from devices.catalog import Point, Site
from devices.kinds import KINDS
from devices.model import PlaceId, ValueType
from devices.simulation import gauges
from devices.simulation.actors import KITCHEN_C
from devices.simulation.air import Indoor, RoomCarbonDioxide, RoomHumidity, RoomTemperature
from devices.simulation.events import Event, changes, passages, rounds
from devices.simulation.gauges import Gauge
from devices.simulation.models import (
    FREEZER,
    FRIDGE,
    SAMPLE_FRIDGE,
    ColdUnit,
    DisinfectionCabinet,
    Equipment,
    GasCell,
    HotCabinet,
    Room,
)
from devices.simulation.openings import HOUR_MS, GateTraffic, Openings, Rhythm
from devices.simulation.script import SceneName, Script, Span
from devices.simulation.timetable import PREPARING
from devices.simulation.weather import Moment, Weather

PUPILS = (36, 46)
COLD = {
    "temperature-cold": FRIDGE, "temperature-frozen": FREEZER, "temperature-sample": SAMPLE_FRIDGE,
}  # fmt: skip
_RACK_W = 900.0
_SWAYS: dict[str, tuple[float, float, float]] = {
    "residual-current": (60.0, 20.0, 1.5), "voltage": (226.0, 5.0, 0.6),
    "temperature-cable": (32.0, 6.0, 0.05), "temperature-intake": (26.0, 3.0, 0.1),
    "temperature-exhaust": (42.0, 6.0, 0.2), "formaldehyde": (0.03, 0.01, 0.001),
    "current": (2.0, 0.8, 0.02), "water-flow": (0.4, 0.3, 0.005),
}  # fmt: skip
"""Middle, sway and ripple of what has no model of its own, in the kind's unit."""


def _kitchen(moment: Moment) -> float:
    return 4.0 if moment.hour.within(PREPARING) else 0.05


def _lessons(moment: Moment) -> float:
    return 4.0 if moment.hour.occupied else 0.02


def _rarely(moment: Moment) -> float:
    return 0.1 if moment.hour.occupied else 0.0


@dataclass
class Places:
    """What the points of a course hang on; rooms, doors and gates are made once for all."""

    site: Site
    seed: int
    weather: Weather
    script: Script
    _rooms: dict[str, Indoor] = field(default_factory=dict)
    _openings: dict[str, Openings] = field(default_factory=dict)
    _traffic: dict[str, GateTraffic] = field(default_factory=dict)
    _units: dict[str, list[Point]] = field(default_factory=dict)

    def phase(self, point: Point, period: int) -> int:
        """How far into its period a point is asked (ms), so that not all are asked at once."""
        return Random(f"{self.seed} {point.id} phase").randrange(period)

    def gauge(self, point: Point) -> Gauge | None:
        """None for what has no level and so is told by its events alone."""
        kind = KINDS[point.kind]
        build = _BUILDERS.get(point.kind)
        if build is not None:
            return build(self, point)
        if kind.period == 0:
            return None
        if kind.value_type is ValueType.TEXT:
            calm, other = gauges.calm_word(kind)
            return gauges.Word(calm, other, ())
        low, high = kind.low or 0.0, kind.high if kind.high is not None else 100.0
        middle, sway, ripple = _SWAYS.get(
            point.kind, (low + 0.3 * (high - low), 0.02 * (high - low), 0.001 * (high - low))
        )
        random = self.random(point)
        return gauges.Sway(middle, sway, ripple, random, random.random())

    def events(self, point: Point, begins: int, ends: int) -> Iterator[Event]:
        """What a point tells by itself, when it happens."""
        if point.kind == "gate":
            return changes(self.traffic(point).open_in, begins, ends)
        if point.kind == "contact":
            return changes(self.openings(point).of_hour, begins, ends)
        if point.kind in ("access", "exit-button"):
            return passages(self.traffic(point), point.kind == "access", begins, ends)
        if point.kind == "patrol":
            return rounds(self.random(point), begins, ends)
        return iter(())

    def random(self, point: Point) -> Random:
        return Random(f"{self.seed} {point.id}")

    def spans(self, point: Point, *names: SceneName) -> list[Span]:
        return self.script.scenes_at((point.id, point.room, point.node), *names)

    # --- what points share -------------------------------------------------------------------

    def indoor(self, point: Point) -> Indoor:
        found = self._rooms.get(point.room)
        if found is None:
            random = Random(f"{self.seed} {point.room} air")
            type = self._type(point)
            found = self._rooms[point.room] = Indoor(
                Room(20.0, random),
                random,
                pupils=random.randint(*PUPILS) if type == "classroom" else 0,
                warmer=KITCHEN_C if type == "canteen" else 0.0,
                airing=self.spans(point, SceneName.AIRING),
                unheated=self.spans(point, SceneName.HEATING_FAILURE, SceneName.POWER_CUT),
            )
        return found

    def openings(self, point: Point) -> Openings:
        """Of a door, also of the cold unit beside it: one and the same."""
        unit = _unit(point)
        found = self._openings.get(unit)
        if found is None:
            found = self._openings[unit] = Openings(
                unit,
                self.seed,
                self.weather,
                self._rhythm(point, unit),
                self._unit_spans(point, unit, SceneName.DOOR_OPEN),
                self._unit_spans(point, unit, SceneName.MEAL_RUSH),
            )
        return found

    def _beside(self, unit: str) -> list[Point]:
        if not self._units:
            for point in self.site.points.values():
                self._units.setdefault(_unit(point), []).append(point)
        return self._units[unit]

    def _type(self, point: Point) -> str:
        return self.site.places[PlaceId(point.room)].type

    def _unit_spans(self, point: Point, unit: str, name: SceneName) -> list[Span]:
        beside = (p.id for p in self._beside(unit))
        ids = (point.id, unit, point.room, point.node, *beside)
        return self.script.scenes_at(ids, name)

    def _rhythm(self, point: Point, unit: str) -> Rhythm:
        if any(p.kind in COLD for p in self._beside(unit)):
            return Rhythm(_kitchen, 4.0, (6.0, 20.0))
        if self._type(point) == "server-room":
            return Rhythm(_rarely, 0.1, (5.0, 30.0))
        return Rhythm(_lessons, 4.0, (3.0, 15.0))

    def traffic(self, point: Point) -> GateTraffic:
        found = self._traffic.get(point.room)
        if found is None:
            vehicles = self._type(point) == "vehicle-gate"
            here = [p.id for p in self.site.points.values() if p.room == point.room]
            ids = (*here, point.room, point.node)
            held = self.script.scenes_at(ids, SceneName.DOOR_OPEN)
            found = self._traffic[point.room] = GateTraffic(
                point.room, self.seed, self.weather, vehicles, held
            )
        return found


def _unit(point: Point) -> str:
    """What a point is part of: `canteen/fridge-1` of `canteen/fridge-1/door`."""
    return point.id.rpartition("/")[0] or point.id


# --- a gauge for each kind ---------------------------------------------------------------------


def _cold(places: Places, point: Point) -> Gauge:
    random = places.random(point)
    unit = ColdUnit(gauges.varied(COLD[point.kind], random), random)
    return gauges.ColdGauge(
        unit,
        places.openings(point),
        places.spans(point, SceneName.DEFROST),
        places.spans(point, SceneName.COLD_FAILURE),
        places.spans(point, SceneName.POWER_CUT),
        random,
    )


def _hot(places: Places, point: Point) -> Gauge:
    rushes = places.spans(point, SceneName.MEAL_RUSH)
    cuts = places.spans(point, SceneName.POWER_CUT)
    return gauges.HotGauge(HotCabinet(22.0), rushes, cuts, places.random(point))


def _cabinet(places: Places, point: Point) -> Gauge:
    stops = places.spans(point, SceneName.CYCLE_CUT, SceneName.POWER_CUT)
    return gauges.CabinetGauge(DisinfectionCabinet(22.0), stops, places.random(point))


def _gas(places: Places, point: Point) -> Gauge:
    leaks = places.spans(point, SceneName.GAS_LEAK)
    return gauges.GasGauge(GasCell(), leaks, places.random(point))


def _power(places: Places, point: Point) -> Gauge:
    random = places.random(point)
    rack = places.site.places[PlaceId(point.room)].type == "server-room"
    return gauges.PowerGauge(
        Equipment(random),
        _RACK_W if rack else 0.0,
        places.spans(point, SceneName.LEFT_ON),
        places.spans(point, SceneName.POWER_CUT),
        random,
    )


def _rack(places: Places, point: Point) -> Gauge:
    return gauges.RackGauge(places.random(point), places.spans(point, SceneName.POWER_CUT))


def _word(alarmed: SceneName) -> Callable[[Places, Point], Gauge]:
    def build(places: Places, point: Point) -> Gauge:
        calm, other = gauges.calm_word(KINDS[point.kind])
        return gauges.Word(calm, other, places.spans(point, alarmed))

    return build


def _gate(places: Places, point: Point) -> Gauge:
    traffic = places.traffic(point)

    def is_open(ms: int) -> bool:
        return any(opens <= ms < closes for opens, closes in traffic.open_in(ms // HOUR_MS))

    return gauges.Word("closed", "open", (), is_open)


def _contact(places: Places, point: Point) -> Gauge:
    return gauges.Word("closed", "open", (), places.openings(point).is_open)


_BUILDERS: dict[str, Callable[[Places, Point], Gauge]] = {
    **dict.fromkeys(COLD, _cold),
    "temperature-hot": _hot,
    "temperature-disinfection": _cabinet,
    "temperature-rack": _rack,
    "temperature-room": lambda places, point: RoomTemperature(places.indoor(point)),
    "humidity": lambda places, point: RoomHumidity(places.indoor(point)),
    "co2": lambda places, point: RoomCarbonDioxide(places.indoor(point)),
    "gas": _gas,
    "power": _power,
    "gate": _gate,
    "contact": _contact,
    "ups": _word(SceneName.POWER_CUT),
    "link": _word(SceneName.POWER_CUT),
    "water-leak": _word(SceneName.WATER_LEAK),
    "battery-charge": lambda places, point: gauges.ChargeGauge(
        places.spans(point, SceneName.POWER_CUT)
    ),
    "lamp-hours": lambda places, point: gauges.Counter(
        places.random(point).uniform(200, 2600), False
    ),
    **dict.fromkeys(
        ("water-meter", "electricity-meter"),
        lambda places, point: gauges.Counter(places.random(point).uniform(200, 2600), False),
    ),
    "backup-age": lambda places, point: gauges.Counter(0.0, True),
}
