"""/api/v1/work-orders: the maintenance log; every change goes to the engine, which keeps it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from alerts.order import OrderState, Queue, Result, Urgency, Waiting, WorkOrder
from alerts.orderlife import DEEDS
from alerts.ordersearch import OrderSearch
from dashboard.api.answers import json_answer
from dashboard.api.parameters import body, decimal, one_of, text, time_of
from dashboard.asking import ask_about_order
from dashboard.photos import BadPhoto
from dashboard.problems import BadInput
from dashboard.records.assets import Category
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_work_orders", __name__, "/api/v1/work-orders")
BY_ANYBODY = ("note", "rate", "photo")
"""What does not need the permission to repair."""
REPAIRS = (*(deed for deed in DEEDS if deed not in BY_ANYBODY), "doing")
MAX_TITLE = 200
TEXTS = {
    "note": 2000, "to": 200, "contractor": 200, "for": 40, "action": 2000, "cause": 2000,
    "result": 40, "title": MAX_TITLE, "description": 2000, "department": 100, "phone": 40,
    "queue": 40, "urgency": 40, "asset": 64, "rating_note": 500,
}  # fmt: skip
"""The texts that a change may hold, with how long each may be."""
NUMBERS = {"cost": (0.0, 10_000_000.0), "down_s": (0.0, 31_622_400.0), "rating": (1.0, 5.0)}
IT_CATEGORIES = (
    Category.COMPUTER, Category.PROJECTOR, Category.SOUND, Category.COMMUNICATION,
    Category.INSTRUMENT,
)  # fmt: skip
CHOICES = {"queue": Queue, "urgency": Urgency, "result": Result, "for": Waiting}

SEARCH = {
    "state": ", ".join(OrderState), "device": "an asset's number or a point",
    "place": "a room or gate", "person": "a part of a name", "q": "words in the entry",
    "queue": "it or logistics", "fault": "the fault's name", "from": "reported since",
    "to": "reported before",
}  # fmt: skip


@section.path("", Permission.VIEW, query=SEARCH)
def every_order() -> Response:
    """Entries of the maintenance log, newest first."""
    orders = parts().book.work_orders(wanted_states(), order_search())
    return json_answer({"work_orders": [order_json(order) for order in orders]})


@section.path("", Permission.REPORT, methods=("POST",), body={
    "title": "what is broken; required", "place": "a room or gate of the site file",
    "point": "a point of the site file", "asset": "the asset's number",
    "description": "more about it", "department": "of who reports", "phone": "of who reports",
    "urgency": ", ".join(Urgency), "queue": ", ".join(Queue),
})  # fmt: skip
def report() -> Response:
    """Report a fault; where the device has an open entry, the report joins it."""
    return json_answer(report_fault(body()), 201)


@section.path("/<id>", Permission.VIEW)
def one_order(id: str) -> Response:
    """One entry with what happened to it."""
    events = [
        {"at": e.at.isoformat(), "state": e.state, "what": e.what, "who": e.who, "note": e.note}
        for e in parts().book.work_order_events(id)
    ]
    return json_answer({**order_json(known_order(id)), "events": events})


@section.path("/<id>/note", Permission.REPORT, methods=("POST",), body={"note": "required"})
def note(id: str) -> Response:
    """Write something beside an entry."""
    return json_answer(change_order(id, "note", body()))


@section.path("/<id>/rate", Permission.REPORT, methods=("POST",),
              body={"rating": "1 to 5; required", "rating_note": "why"})  # fmt: skip
def rate(id: str) -> Response:
    """Say how content you are with what was done."""
    return json_answer(change_order(id, "rate", body()))


@section.path("/<id>/photos", Permission.REPORT, methods=("POST",), bulky=True,
              body={"photo": "a JPEG, PNG or WebP: as the body itself or this field"})  # fmt: skip
def add_photo(id: str) -> Response:
    """Add a picture; it is drawn anew and named by its SHA-256."""
    given = request.files.get("photo")
    data = given.stream.read() if given is not None else request.get_data()
    known_order(id)
    try:
        name = parts().upkeep.photos.keep(data)
    except BadPhoto as error:
        raise BadInput("photo", str(error), "send a JPEG, PNG or WebP of up to 10 MB") from None
    return json_answer(change_order(id, "photo", {"photo": name}), 201)


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",), body={
    "action": "what was done; required for `done`", "cause": "why it broke", "cost": "yuan",
    "result": "fixed, no-fault or scrapped", "to": "to whom it is assigned",
    "contractor": "the firm that mends it outside", "for": "wait for parts or external",
    "note": "required for `reopen`", "down_s": "down time in seconds, corrected",
})  # fmt: skip
def change(id: str, do: str) -> Response:
    """accept, assign, start, wait, resume, done, verify, reopen, edit; take is the first three."""
    return json_answer(change_order(id, do, body()))


def order_json(order: WorkOrder) -> dict[str, Any]:
    down = order.down(parts().clock.now())
    return {**order.as_json(), "down_time_s": None if down is None else down.total_seconds()}


def wanted_states() -> list[OrderState] | None:
    """The `state` parameters; None: any."""
    names = request.args.getlist("state")
    for name in names:
        if name not in list(OrderState):
            raise BadInput(
                "state", f"{name[:40]!r} is not known", f"use one of {', '.join(OrderState)}"
            )
    return [OrderState(name) for name in names] or None


def order_search() -> OrderSearch:
    """What the query asks for. Raises BadInput."""
    given = {key: request.args.get(key, "").strip()[:200] for key in SEARCH}
    start, end = given["from"], given["to"]
    until = time_of("to", end) if end else None
    if until is not None and len(end) == 10:
        until += timedelta(days=1)  # a date alone means all of that day
    return OrderSearch(
        given["device"], given["place"], given["person"], given["q"], given["queue"],
        given["fault"], time_of("from", start) if start else None, until,
    )  # fmt: skip


def report_fault(data: Mapping[str, Any], who: str = "") -> Mapping[str, Any]:
    """Check and send a report; raises BadInput."""
    site, data = parts().site, dict(data)
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
    for name in ("urgency", "queue"):
        if data.get(name):
            one_of(data, name, CHOICES[name])
    more = {
        key: text(data, key, TEXTS.get(key, 64))
        for key in ("asset", "description", "department", "phone", "urgency", "queue", "task",
                    "title_en", "photo")
    }  # fmt: skip
    if more["asset"] and not more["queue"]:
        card = parts().upkeep.assets.get(more["asset"])
        more["queue"] = Queue.IT.value if card and card.category in IT_CATEGORIES else ""
    wish = {"title": title, "place": place, "point": point, **more}
    return ask_about_order("", "report", {k: v for k, v in wish.items() if v}, who)


def change_order(id: str, do: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check and send a change; raises BadInput."""
    if do not in (*REPAIRS, *BY_ANYBODY):
        raise NotFound(f"a maintenance entry knows {', '.join(REPAIRS)}")
    known_order(id)
    data = dict(data)
    wish: dict[str, Any] = {
        key: text(data, key, most, required=key == "action" and do == "done")
        for key, most in TEXTS.items()
        if key in data or (key == "action" and do == "done")
    }
    for key, (least, most) in NUMBERS.items():
        if key in data:
            wish[key] = decimal(data, key, least, most)
    for key, kind in CHOICES.items():
        if wish.get(key):
            one_of(wish, key, kind)
    if do == "photo":
        wish["photo"] = text(data, "photo", 64, required=True)
    return ask_about_order(id, do, wish)


def known_order(id: str) -> WorkOrder:
    order = parts().book.work_order(id)
    if order is None:
        raise NotFound(f"there is no maintenance entry {id[:40]!r}")
    return order
