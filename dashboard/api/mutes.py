"""/api/v1/mutes: what is out of service or under maintenance; the engine keeps it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request

from alerts.mute import MuteKind
from dashboard.api.answers import json_answer
from dashboard.api.parameters import body, text, time_of
from dashboard.asking import ask_engine
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_mutes", __name__, "/api/v1/mutes")
MAX_TARGETS = 200


@section.path("", Permission.VIEW, query={"all": "1: also those that are over"})
def every_mute() -> Response:
    """What is out of service or under maintenance, newest first."""
    now = None if request.args.get("all") == "1" else parts().clock.now()
    return json_answer({"mutes": [mute.as_json() for mute in parts().book.mutes(now)]})


@section.path("", Permission.SHELVE, methods=("POST",), body={
    "kind": "out-of-service or maintenance; required",
    "targets": "a list: points (canteen/fridge-1/*), room:ID, node:ID, rule:ID, or *; required",
    "start": "ISO 8601 or ms; now where it is left out",
    "end": "ISO 8601 or ms; maintenance needs one, within 7 days of its start",
    "reason": "why; required",
})  # fmt: skip
def make() -> Response:
    """Take something out of service, or announce maintenance."""
    data = body()
    return json_answer(make_mute(data, data.get("targets")), 201)


@section.path("/<id>/end", Permission.SHELVE, methods=("POST",))
def end(id: str) -> Response:
    """Back in service, or the maintenance is over."""
    return json_answer(end_mute(id))


def make_mute(data: dict[str, Any], targets: Any) -> Mapping[str, Any]:
    """Checked and asked of the engine. Raises BadInput."""
    kind = text(data, "kind", 40)
    if kind not in list(MuteKind):
        raise BadInput("kind", f"{kind!r} is not known", f"use {', '.join(MuteKind)}")
    if not isinstance(targets, Sequence) or isinstance(targets, str) or not targets:
        raise BadInput("targets", "is no list with something in it", "name points or rooms")
    if len(targets) > MAX_TARGETS:
        raise BadInput("targets", f"are more than {MAX_TARGETS}", "use patterns such as room:ID")
    wish: dict[str, Any] = {"kind": kind, "targets": [str(t)[:200] for t in targets]}
    wish["reason"] = text(data, "reason", 500, required=True)
    for name in ("start", "end"):
        given = str(data.get(name) or "")
        if given:
            wish[name] = to_ms(time_of(name, given))
    return ask_engine("mute", "", orjson.dumps(wish).decode())


def end_mute(id: str) -> Mapping[str, Any]:
    return ask_engine("mute", id, '{"do":"end"}')
