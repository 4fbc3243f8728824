"""What is asked: of nodes by the engine, of the engine by people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from devices.errors import WireError
from devices.model import from_ms, to_ms
from devices.wire.objects import EARLIEST_MS, LATEST_MS, decode_object
from devices.wire.topics import last_part


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


def missing_of(command: NodeCommand) -> tuple[str, list[tuple[int, int]]]:
    """Boot and (first, last) numbers that a `resend` asks for; what is none is passed over."""
    boot, ranges = command.args.get("boot"), command.args.get("seq")
    found = [
        (pair[0], pair[1])
        for pair in (ranges if isinstance(ranges, list) else [])[:1000]
        if isinstance(pair, list) and len(pair) == 2 and all(_is_number(n) for n in pair)
    ]
    return (boot if isinstance(boot, str) else ""), found


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asks of the engine on `campus/v1/command/<verb>`.

    Verbs: acknowledge, shelve, note, end (of an `alert`; of `end` the note is {ending, note} as
    JSON); work-order (`alert` is the order's id and `note` a JSON object of what changes); mute
    (`note` is {kind, targets, start, end, reason}, or {do: "end"} with the mute's id as `alert`).
    `who` is the person, for the log.
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
