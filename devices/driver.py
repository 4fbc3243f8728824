"""Driver: what every sensor and actuator family implements; the node does all the rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

from devices.catalog import Place, Point, Site
from devices.config import parse
from devices.errors import ConfigError, DeviceError
from devices.model import PlaceId, Sample, ValueType
from devices.registry import Registry

Emit = Callable[[Sample], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver may know beside its own point."""

    folder: Path | None = None
    """Where it may keep what must outlast a restart; None: nowhere."""
    points: tuple[Point, ...] = ()
    """All points of its node."""
    places: tuple[Place, ...] = ()
    """Where it is: the place of its point and that of its node."""


ALONE = Surroundings()


class Driver(ABC):
    """One device family. Says values; never stamps times, retries, tags or publishes.

    Life: `__init__` (keeps its point and options, touches no hardware) → `start(emit)` (opens the
    hardware and emits the level it finds, where it has one) → `sample()` once a period →
    `close()`, which may be called twice and after a failed start. `start` and `sample` raise
    DeviceError naming the pin, overlay or address and the remedy. `emit` may be called from any
    thread and only enqueues.
    """

    Options: ClassVar[type[Any]]
    """A frozen dataclass, bounded by `Limits`; each field documents itself by metadata."""
    value_type: ValueType | None
    """What its values are; a point's kind must have the same. None: what its point's kind is."""
    kinds: ClassVar[tuple[str, ...]] = ()
    """The kinds it can measure, where they are not all kinds of its value type."""
    hears_mqtt: ClassVar[bool] = False
    """Whether it listens to devices of other makers, so that only the bridge can run it."""
    surroundings: Surroundings = ALONE
    """Set by the node before `start`."""

    def __init__(self, point: Point, options: Any) -> None:
        self.point = point
        self.options = options

    @abstractmethod
    def start(self, emit: Emit) -> None:
        """Open the hardware and emit the present level. Raises DeviceError."""

    def sample(self) -> Iterable[Sample]:
        """The present values; called once in each period of the point's kind."""
        return ()

    def command(self, do: str, args: Mapping[str, Any]) -> None:
        """Carry out a command (actuators). Raises DeviceError when it knows no such command."""
        raise DeviceError(f"{self.point.id} is a sensor: it cannot {do}")

    def health(self) -> str:
        """What is wrong though values come (a chattering contact, refused frames), for people.

        Empty while all is well. From any thread, at any time.
        """
        return ""

    def away(self) -> str:
        """Why nothing can come though the driver works: the device is offline. Else empty.

        From any thread, at any time.
        """
        return ""

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        """What of the node it occupies, such as `GPIO17` or `CE0/3`; shared by none.

        `GPIO2+i2c` is shared with those that say the same.
        """
        return ()

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        """Why it cannot work for this point or in this place: (what, remedy) of each reason.

        Asked by `campus check`, and by the node again before it starts the driver.
        """
        return ()

    @abstractmethod
    def close(self) -> None:
        """Release the hardware; harmless when called again."""


DRIVERS: Registry[Driver] = Registry("driver", "devices.drivers")


def surroundings(site: Site, point: Point, folder: Path | None = None) -> Surroundings:
    """What a point's driver may know of its site; `folder` is its node's for such things."""
    rooms = (point.room, *(node.room for id, node in site.nodes.items() if id == point.node))
    return Surroundings(
        folder,
        tuple(other for other in site.points.values() if other.node == point.node),
        tuple(site.places[PlaceId(room)] for room in rooms),
    )


def driver_options(point: Point) -> Any:
    """The checked options of a point's driver."""
    options, problems = parse(DRIVERS[point.driver].Options, point.options, point.id)
    if problems:
        raise ConfigError(problems)
    return cast(Any, options)
