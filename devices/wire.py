"""The topics and JSON of the contract; the only module that knows either."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from devices.errors import WireError
from devices.model import (
    NO_DETAIL,
    ClockState,
    Detail,
    Kind,
    NodeFault,
    NodeId,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    ValueType,
    from_ms,
    to_ms,
)
from devices.service import Health

ROOT = "campus/v1"
UP_FILTER = f"{ROOT}/node/+/up"
STATUS_FILTER = f"{ROOT}/node/+/status"
ALERT_FILTER = f"{ROOT}/alert/+"
COMMAND_FILTER = f"{ROOT}/command/+"
SERVICE_FILTER = f"{ROOT}/service/+/status"
REPLY_ROOT = f"{ROOT}/reply/"

MAX_PAYLOAD = 1024 * 1024
"""Bytes of the largest batch that is decoded; a larger one is refused whole, with its reason."""
MAX_TEXT = 1024
"""Characters of the longest text value or detail value."""
MAX_DETAIL = 16
"""Keys of the largest detail."""
EARLIEST_MS = 946_684_800_000
"""2000-01-01; an earlier source time means a clock that was never set."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01."""


def up_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/up"


def ack_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/ack"


def status_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/status"


def state_topic(node: str, point: str) -> str:
    return f"{ROOT}/node/{node}/state/{point}"


def service_topic(service: str) -> str:
    """Where a service of the server says, retained, whether it works (an addition of ours)."""
    return f"{ROOT}/service/{service}/status"


def reply_topic(client: str) -> str:
    """Where the client `client` waits for answers to its questions (an addition of ours)."""
    return f"{REPLY_ROOT}{client}"


def node_command_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/command"


def alert_topic(alert: str) -> str:
    return f"{ROOT}/alert/{alert}"


def command_topic(verb: str) -> str:
    return f"{ROOT}/command/{verb}"


def node_of(topic: str) -> NodeId:
    """The node of a `campus/v1/node/<node>/…` topic. Raises WireError."""
    parts = topic.split("/")
    if len(parts) < 5 or parts[:3] != ["campus", "v1", "node"]:
        raise WireError(f"{topic} is no topic of a node")
    return NodeId(parts[3])


def last_part(topic: str) -> str:
    """What stands after the last slash: an alert's id, a command's verb."""
    return topic.rpartition("/")[2]


