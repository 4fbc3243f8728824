"""Batches of readings and their acknowledgements."""

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from devices.errors import WireError
from devices.model import (
    NO_DETAIL,
    ClockState,
    Detail,
    Fact,
    Kind,
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    ValueType,
    from_ms,
    reading_of,
    to_ms,
)
from devices.wire.objects import EARLIEST_MS, LATEST_MS, MAX_DETAIL, MAX_TEXT, decode_object
from devices.wire.topics import node_of


@dataclass(frozen=True, slots=True)
class Batch:
    """What a node sends at once: readings of one boot under one number."""

    origin: Origin
    clock: ClockState
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reading, or a whole payload, that cannot be stored: what it was and why."""

    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What came out of a payload; `origin` is None where it does not even say boot and number."""

    node: NodeId
    origin: Origin | None
    clock: ClockState
    facts: list[Fact] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    moved: list[tuple[PointId, int]] = field(default_factory=list)
    """Where (ms) readings of this batch were said to be before their clock was set."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The same with readings."""

    node: NodeId
    origin: Origin | None
    clock: ClockState
    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    moved: list[tuple[PointId, int]] = field(default_factory=list)


def encode_batch(batch: Batch) -> bytes:
    rows = [
        [r.point, to_ms(r.at), r.value, dict(r.detail)]
        if r.detail
        else [r.point, to_ms(r.at), r.value]
        for r in batch.readings
    ]
    return orjson.dumps(
        {"v": 1, "boot": batch.origin.boot, "seq": batch.origin.seq, "clock": batch.clock,
         "readings": rows}
    )  # fmt: skip


def decode_batch(topic: str, payload: bytes, kinds: Mapping[PointId, Kind]) -> Decoded:
    """The readings of a batch, and a refusal with its reason for each part that is not one.

    Never raises: a payload that is nothing at all comes back as one refusal.
    """
    found = decode_facts(topic, payload, kinds)
    readings = [reading_of(fact, found.origin) for fact in found.facts]
    return Decoded(found.node, found.origin, found.clock, readings, found.refusals, found.moved)


def decode_facts(
    topic: str, payload: bytes, kinds: Mapping[PointId, Kind], numbers: Container[str] = ()
) -> Facts:
    """As `decode_batch`, for many readings: those of the points `numbers` have a shorter way."""
    try:
        node = node_of(topic)
    except WireError as error:
        return Facts(
            NodeId(""), None, ClockState.UNSYNCED, refusals=[_refusal(str(error), payload)]
        )
    try:
        data = decode_object(payload)
        origin = _origin(node, data)
    except WireError as error:
        return Facts(node, None, ClockState.UNSYNCED, refusals=[_refusal(str(error), payload)])
    clock = ClockState.SYNCED if data.get("clock") == "synced" else ClockState.UNSYNCED
    found = Facts(node, origin, clock)
    version, rows = data.get("v"), data.get("readings")
    if version != 1:
        found.refusals.append(_refusal(f"version {_shown(version)} is not known, only 1", payload))
    elif not isinstance(rows, list):
        found.refusals.append(_refusal("`readings` is not a list", payload))
    else:
        _decode_rows(rows, found, kinds, numbers)
        found.moved.extend(_moved(rows, data.get("was")))
    return found


def _decode_rows(
    rows: list[Any], found: Facts, kinds: Mapping[PointId, Kind], numbers: Container[str]
) -> None:
    quality = Quality.GOOD if found.clock is ClockState.SYNCED else Quality.CLOCK
    node, keep = found.node, found.facts.append
    for row in rows:
        if type(row) is list and len(row) == 3:
            point, at, value = row
            if (
                type(value) is float
                and type(at) is int
                and type(point) is str
                and point in numbers
                and EARLIEST_MS <= at <= LATEST_MS
                and math.isfinite(value)
            ):
                keep((point, at, value, quality, node, NO_DETAIL))  # type: ignore[arg-type]
                continue
        try:
            keep(_fact(row, node, quality, kinds))
        except WireError as error:
            found.refusals.append(_refusal(str(error), _raw(row)))


def _moved(rows: list[Any], earlier: Any) -> Iterator[tuple[PointId, int]]:
    """The times under which readings were sent before, where they are any."""
    for row, times in zip(rows, earlier if type(earlier) is list else (), strict=False):
        if type(row) is not list or not row or type(row[0]) is not str:
            continue
        for at in times if type(times) is list else ():
            if type(at) is int and EARLIEST_MS <= at <= LATEST_MS:
                yield PointId(row[0]), at


