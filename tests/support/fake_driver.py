"""A driver whose hardware is a test: it says what the test sets, and breaks when told to."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from devices.catalog import Site
from devices.driver import DRIVERS, Driver, Emit
from devices.model import PointId, Sample, ValueType

NAME = "fake"


@dataclass
class Hardware:
    """What is bolted to the wall: `levels` are emitted at start, `values` are sampled."""

    levels: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    """Raised by start and sample of that point."""
    blocked: dict[str, threading.Event] = field(default_factory=dict)
    """Its sample waits for that event."""
    doubts: dict[str, str] = field(default_factory=dict)
    """What a driver says of its health."""
    commands: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    open: dict[str, Emit] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)

    def emit(self, point: str, value: Any, **detail: Any) -> None:
        """The pin moves."""
        self.open[point](Sample(value, detail=detail))


class FakeDriver(Driver):
    """Every instance talks to the one Hardware of the running test."""

    hardware: ClassVar[Hardware]
    value_type = ValueType.NUMBER

    @dataclass(frozen=True, slots=True)
    class Options:
        pass

    def start(self, emit: Emit) -> None:
        self.hardware.starts.append(self.point.id)
        self._fail()
        self.hardware.open[self.point.id] = emit
        if self.point.id in self.hardware.levels:
            emit(Sample(self.hardware.levels[self.point.id]))

    def sample(self) -> Iterable[Sample]:
        self._fail()
        if self.point.id in self.hardware.blocked:
            self.hardware.blocked[self.point.id].wait(30)
        if self.point.id in self.hardware.values:
            yield Sample(self.hardware.values[self.point.id])

    def command(self, do: str, args: Mapping[str, Any]) -> None:
        self._fail()
        self.hardware.commands.append((self.point.id, do, args))

    def health(self) -> str:
        return self.hardware.doubts.get(self.point.id, "")

    def close(self) -> None:
        self.hardware.open.pop(self.point.id, None)

    def _fail(self) -> None:
        error = self.hardware.broken.get(self.point.id)
        if error is not None:
            raise error


@contextmanager
def fake_hardware() -> Iterator[Hardware]:
    """Registers the driver `fake` while the block runs."""
    FakeDriver.hardware = Hardware()
    DRIVERS.register(NAME)(FakeDriver)
    try:
        yield FakeDriver.hardware
    finally:
        del DRIVERS._classes[NAME]


def with_fakes(site: Site, **periods: float) -> Site:
    """`site` with the fake driver at every point."""
    points = {
        id: replace(point, driver=NAME, period=periods.get(point.kind.replace("-", "_")))
        for id, point in site.points.items()
    }
    return replace(site, points={PointId(id): point for id, point in points.items()})