def decode_object(payload: bytes) -> dict[str, Any]:
    """A JSON object. Raises WireError with a reason for people."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError(
            f"the payload has {len(payload):,} bytes, over the limit of {MAX_PAYLOAD:,}"
        )
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise WireError("not a JSON object")
    return data


# --- batches ---------------------------------------------------------------------------------


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
class Decoded:
    """What came out of a payload; `origin` is None where it does not even say boot and number."""

    node: NodeId
    origin: Origin | None
    clock: ClockState
    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


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
    try:
        node = node_of(topic)
    except WireError as error:
        return Decoded(
            NodeId(""), None, ClockState.UNSYNCED, refusals=[_refusal(str(error), payload)]
        )
    try:
        data = decode_object(payload)
        origin = _origin(node, data)
    except WireError as error:
        return Decoded(node, None, ClockState.UNSYNCED, refusals=[_refusal(str(error), payload)])
    clock = ClockState.SYNCED if data.get("clock") == "synced" else ClockState.UNSYNCED
    decoded = Decoded(node, origin, clock)
    version, rows = data.get("v"), data.get("readings")
    if version != 1:
        decoded.refusals.append(
            _refusal(f"version {_shown(version)} is not known, only 1", payload)
        )
    elif not isinstance(rows, list):
        decoded.refusals.append(_refusal("`readings` is not a list", payload))
    else:
        quality = Quality.GOOD if clock is ClockState.SYNCED else Quality.CLOCK
        for row in rows:
            try:
                decoded.readings.append(_reading(row, origin, quality, kinds))
            except WireError as error:
                decoded.refusals.append(_refusal(str(error), _raw(row)))
    return decoded


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


def _reading(row: Any, origin: Origin, quality: Quality, kinds: Mapping[PointId, Kind]) -> Reading:
    if type(row) is not list or not 3 <= len(row) <= 4:
        raise WireError("a reading is [point, at, value] or [point, at, value, detail]")
    point, at, value = row[:3]
    kind = kinds.get(PointId(point)) if type(point) is str else None
    if kind is None:
        named = repr(point[:80]) if type(point) is str else _shown(point)
        raise WireError(f"unknown point {named}: add it to the site file")
    if type(at) is not int or not EARLIEST_MS <= at <= LATEST_MS:
        raise WireError(f"time {_shown(at)} of {point} is not in ms since 1970 (2000 to 2100)")
    return Reading(
        point,
        from_ms(at),
        _value(point, value, kind),
        origin,
        quality,
        _detail(point, row[3]) if len(row) == 4 and row[3] is not None else NO_DETAIL,
    )


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


# --- acknowledgements ------------------------------------------------------------------------


def encode_ack(boot: str, seqs: Iterable[int]) -> bytes:
    return orjson.dumps({"boot": boot, "seq": sorted(seqs)})


def decode_ack(payload: bytes) -> tuple[str, list[int]]:
    """Boot and batch numbers that are in the store. Raises WireError."""
    data = decode_object(payload)
    boot, seqs = data.get("boot"), data.get("seq")
    if not isinstance(boot, str) or not isinstance(seqs, list):
        raise WireError("an acknowledgement is {boot, seq: [...]}")
    return boot, [seq for seq in seqs if type(seq) is int]


# --- status, state, commands -----------------------------------------------------------------


def encode_status(status: NodeStatus) -> bytes:
    return orjson.dumps(
        {
            "state": status.state, "boot": status.boot, "at": to_ms(status.at),
            "version": status.version, "outbox": status.outbox, "clock": status.clock,
            "throttled": status.throttled, "cpu_c": status.cpu_c, "disk_free": status.disk_free,
            "faults": [
                {"point": f.point, "reason": f.reason, "text": f.text} for f in status.faults
            ],
        }
    )  # fmt: skip


def decode_status(payload: bytes) -> NodeStatus:
    """What a node says of itself; unknown keys are passed over. Raises WireError."""
    data = decode_object(payload)
    at = data.get("at")
    if data.get("state") not in ("online", "offline") or type(at) is not int:
        raise WireError("a status needs `state` (online or offline) and `at`")
    if not EARLIEST_MS <= at <= LATEST_MS:
        raise WireError("the time of a status is in ms since 1970 (2000 to 2100)")
    number = {k: v for k, v in data.items() if type(v) in (int, float)}
    faults = data.get("faults")
    return NodeStatus(
        state=NodeState(data["state"]),
        boot=str(data.get("boot", ""))[:64],
        at=from_ms(at),
        version=str(data.get("version", ""))[:64],
        outbox=int(number.get("outbox", 0)),
        clock=ClockState.SYNCED if data.get("clock") == "synced" else ClockState.UNSYNCED,
        throttled=str(data.get("throttled", ""))[:32],
        cpu_c=number.get("cpu_c"),
        disk_free=number.get("disk_free"),
        faults=tuple(
            NodeFault(str(f.get("point", "")), str(f.get("reason", "")), str(f.get("text", "")))
            for f in (faults if isinstance(faults, list) else [])[:100]
            if isinstance(f, dict)
        ),
    )


@dataclass(frozen=True, slots=True)
class ServicePresence:
    """What a service of the server says of itself: whether it lives, its parts, its counters."""

    state: NodeState
    at: datetime
    pid: int = 0
    parts: Mapping[str, Health] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)


def encode_presence(presence: ServicePresence) -> bytes:
    parts = {name: {"ok": h.ok, "text": h.text} for name, h in presence.parts.items()}
    troubles = [f"{name}: {h.text}" for name, h in presence.parts.items() if not h.ok]
    return orjson.dumps(
        {"state": presence.state, "at": to_ms(presence.at), "pid": presence.pid, "parts": parts,
         "counters": dict(presence.counters), "ok": not troubles, "text": "; ".join(troubles)}
    )  # fmt: skip


def decode_presence(payload: bytes) -> ServicePresence:
    """What a service says of itself; unknown keys are passed over. Raises WireError."""
    data = decode_object(payload)
    at, pid = data.get("at"), data.get("pid")
    if data.get("state") not in ("online", "offline") or type(at) is not int:
        raise WireError("a presence needs `state` (online or offline) and `at`")
    if not EARLIEST_MS <= at <= LATEST_MS:
        raise WireError("the time of a presence is in ms since 1970 (2000 to 2100)")
    parts, counters = data.get("parts"), data.get("counters")
    return ServicePresence(
        NodeState(data["state"]),
        from_ms(at),
        pid if type(pid) is int else 0,
        {
            name: Health(part.get("ok") is True, str(part.get("text", "")))
            for name, part in (parts if isinstance(parts, dict) else {}).items()
            if isinstance(part, dict)
        },
        {
            name: float(count)
            for name, count in (counters if isinstance(counters, dict) else {}).items()
            if type(count) in (int, float)
        },
    )


def encode_state(value: Value, at: datetime, unit: str, quality: Quality) -> bytes:
    return orjson.dumps({"value": value, "at": to_ms(at), "unit": unit, "quality": quality})


@dataclass(frozen=True, slots=True)
class NodeCommand:
    """What the engine asks of a node: light the beacon, or (a simulated one) play a scene."""

    id: str
    do: str
    args: Mapping[str, Any]


def encode_node_command(command: NodeCommand) -> bytes:
    return orjson.dumps({"id": command.id, "do": command.do, "args": dict(command.args)})


def decode_node_command(payload: bytes) -> NodeCommand:
    """Raises WireError."""
    data = decode_object(payload)
    id, do, args = data.get("id"), data.get("do"), data.get("args", {})
    if not isinstance(id, str) or not isinstance(do, str) or not isinstance(args, dict):
        raise WireError("a command is {id, do, args}")
    return NodeCommand(id[:64], do, args)


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asks of the engine on `campus/v1/command/<verb>`.

    Verbs: acknowledge, shelve, note (of an `alert`); work-order (`alert` is the order's id and
    `note` a JSON object of what changes). `who` is the person, for the log.
    """

    verb: str
    id: str
    alert: str = ""
    who: str = ""
    note: str = ""
    until: datetime | None = None


def encode_command(command: Command) -> bytes:
    return orjson.dumps(
        {"id": command.id, "alert": command.alert, "who": command.who, "note": command.note,
         "until": to_ms(command.until) if command.until else None}
    )  # fmt: skip


def decode_command(topic: str, payload: bytes) -> Command:
    """Raises WireError."""
    data = decode_object(payload)
    until = data.get("until")
    if until is not None and (type(until) is not int or not EARLIEST_MS <= until <= LATEST_MS):
        raise WireError("`until` is not in ms since 1970 (2000 to 2100)")
    texts = {key: data.get(key) or "" for key in ("id", "alert", "who", "note")}
    if not all(isinstance(text, str) for text in texts.values()) or not texts["id"]:
        raise WireError(
            "a command is {id, alert, who, note, until}; id, alert, who, note are texts"
        )
    return Command(last_part(topic), until=from_ms(until) if until else None, **texts)


def encode_object(data: Mapping[str, Any]) -> bytes:
    """Any other object: an alert as the HTTP API gives it, the answer to a command."""
    return orjson.dumps(dict(data), option=orjson.OPT_UTC_Z)
