"""/api/v1/work-orders: the maintenance log; every change goes to the engine, which keeps it."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import Forbidden, NotFound

from alerts.order import OrderState, WorkOrder
from dashboard.api.answers import json_answer
from dashboard.api.parameters import body, text
from dashboard.asking import ask_about_order
from dashboard.auth import person
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_work_orders", __name__, "/api/v1/work-orders")
REPAIRS = ("accept", "done", "verify")
MAX_TITLE = 200


@section.path("", Permission.VIEW, query={"state": "reported, accepted, done or verified"})
def every_order() -> Response:
    """Entries of the maintenance log, newest first."""
    names = request.args.getlist("state")
    for name in names:
        if name not in list(OrderState):
            raise BadInput(
                "state", f"{name[:40]!r} is not known", f"use one of {', '.join(OrderState)}"
            )
    orders = parts().book.work_orders([OrderState(name) for name in names] or None)
    return json_answer({"work_orders": [order.as_json() for order in orders]})


@section.path("", Permission.REPORT, methods=("POST",), body={
    "title": "what is broken; required", "place": "a room or gate of the site file",
    "point": "a point of the site file", "asset": "the asset's number",
})  # fmt: skip
def report() -> Response:
    """Report a fault."""
    return json_answer(report_fault(body()), 201)


@section.path("/<id>", Permission.VIEW)
def one_order(id: str) -> Response:
    """One entry with what happened to it."""
    events = [
        {"at": e.at.isoformat(), "state": e.state, "what": e.what, "who": e.who, "note": e.note}
        for e in parts().book.work_order_events(id)
    ]
    return json_answer({**known_order(id).as_json(), "events": events})


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",),
              body={"action": "what was done; required for `done`"})  # fmt: skip
def change(id: str, do: str) -> Response:
    """accept, done (with what was done), or verify."""
    return json_answer(change_order(id, do, body()))


def report_fault(data: dict[str, Any]) -> Mapping[str, Any]:
    """Check and send a report; raises BadInput."""
    site = parts().site
    title = text(data, "title", MAX_TITLE, required=True)
    place, point = text(data, "place", 64), text(data, "point", 128)
    if place and place not in site.places:
        raise BadInput("place", f"{place!r} is not in the site file", "name a room or gate")
    if point and point not in site.points:
        raise BadInput("point", f"{point!r} is not in the site file", "see GET /api/v1/points")
    if not place and not point:
        raise BadInput("place", "is missing", "name the room or gate, or a point")
    if not place:
        place = site.points[next(id for id in site.points if id == point)].room
    asset = text(data, "asset", 64)
    return ask_about_order("", "report", title=title, place=place, point=point, asset=asset)


def change_order(id: str, do: str, data: dict[str, Any]) -> Mapping[str, Any]:
    if do not in REPAIRS:
        raise NotFound(f"a maintenance entry knows {', '.join(REPAIRS)}")
    known_order(id)
    action = text(data, "action", required=do == "done")
    if do == "verify" and not person().may(Permission.REPAIR):
        raise Forbidden("this needs the permission to repair")
    return ask_about_order(id, do, action=action)


def known_order(id: str) -> WorkOrder:
    order = parts().book.work_order(id)
    if order is None:
        raise NotFound(f"there is no maintenance entry {id[:40]!r}")
    return order
