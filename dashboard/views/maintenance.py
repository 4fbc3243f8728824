"""/maintenance: what has to be mended, and each entry with its evidence and its next step."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from alerts.faultlore import fault_of
from alerts.order import OrderDeed, OrderEvent, OrderState, Queue, Result, Urgency, WorkOrder
from dashboard.api.answers import is_number
from dashboard.api.consumables import moved
from dashboard.api.work_orders import change_order, known_order, report_fault
from dashboard.auth import person
from dashboard.page import language, parse_time
from dashboard.photos import BadPhoto
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.records.fields import BadField, NotNow
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import PlaceId, PointId

section = Section("maintenance", __name__, "/maintenance")
OPEN = [state for state in OrderState if state is not OrderState.CLOSED]
RECENT = timedelta(days=30)
AROUND = timedelta(hours=12)
"""How much of the chart is shown before a fault and after it."""
URGENT_FIRST = list(Urgency)


@section.path("", Permission.VIEW)
def every() -> str:
    """What has to be mended, most urgent first, and what was closed lately."""
    trouble, orders, now = "", list[WorkOrder](), parts().clock.now()
    try:
        orders = list(parts().book.work_orders())
    except CampusError as error:
        trouble = str(error)
    queue = request.args.get("queue", "")
    chosen = [o for o in orders if queue not in list(Queue) or o.queue == queue]
    waiting = [order for order in chosen if order.open]
    waiting.sort(key=lambda order: (URGENT_FIRST.index(order.urgency), -order.number))
    closed = [o for o in chosen if not o.open and o.closed_at and now - o.closed_at < RECENT]
    counts = {each: sum(1 for o in orders if o.open and o.queue is each) for each in Queue}
    return render_template(
        "maintenance.html", waiting=waiting, closed=closed, trouble=trouble, queue=queue,
        counts=counts, total=sum(counts.values()), place=request.args.get("place", ""),
        asset=request.args.get("asset", ""), urgencies=list(Urgency), queues=list(Queue),
    )  # fmt: skip


@section.path("/<id>", Permission.VIEW)
def entry(id: str) -> str:
    """One entry: its next step, its evidence, what happened to it."""
    order = known_order(id)
    return render_template("order.html", **order_parts(order))


def order_parts(order: WorkOrder) -> dict[str, Any]:
    """What the page and the printed sheet of an entry show."""
    now, site, fault = parts().clock.now(), parts().site, fault_of(order.fault)
    point = site.points.get(order.point) if order.point else None
    since = _since(order)
    down, events = order.down(now), parts().book.work_order_events(order.id)
    return {
        "order": order, "place": site.places.get(PlaceId(order.place)), "point": point,
        "numeric": point is not None and is_number(PointId(point.id)),
        "chart_from": since - AROUND, "chart_to": min(now, (order.down_to or now) + AROUND / 12),
        "steps": fault.steps_en if language() == "en" else fault.steps,
        "events": events,
        "down_s": None if down is None else down.total_seconds(),
        "progress": progress(order, events), "results": _RESULTS, "queues": list(Queue),
        "urgencies": list(Urgency), "since": since, **_registered(order),
    }  # fmt: skip


def _registered(order: WorkOrder) -> dict[str, Any]:
    """What the registers know of it: the parts it took, its device's name."""
    upkeep, known = parts().upkeep, order.asset
    asset = upkeep.assets.get(known) if known else None
    used = upkeep.stock.used(order.id)
    return {
        "parts_used": used, "parts_cost": sum(part.cost for part in used), "asset": asset,
        "device_name": f"{asset.name} {asset.brand} {asset.model}".strip() if asset else "",
        "articles": upkeep.stock.every() if order.open else (),
    }  # fmt: skip


_RESULTS = (Result.FIXED, Result.NO_FAULT, Result.SCRAPPED)


def _since(order: WorkOrder) -> datetime:
    seen = parse_time(order.evidence.get("last_good_at")) or order.down_from or order.reported_at
    return min(seen, order.reported_at)


