"""Pulse: a water, gas or electricity meter with a pulse output (reed contact or S0)."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Driver, Emit, Surroundings
from devices.drivers.attendant import ATTENDANT
from devices.drivers.keepsake import keepsake_of
from devices.drivers.pins import Gpio, InputPin, open_input
from devices.drivers.pulses import GLITCHES_PER_HOUR, PulseFilter
from devices.drivers.sharing import Pool
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import Sample, ValueType
from devices.service import Clock

CLOCK = Clock()
TOTALS = ("water", "energy")
RATES = {"flow": 3600.0, "power": 3_600_000.0}
"""Measurements that are rates, with what makes them of units a second: m³/h, W (of kWh/s)."""


@dataclass(frozen=True, slots=True)
class PulseOptions:
    gpio: Gpio = field(metadata={"text": "BCM number of the pin; the other wire goes to ground"})
    per_pulse: Annotated[float, Limits(gt=0, le=1000)] = field(
        metadata={"text": "m³ (or kWh) of one pulse: 0.001 for 1 l, 0.001 for 1000 imp/kWh"}
    )
    start: Annotated[float, Limits(ge=0)] = field(
        default=0.0, metadata={"text": "the meter's own reading when it was wired up"}
    )
    least_s: Annotated[float, Limits(ge=0.001, le=1)] = field(
        default=0.02, metadata={"text": "seconds that a pulse, and a pause, last at least"}
    )


class _Counter:
    """The pulses of one pin, for the points that read it."""

    def __init__(self, where: str, options: PulseOptions) -> None:
        self._lock = threading.Lock()
        self._edges: deque[tuple[float, bool]] = deque()
        self._pin: InputPin | None = None
        pin = open_input(where, options.gpio, self._on_edge)
        self._filter = PulseFilter(options.least_s, not pin.level(), CLOCK.monotonic())
        self._pin = pin
        ATTENDANT.enter(self)

    def count(self) -> int:
        """Pulses since it was opened."""
        with self._lock:
            self._work_off(CLOCK.monotonic())
            return self._filter.count

    def rate(self) -> float:
        """Pulses a second."""
        with self._lock:
            self._work_off(CLOCK.monotonic())
            return self._filter.rate(CLOCK.monotonic())

    def glitches(self) -> int:
        with self._lock:
            return self._filter.disturbed(CLOCK.monotonic())

    def attend(self, now: float) -> float | None:
        with self._lock:
            self._work_off(now)
            return self._filter.due()

    def close(self) -> None:
        pin, self._pin = self._pin, None
        if pin is not None:
            ATTENDANT.leave(self)
            pin.close()

    def _work_off(self, now: float) -> None:
        while self._edges:
            at, high = self._edges.popleft()
            self._filter.see(not high, at)
        self._filter.settle(now)

    def _on_edge(self, ticks: float, level: int) -> None:
        self._edges.append((ticks, bool(level)))
        ATTENDANT.wake(self)


_COUNTERS: Pool[_Counter] = Pool()


@DRIVERS.register("pulse")
class Pulse(Driver):
    """The meter's reading, or its rate, by the point's kind; two points may share a pin.

    The count is kept over restarts (`Keepsake`): saved with each reading and at the end.
    """

    Options = PulseOptions
    value_type = ValueType.NUMBER

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._counter: _Counter | None = None
        self._measurement = KINDS[point.kind].measurement

    @classmethod
    def pins(cls, options: PulseOptions) -> tuple[str, ...]:
        return (f"GPIO{options.gpio}+pulse",)

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        if KINDS[point.kind].measurement not in (*TOTALS, *RATES):
            what = f"a pulse meter gives a reading or a rate, and kind {point.kind} is neither"
            yield (what, "use kind water-meter, water-flow, electricity-meter or power")

    def start(self, emit: Emit) -> None:
        self._keepsake = keepsake_of(self)
        self._before = int(self._keepsake.load().get("count", 0))
        self._saved = self._before
        counter = _COUNTERS.take(self.options.gpio, lambda: _Counter(self.point.id, self.options))
        self._offset = counter.count()
        self._counter = counter

    def sample(self) -> Iterable[Sample]:
        counter, options = self._counter, self.options
        if counter is None:
            raise DeviceError(f"{self.point.id} is not open")
        factor = RATES.get(self._measurement)
        if factor is not None:
            return [Sample(round(counter.rate() * options.per_pulse * factor, 3))]
        pulses = self._save(counter)
        return [Sample(round(options.start + pulses * options.per_pulse, 6))]

    def health(self) -> str:
        counter = self._counter
        if counter is None:
            return ""
        glitches = counter.glitches()
        if glitches > GLITCHES_PER_HOUR:
            return (
                f"{glitches} disturbances in an hour on GPIO{self.options.gpio} were too short "
                "for pulses: check the meter's cable, its shield and the pull-up"
            )
        return self._keepsake.trouble

    def close(self) -> None:
        counter, self._counter = self._counter, None
        if counter is not None:
            if self._measurement in TOTALS:
                self._save(counter, now=True)
            _COUNTERS.give_back(self.options.gpio)

    def _save(self, counter: _Counter, *, now: bool = False) -> int:
        """Keep the count where it has changed; all pulses ever."""
        pulses = self._before + counter.count() - self._offset
        if pulses != self._saved or now:
            self._keepsake.save({"count": pulses}, now=now)
            self._saved = pulses
        return pulses
