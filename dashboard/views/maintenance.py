"""/maintenance: the maintenance log: faults with their evidence, and what was done."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from alerts.order import OrderState, WorkOrder
from dashboard.api.work_orders import change_order, known_order, report_fault
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import PlaceId

section = Section("maintenance", __name__)


@section.path("/maintenance", Permission.VIEW)
def every() -> str:
    """What has to be mended, and what was."""
    trouble, orders = "", list[WorkOrder]()
    try:
        orders = list(parts().book.work_orders())
    except CampusError as error:
        trouble = str(error)
    waiting = [order for order in orders if order.state is not OrderState.VERIFIED]
    closed = [order for order in orders if order.state is OrderState.VERIFIED]
    return render_template(
        "maintenance.html", waiting=waiting, closed=closed, trouble=trouble,
        place=request.args.get("place", ""),
    )  # fmt: skip


@section.path("/maintenance/<id>", Permission.VIEW)
def entry(id: str) -> str:
    """One entry with its evidence."""
    order = known_order(id)
    place = parts().site.places.get(PlaceId(order.place))
    events = parts().book.work_order_events(id)
    return render_template("order.html", order=order, place=place, events=events)


@section.path("/maintenance", Permission.REPORT, methods=("POST",))
def report() -> Response:
    done = _("已报修，信息中心会收到。")
    return _told(lambda: report_fault(request.form.to_dict()), done, url_for("maintenance.every"))


@section.path("/maintenance/<id>/<do>", Permission.REPAIR, methods=("POST",))
def change(id: str, do: str) -> Response:
    done = _("已记入维修日志。")
    here = url_for("maintenance.entry", id=id)
    return _told(lambda: change_order(id, do, request.form.to_dict()), done, here)


def _told(act: Callable[[], Mapping[str, Any]], done: str, back: str) -> Response:
    try:
        act()
    except (BadInput, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(done, "done")
    return redirect(back)
