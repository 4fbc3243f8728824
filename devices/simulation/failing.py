"""Failing: what a broken sensor, wire or node makes of true values; each change is labelled."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from devices.model import NO_DETAIL, Detail, Kind, Value, ValueType
from devices.simulation.gauges import calm_word
from devices.simulation.script import FaultName, Span


class Row(NamedTuple):
    """One value: when its source says it was taken (ms since 1970 UTC), of which point, and which
    fault it has (a FaultName, "" for a true value)."""

    at: int
    point: str
    value: Value
    fault: str = ""
    detail: Detail = NO_DETAIL


_SCALES = {
    "temperature": 4.0, "humidity": 15.0, "power": 150.0, "co2": 600.0, "gas": 800.0,
    "voltage": 20.0, "residual_current": 80.0,
}  # fmt: skip
"""What is plainly wrong for a measurement, in its unit; others: a tenth of the plausible range."""
DRIFT_PER_HOUR = 0.15
"""Of the scale: a temperature drifts by 0.6 °C an hour."""
SPIKES = 0.2
"""The share of a spiking sensor's values that are off."""
LOST = 1.0
POWER_ON_C = 85.0
LOST_SENSOR_C = -127.0
JUMP_S = 3600.0
BOUNCES = 12
"""Changes of a bouncing contact after each true one, 1 to 20 ms apart."""


def scale_of(kind: Kind) -> float:
    """A deviation that is plainly wrong, in the kind's unit."""
    found = _SCALES.get(kind.measurement)
    if found is not None:
        return found
    if kind.low is None or kind.high is None:
        return 1.0
    return (kind.high - kind.low) / 10


class Failing:
    """The faults of one point, applied to its true values in the order of time."""

    def __init__(self, point: str, kind: Kind, seed: int, spans: Sequence[Span]) -> None:
        self._point = point
        self._kind = kind
        self._spans = sorted(spans, key=lambda span: span.begins)
        self._random = Random(f"{seed} {point} faults")
        self._stuck: dict[Span, Value] = {}
        self._last: Value | None = None
        self._was_off = False

    def rows(self, at: int, value: Value, detail: Detail = NO_DETAIL) -> Iterator[Row]:
        """What comes out for one true value: none, one or several rows."""
        row: Row | None = Row(at, self._point, value, "", detail)
        cut = False
        extra: list[Row] = []
        for span in self._spans:
            if not span.covers(at):
                continue
            if span.name == FaultName.POWER_CUT:
                cut = True
            elif span.name == FaultName.BOUNCING:
                extra = self._bouncing(at, value)
            elif row is not None:
                row = self._failed(span, row, at)
        if cut:
            self._was_off = True
            return
        if self._was_off:
            self._was_off = False
            if POWER_ON_C in self._kind.error_values and row is not None:
                row = row._replace(value=POWER_ON_C, fault=FaultName.POWER_CUT)
        self._last = value
        if row is not None:
            yield row
        yield from extra

    def _failed(self, span: Span, row: Row, at: int) -> Row | None:
        random, value = self._random, row.value
        size = scale_of(self._kind) if span.size is None else span.size
        match span.name:
            case FaultName.STUCK:
                held = self._stuck.setdefault(span, value if self._last is None else self._last)
                return row._replace(value=held, fault=FaultName.STUCK)
            case FaultName.DROPOUT:
                lost = LOST if span.size is None else span.size
                return None if random.random() < lost else row
            case FaultName.CLOCK_JUMP:
                jump = JUMP_S if span.size is None else span.size
                return row._replace(at=row.at + round(jump * 1000), fault=FaultName.CLOCK_JUMP)
            case FaultName.CUT_WIRE:
                return row._replace(value=self._open_wire(), fault=FaultName.CUT_WIRE)
        if not isinstance(value, float):
            return row
        off = self._deviation(span, size, at)
        return row._replace(value=value + off, fault=span.name) if off else row

    def _deviation(self, span: Span, size: float, at: int) -> float:
        random = self._random
        match span.name:
            case FaultName.BIAS:
                return size
            case FaultName.DRIFT:
                rate = size if span.size is not None else size * DRIFT_PER_HOUR
                return rate * (at - span.begins) / 3_600_000
            case FaultName.NOISE:
                return random.gauss(0.0, size)
            case FaultName.SPIKE if random.random() < SPIKES:
                return random.choice((-1, 1)) * size * random.uniform(1.0, 3.0)
        return 0.0

    def _open_wire(self) -> Value:
        """What is read where nothing is connected."""
        kind = self._kind
        if kind.value_type is ValueType.TEXT:
            return calm_word(kind)[1]
        if kind.value_type is ValueType.BOOLEAN:
            return True
        if LOST_SENSOR_C in kind.error_values:
            return LOST_SENSOR_C
        return kind.low if kind.low is not None else 0.0

    def _bouncing(self, at: int, value: Value) -> list[Row]:
        """After a change of a contact, or now and then by itself, it chatters for some ms."""
        if self._kind.value_type is not ValueType.TEXT or len(self._kind.values) != 2:
            return []
        if value == self._last and self._random.random() > 0.3:
            return []
        other = next(word for word in self._kind.values if word != value)
        rows, now = [], at
        for number in range(BOUNCES):
            now += self._random.randint(1, 20)
            word = value if number % 2 else other
            rows.append(Row(now, self._point, word, FaultName.BOUNCING))
        return rows


_NUMBERS_FAIL = (
    FaultName.STUCK, FaultName.DRIFT, FaultName.SPIKE, FaultName.NOISE, FaultName.DROPOUT,
    FaultName.BIAS, FaultName.CUT_WIRE,
)  # fmt: skip
_CONTACTS_FAIL = (FaultName.STUCK, FaultName.DROPOUT, FaultName.BOUNCING, FaultName.CUT_WIRE)
DRAWN_LASTS_H = (0.5, 6.0)


def drawn_faults(
    points: Sequence[tuple[str, Kind]], begins: int, ends: int, per_day: float, seed: int
) -> tuple[Span, ...]:
    """Faults by lot, `per_day` for each point: of every kind that fits it, half an hour to six."""
    spans: list[Span] = []
    for point, kind in points:
        random = Random(f"{seed} {point} drawn faults")
        names = _NUMBERS_FAIL if kind.value_type is ValueType.NUMBER else _CONTACTS_FAIL
        at = float(begins)
        while per_day > 0:
            at += random.expovariate(per_day) * 86_400_000
            lasts = random.uniform(*DRAWN_LASTS_H) * 3_600_000
            if at >= ends:
                break
            spans.append(Span(random.choice(names), point, int(at), int(at + lasts)))
            at += lasts
    return tuple(spans)
