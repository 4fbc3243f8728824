"""`campus bridge --try`: recorded messages through the bridge's understanding, no broker."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from devices.foreign.interpreter import Interpreter
from devices.foreign.said import Came, Heard, Outcome
from devices.foreign.units import kinds_for


def tried(lines: Iterable[bytes], interpreter: Interpreter) -> Iterator[dict[str, Any]]:
    """What came of each line; a line that is no message is refused, and the next is read."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            topic, payload = _message(line)
        except ValueError as error:
            yield {"line": number, "topic": "", **_refusal(str(error))}
        else:
            yield {"line": number, "topic": topic, **told(interpreter.hear(topic, payload))}


def _message(line: bytes) -> tuple[str, bytes]:
    """Raises ValueError, with the reason."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the line is no JSON: {error}") from None
    if not isinstance(said, dict) or not isinstance(said.get("topic"), str):
        raise ValueError('the line is no {"topic": …, "payload": …}')
    coded = next((said[k] for k in ("payload_base64", "payload_b64", "base64") if k in said), None)
    payload = said.get("payload")
    if coded is None and said.get("encoding") == "base64":
        coded = payload
    if coded is not None:
        try:
            return said["topic"], base64.b64decode(str(coded), validate=True)
        except binascii.Error:
            raise ValueError("the payload is no base64") from None
    if payload is None:
        return said["topic"], b""
    if isinstance(payload, str):
        # A lone surrogate stands for a byte that is no UTF-8.
        return said["topic"], payload.encode("utf-8", "surrogateescape")
    return said["topic"], orjson.dumps(payload)


def told(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON: readings, what was refused, health, and devices that were found."""
    heard = outcome.heard
    refusals = [
        {"device": each.device, "field": drop.field, "reason": drop.reason}
        for each in heard
        for drop in each.dropped
    ]
    if outcome.came is Came.REFUSED and not refusals:
        refusals = [{"device": "", "field": "", "reason": outcome.reason}]
    return {
        "outcome": outcome.came.value,
        "reason": outcome.reason,
        "family": outcome.family,
        "device": heard[0].device if heard else "",
        "readings": [reading for each in heard for reading in _readings(each)],
        "refusals": refusals,
        "health": [
            {"device": each.device, "field": s.field, "value": s.value, "unit": s.unit}
            for each in heard
            for s in each.signs
        ],
        "available": next((each.available for each in heard if each.available is not None), None),
        "discovered": [_found(each) for each in heard] if outcome.came is Came.DISCOVERY else [],
    }


def _refusal(reason: str) -> dict[str, Any]:
    return told(Outcome(Came.REFUSED, reason))


def _readings(heard: Heard) -> Iterator[dict[str, Any]]:
    for value in heard.values:
        yield {
            "device": heard.device, "field": value.field, "kind": value.quantity,
            "value": value.value, "unit": value.unit, "quality": value.quality.value,
            "declared": value.declared, "kinds": list(kinds_for(value.quantity)),
            **({"sensor": value.sensor} if value.sensor else {}),
        }  # fmt: skip


def _found(heard: Heard) -> dict[str, Any]:
    return {
        "family": heard.family.value, "device": heard.device, **heard.about,
        "fields": list(heard.passed),
    }  # fmt: skip
