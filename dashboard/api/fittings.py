"""/api/v1/calibrations, /api/v1/fittings: offsets with their dates; which device sits where."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body, decimal, text, time_of
from dashboard.asking import ask_with
from dashboard.auth import person
from dashboard.problems import BadInput
from dashboard.records.assets import NUMBER, AssetStatus
from dashboard.records.fields import word
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_fittings", __name__, "/api/v1")
LARGEST = 1000.0


@section.path("/calibrations", Permission.VIEW, query={"point": "of one point only"})
def every_calibration() -> Response:
    """Every calibration, oldest first; only ever added to."""
    point = request.args.get("point", "")
    found = [c.as_json() for c in parts().book.calibrations() if not point or c.point == point]
    return json_answer({"calibrations": found})


@section.path("/calibrations", Permission.REPAIR, methods=("POST",), body={
    "point": "required", "offset": "what is added to its values; or give the next two",
    "reference": "what the reference instrument showed", "shown": "what the page showed then",
    "at": "from when; now", "due": "when the next is due; in half a year", "reason": "with what",
})  # fmt: skip
def add_calibration() -> Response:
    """Add an offset from a date on; what was measured stays as it was."""
    return json_answer(calibrate(body()), 201)


@section.path("/fittings", Permission.VIEW, query={"point": "of one point only"})
def every_fitting() -> Response:
    """Which device was put where and when; at first the site file's `asset` is there."""
    point = request.args.get("point", "")
    found = [f.as_json() for f in parts().book.fittings() if not point or f.point == point]
    return json_answer({"fittings": found})


@section.path("/fittings", Permission.REPAIR, methods=("POST",), body={
    "point": "required", "asset": "the number of the new device; required",
    "at": "from when; now", "reason": "why", "old": "idle, repair or to-scrap: what becomes of it",
})  # fmt: skip
def add_fitting() -> Response:
    """Swap the device at a point: its chart goes on, its offset ends, both keep their history."""
    return json_answer(swap(body()), 201)


def calibrate(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check and ask the engine; raises BadInput."""
    data = dict(data)
    wish = _common(data)
    for name in ("offset", "reference", "shown"):
        value = decimal(data, name, -LARGEST, LARGEST)
        if value is not None:
            wish[name] = value
    if data.get("due"):
        wish["due"] = to_ms(time_of("due", str(data["due"])))
    done = ask_with("calibrate", "", wish)
    parts().upkeep.changed()
    made = done.get("calibration") or {}
    if made.get("asset"):
        what = f"{made['point']} {made['offset']:+g}"
        parts().upkeep.assets.note(made["asset"], "calibrated", person().signature, what)
    return done


def swap(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check and ask the engine; raises BadInput, BadField."""
    data = dict(data)
    wish = _common(data)
    wish["asset"] = text(data, "asset", 64, required=True)
    if not NUMBER.fullmatch(wish["asset"]):
        raise BadInput("asset", "is no asset number", "use letters, digits, dots, dashes")
    old = word(AssetStatus, data, "old", AssetStatus.IDLE)
    if old is AssetStatus.DISPOSED:
        raise BadInput("old", "is not possible here", "write it off instead")
    done = ask_with("swap", "", wish)
    parts().upkeep.changed()
    made, assets, who = done.get("fitting") or {}, parts().upkeep.assets, person().signature
    for number, status in ((made.get("was"), old), (made.get("asset"), AssetStatus.IN_USE)):
        if number:
            assets.note(number, "swap", who, f"{made['point']}: {made['was']} → {made['asset']}")
            assets.set_status(number, status, who, "")
    return done


def _common(data: dict[str, Any]) -> dict[str, Any]:
    point = text(data, "point", 128, required=True)
    if point not in parts().site.points:
        raise BadInput("point", f"{point!r} is not in the site file", "see GET /api/v1/points")
    wish: dict[str, Any] = {"point": point, "reason": text(data, "reason", 500)}
    if data.get("at"):
        wish["at"] = to_ms(time_of("at", str(data["at"])))
    return wish