_REACHED_BY = {
    OrderState.ACCEPTED: OrderDeed.ACCEPT, OrderState.ASSIGNED: OrderDeed.ASSIGN,
    OrderState.DOING: OrderDeed.START, OrderState.DONE: OrderDeed.DONE,
    OrderState.VERIFIED: OrderDeed.VERIFY, OrderState.CLOSED: OrderDeed.CLOSE,
}  # fmt: skip


def progress(
    order: WorkOrder, events: Sequence[OrderEvent]
) -> list[tuple[OrderState, datetime | None, str]]:
    """Each state with when and by whom it was reached last; None where it is still to come."""
    found: list[tuple[OrderState, datetime | None, str]] = [
        (OrderState.REPORTED, order.reported_at, order.reported_by)
    ]
    so_far = list(OrderState).index(order.state)
    for index, (state, deed) in enumerate(_REACHED_BY.items(), 1):
        event = next((e for e in reversed(events) if e.what is deed), None)
        reached = event is not None and index <= so_far
        at, who = (event.at, event.who) if reached and event else (None, "")
        found.append((state, at, who))
    return found


@section.path("", Permission.REPORT, methods=("POST",))
def report() -> Response:
    """A fault reported by somebody who is logged in."""
    back = url_for("maintenance.every")
    return told(lambda: report_fault(request.form.to_dict()), _("已报修。"), back)


@section.path("/<id>/photo", Permission.REPORT, methods=("POST",), bulky=True)
def photo(id: str) -> Response:
    """Add a picture."""
    here = url_for("maintenance.entry", id=id)

    def keep() -> Mapping[str, Any]:
        given = request.files.get("photo")
        if given is None or not given.filename:
            raise BadPhoto(_("没有选照片"))
        known_order(id)
        name = parts().upkeep.photos.keep(given.stream.read())
        return change_order(id, "photo", {"photo": name, "note": request.form.get("note", "")})

    return told(keep, _("照片已加入。"), here)


@section.path("/<id>/parts", Permission.REPAIR, methods=("POST",))
def take_part(id: str) -> Response:
    """A part out of stock for this entry, or back into it."""
    order, here = known_order(id), url_for("maintenance.entry", id=id)

    def take() -> None:
        form = request.form.to_dict()
        number = form.get("consumable", "")
        if not number.isascii() or not number.isdigit():
            raise BadField(_("配件"), _("没有选择"), "choose one")
        purpose = f"#{order.number} {order.title}"[:200]
        given = {"direction": "out", "receiver": person().shown, "purpose": purpose, **form}
        moved(int(number[:9]), {**given, "order": id})

    return told(take, _("已登记出库。"), f"{here}#parts")


@section.path("/<id>/note", Permission.REPORT, methods=("POST",))
def note(id: str) -> Response:
    """A remark beside an entry."""
    here = url_for("maintenance.entry", id=id)
    return told(lambda: change_order(id, "note", request.form.to_dict()), _("已记下。"), here)


@section.path("/<id>/rate", Permission.REPORT, methods=("POST",))
def rate(id: str) -> Response:
    """How content somebody is."""
    here = url_for("maintenance.entry", id=id)
    return told(lambda: change_order(id, "rate", request.form.to_dict()), _("谢谢评价。"), here)


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",))
def change(id: str, do: str) -> Response:
    """The next step of an entry."""
    here, form = url_for("maintenance.entry", id=id), request.form.to_dict()
    minutes = form.pop("down_minutes", None)
    if minutes is not None:
        form["down_s"] = _seconds(minutes)
    return told(lambda: change_order(id, do, form), _("已记入维修日志。"), here)


def _seconds(minutes: str) -> str:
    """What people write in minutes; left as it is where it is no number, to be refused."""
    try:
        return str(float(minutes) * 60) if minutes.strip() else ""
    except ValueError:
        return minutes


def told(act: Callable[[], Mapping[str, Any] | None], done: str, back: str) -> Response:
    """Back to a page, with what became of it in words."""
    try:
        act()
    except (BadInput, BadField, NotNow, BadPhoto, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(done, "done")
    return redirect(back)