def _refusal(reason: str, raw: bytes) -> Refusal:
    return Refusal(reason, raw[:4096])


def _raw(value: Any) -> bytes:
    """What was decoded, as JSON again; orjson reads deeper nesting than it writes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"(nested too deeply)"


def _shown(value: Any) -> str:
    """The beginning of what was decoded, for a sentence."""
    return _raw(value)[:40].decode(errors="replace")


def _origin(node: NodeId, data: dict[str, Any]) -> Origin:
    boot, seq = data.get("boot"), data.get("seq")
    if not isinstance(boot, str) or not 1 <= len(boot) <= 64 or not boot.isprintable():
        raise WireError("`boot` is not a text of 1 to 64 characters")
    if type(seq) is not int or not 0 <= seq < 2**62:
        raise WireError("`seq` is not a whole number from 0")
    return Origin(node, boot, seq)


def _fact(row: Any, node: NodeId, quality: Quality, kinds: Mapping[PointId, Kind]) -> Fact:
    if type(row) is not list or not 3 <= len(row) <= 4:
        raise WireError("a reading is [point, at, value] or [point, at, value, detail]")
    point, at, value = row[:3]
    kind = kinds.get(PointId(point)) if type(point) is str else None
    if kind is None:
        named = repr(point[:80]) if type(point) is str else _shown(point)
        raise WireError(f"unknown point {named}: add it to the site file")
    if type(at) is not int or not EARLIEST_MS <= at <= LATEST_MS:
        raise WireError(f"time {_shown(at)} of {point} is not in ms since 1970 (2000 to 2100)")
    detail = _detail(point, row[3]) if len(row) == 4 and row[3] is not None else NO_DETAIL
    return point, at, _value(point, value, kind), quality, node, detail


def _value(point: str, value: Any, kind: Kind) -> Value:
    found = type(value)
    match kind.value_type:
        case ValueType.NUMBER if found is float or found is int:
            number = float(value)
            if math.isfinite(number):
                return number
        case ValueType.BOOLEAN if found is bool:
            return bool(value)
        case ValueType.TEXT if found is str and len(value) <= MAX_TEXT:
            if not kind.values or value in kind.values:
                return str(value)
            raise WireError(f"{value[:40]!r} of {point} is not one of {', '.join(kind.values)}")
    raise WireError(f"value {_shown(value)} of {point} is not a {kind.value_type}")


def _detail(point: str, detail: Any) -> Detail:
    if type(detail) is not dict or len(detail) > MAX_DETAIL:
        raise WireError(f"the detail of {point} is not an object of up to {MAX_DETAIL} keys")
    for key, value in detail.items():
        if not key.isidentifier() or len(key) > 32 or key in ("value", "text", "quality", "time"):
            raise WireError(f"the detail of {point} has a key {key[:40]!r} that cannot be stored")
        if type(value) not in (str, float, int, bool) or (
            type(value) is str and len(value) > MAX_TEXT
        ):
            raise WireError(f"detail {key} of {point} is not a text, number or boolean")
    return {k: float(v) if type(v) is int else v for k, v in detail.items()}


@dataclass(frozen=True, slots=True)
class Ack:
    """Batches of one boot that are in the store; `at` is the server's time, where it knows it."""

    boot: str
    seqs: Sequence[int]
    at: datetime | None = None
    told: bool = True
    """Whether it says anything of the server's clock, be it that nothing sets it."""


def encode_ack(
    boot: str, seqs: Iterable[int], at: datetime | None = None, clock: ClockState | None = None
) -> bytes:
    """`at` and `clock`: the server's time now, and whether its clock is set."""
    time = {} if at is None or clock is None else {"at": to_ms(at), "clock": clock}
    return orjson.dumps({"boot": boot, "seq": sorted(seqs), **time})


def decode_ack(payload: bytes) -> Ack:
    """Raises WireError."""
    data = decode_object(payload)
    boot, seqs = data.get("boot"), data.get("seq")
    if not isinstance(boot, str) or not isinstance(seqs, list):
        raise WireError("an acknowledgement is {boot, seq: [...]}")
    at, clock = data.get("at"), data.get("clock")
    known = clock == "synced" and type(at) is int and EARLIEST_MS <= at <= LATEST_MS
    numbers = [seq for seq in seqs if type(seq) is int]
    server = from_ms(int(at)) if known and at is not None else None
    return Ack(boot, numbers, server, clock in ("synced", "unsynced"))
