"""/api/v1/devices: foreign devices that were found; the bridge gives them a place."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body, text
from dashboard.asking import ask_bridge
from dashboard.devices_found import device_panels, findings
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.foreign.said import Family

section = Section("api_devices", __name__, "/api/v1/devices")
MOST_TEXT = 200
MOST_PERIOD = 7 * 86400.0


@section.path("", Permission.PLACE)
def every() -> Response:
    """All found devices, how their messages ended, and the newest refusals."""
    found = findings()
    devices = [panel.as_json() for panel in device_panels(found)]
    return json_answer(
        {"devices": devices, "counts": found.counts, "refusals": list(found.refusals)}
    )


@section.path("/unassigned", Permission.PLACE)
def unassigned() -> Response:
    """Found devices that wait for a room and a name."""
    panels = device_panels(findings())
    waiting = [panel.as_json() for panel in panels if panel.state == "unassigned"]
    return json_answer({"devices": waiting})


@section.path("/assign", Permission.PLACE, methods=("POST",), body={
    "family": "tasmota, zigbee2mqtt, shelly, esphome, ha-discovery or mqtt; required",
    "device": "as the list names it; required",
    "field": "which of its values; required",
    "room": "the id of a room or gate; required",
    "name": "what people call the new point; required",
    "name_en": "the same in English",
    "kind": "one of the field's kinds; required",
    "on": "the kind's word for on, where the device only says on and off",
    "period": "seconds between its readings, where they are rarer than the kind's",
    "point": "the id of the new point; made of room and kind where it is left out",
})  # fmt: skip
def assign() -> Response:
    """Give one value of a found device a room and a name; it is a point from then on."""
    return json_answer(assign_field(body()), 201)


@section.path("/release", Permission.PLACE, methods=("POST",), body={
    "point": "a point that was assigned here; required",
})  # fmt: skip
def release() -> Response:
    """Take a point back; what it measured stays in the store."""
    return json_answer(release_point(body()))


@section.path("/ignore", Permission.PLACE, methods=("POST",), body={
    "family": "required", "device": "required",
})  # fmt: skip
def ignore() -> Response:
    """Set a found device aside: it is not ours, or not wanted."""
    return json_answer(set_aside(body(), "ignore"))


@section.path("/heed", Permission.PLACE, methods=("POST",), body={
    "family": "required", "device": "required",
})  # fmt: skip
def heed() -> Response:
    """Have a device that was set aside wait again."""
    return json_answer(set_aside(body(), "heed"))


def assign_field(data: dict[str, Any]) -> Mapping[str, Any]:
    """Checked and asked of the bridge. Raises BadInput, EngineSilent or EngineRefused."""
    wish: dict[str, Any] = {"do": "assign", **_device(data)}
    for name in ("field", "room", "name", "kind"):
        wish[name] = text(data, name, MOST_TEXT, required=True)
    for name in ("name_en", "on", "point"):
        wish[name] = text(data, name, MOST_TEXT)
    if data.get("period") not in (None, ""):
        wish["period"] = _period(data["period"])
    return ask_bridge(wish)


def release_point(data: dict[str, Any]) -> Mapping[str, Any]:
    """Raises BadInput where the plan names the point: without it the plan would not hold."""
    point = text(data, "point", MOST_TEXT, required=True)
    naming = [r.file.id for r in parts().plan.rules if point in r.file.select.points]
    if naming:
        raise BadInput(
            "point", f"the safety plan names it in {', '.join(naming)}", "take it out there first"
        )
    return ask_bridge({"do": "release", "point": point})


def set_aside(data: dict[str, Any], do: str) -> Mapping[str, Any]:
    return ask_bridge({"do": do, **_device(data)})


def _device(data: dict[str, Any]) -> dict[str, str]:
    family = text(data, "family", 40, required=True)
    if family not in list(Family):
        raise BadInput("family", f"{family!r} is not known", f"use {', '.join(Family)}")
    return {"family": family, "device": text(data, "device", MOST_TEXT, required=True)}


def _period(given: Any) -> float:
    try:
        period = float(given)
    except (TypeError, ValueError):
        period = -1.0
    if not 0 < period <= MOST_PERIOD:
        raise BadInput("period", "is no number of seconds", "give more than 0, at most a week")
    return period
