"""What flows through the house: a value, who measured it, when, and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

PointId = NewType("PointId", str)
NodeId = NewType("NodeId", str)
PlaceId = NewType("PlaceId", str)
"""A room or a gate."""

Value = float | bool | str
Detail = Mapping[str, str | float | bool]
NO_DETAIL: Detail = MappingProxyType({})


def _no_detail() -> Detail:
    return NO_DETAIL


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware time."""
    return (at - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970, exact to the millisecond.

    Raises OverflowError when the number is no time that Python can hold.
    """
    return EPOCH + timedelta(milliseconds=ms)


class ValueType(StrEnum):
    """The three types a value can have on the wire and in the store."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"


class Quality(StrEnum):
    """How far a reading can be trusted; stored beside it and shown on the screen."""

    GOOD = "good"
    OUT_OF_RANGE = "out-of-range"
    ERROR_VALUE = "error-value"
    """A value that the sensor uses to say that it failed: 85.0 at power-on, -127 when lost."""
    FROZEN = "frozen"
    SPIKE = "spike"
    """One of a sensor that is off for a moment again and again."""
    NOISE = "noise"
    JUMP = "jump"
    DRIFT = "drift"
    BIAS = "bias"
    """The last three: not where the sensor's siblings, or it itself just before, say it is."""
    WARMING = "warming"
    """A heated sensor that is not warm yet: its value means nothing, and it is not broken."""
    CLOCK = "clock"
    """The source's clock was not set; the value is good, its time may not be."""

    @property
    def usable(self) -> bool:
        """Whether the value may raise or clear an alarm."""
        return self in (Quality.GOOD, Quality.CLOCK)


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be measured. `low` and `high` bound what is physically plausible, in `unit`.

    `step` is the finest change worth storing, `period` the expected seconds between readings and
    `stale_after` the seconds after which a value is shown as old. `values` lists what a text kind
    may say (empty: anything). `error_values` are numbers that mean the sensor failed.
    """

    key: str
    measurement: str
    value_type: ValueType
    label: str
    label_en: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float = 0.0
    period: float = 60.0
    stale_after: float = 300.0
    group: str = "environment"
    values: tuple[str, ...] = ()
    error_values: tuple[float, ...] = ()
    output: bool = False
    """An actuator: it is commanded, and reports its state."""


@dataclass(frozen=True, slots=True)
class Sample:
    """All that a driver may say: a value, when it saw it (None: now), and what came with it."""

    value: Value
    at: datetime | None = None
    detail: Detail = field(default_factory=_no_detail)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a reading came from; unique for ever, so it is the idempotency key of a batch."""

    node: NodeId
    boot: str
    seq: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one point at its source's time (aware UTC, whole milliseconds)."""

    point: PointId
    at: datetime
    value: Value
    origin: Origin
    quality: Quality = Quality.GOOD
    detail: Detail = field(default_factory=_no_detail)


Fact = tuple[PointId, int, Value, Quality, NodeId, Detail]
"""A reading as ingest hands it on by the thousand (time in ms): quicker to make than a Reading."""


def fact_of(reading: Reading) -> Fact:
    return (
        reading.point, to_ms(reading.at), reading.value, reading.quality, reading.origin.node,
        reading.detail,
    )  # fmt: skip


def reading_of(fact: Fact, origin: Origin | None = None) -> Reading:
    """The way back; without `origin` boot and batch number are not known."""
    point, at, value, quality, node, detail = fact
    return Reading(point, from_ms(at), value, origin or Origin(node, "", 0), quality, detail)


class NodeState(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"


class ClockState(StrEnum):
    SYNCED = "synced"
    UNSYNCED = "unsynced"


@dataclass(frozen=True, slots=True)
class NodeFault:
    """One thing wrong on a node: which point's driver (or "" for the node itself) and why."""

    point: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class ConfigState:
    """Which version of its configuration a node runs, and which it refused, and why."""

    applied: str = ""
    refused: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a node says of itself; `outbox` counts readings not yet in the store."""

    state: NodeState
    boot: str
    at: datetime
    version: str = ""
    outbox: int = 0
    clock: ClockState = ClockState.UNSYNCED
    throttled: str = ""
    cpu_c: float | None = None
    disk_free: float | None = None
    faults: tuple[NodeFault, ...] = ()
    outbox_age: float | None = None
    """Seconds since the oldest reading that is not in the store was taken."""
    written: int | None = None
    """Bytes written to its card since the machine started."""
    worn: int | None = None
    """Percent of its card's life that is used up."""
    config: ConfigState | None = None
    """None: it runs by a file of its own."""
