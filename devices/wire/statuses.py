"""What nodes and services say of themselves, and the newest value of a point."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from devices.errors import WireError
from devices.model import (
    ClockState,
    ConfigState,
    NodeFault,
    NodeState,
    NodeStatus,
    Quality,
    Value,
    from_ms,
    to_ms,
)
from devices.service import Health
from devices.wire.objects import EARLIEST_MS, LATEST_MS, decode_object


def encode_status(status: NodeStatus) -> bytes:
    return orjson.dumps(
        {
            "state": status.state, "boot": status.boot, "at": to_ms(status.at),
            "version": status.version, "outbox": status.outbox, "clock": status.clock,
            "throttled": status.throttled, "cpu_c": status.cpu_c, "disk_free": status.disk_free,
            "outbox_age": status.outbox_age, "written": status.written, "worn": status.worn,
            "config": None if status.config is None else {
                "applied": status.config.applied, "refused": status.config.refused,
                "why": status.config.why,
            },
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
        outbox_age=number.get("outbox_age"),
        written=_whole(number.get("written")),
        worn=_whole(number.get("worn")),
        config=_config(data.get("config")),
        faults=tuple(
            NodeFault(str(f.get("point", "")), str(f.get("reason", "")), str(f.get("text", "")))
            for f in (faults if isinstance(faults, list) else [])[:100]
            if isinstance(f, dict)
        ),
    )


def _config(said: Any) -> ConfigState | None:
    if not isinstance(said, dict):
        return None
    return ConfigState(*(str(said.get(key) or "")[:1000] for key in ("applied", "refused", "why")))


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


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
