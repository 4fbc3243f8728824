"""/maintenance/log: every entry there ever was: searched, printed, as XLSX and CSV."""

from collections.abc import Sequence
from datetime import datetime

from flask import Response, render_template, request
from flask_babel import gettext as _

from alerts.order import OrderState, Queue, WorkOrder
from alerts.orderlife import ENGINE
from dashboard import words
from dashboard.api.work_orders import known_order, order_search, wanted_states
from dashboard.page import fault_name, text_of, thing_name
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.table import XLSX, Row, csv_of, download, xlsx_of
from dashboard.views.maintenance import order_parts
from devices.errors import CampusError

section = Section("order_log", __name__, "/maintenance")
SHOWN = 300
WIDTHS = (8, 16, 12, 14, 18, 28, 10, 10, 14, 16, 14, 28, 24, 10, 16, 16, 12, 10, 8)


@section.path("/log", Permission.VIEW)
def every() -> str:
    """The log by device, room, person, period and words."""
    trouble, orders = "", list[WorkOrder]()
    try:
        orders = list(_found())
    except (BadInput, CampusError) as error:
        trouble = str(error)
    asked = {key: value for key, value in request.args.items(multi=True) if value}
    return render_template(
        "order_log.html", orders=orders[:SHOWN], total=len(orders), shown=SHOWN, trouble=trouble,
        asked=asked, states=list(OrderState), queues=list(Queue), cost=_cost(orders),
        devices=sorted({order.asset for order in orders if order.asset}),
    )  # fmt: skip


def _found() -> Sequence[WorkOrder]:
    return parts().book.work_orders(wanted_states(), order_search())


def _cost(orders: Sequence[WorkOrder]) -> float:
    return sum(order.cost or 0.0 for order in orders)


@section.path("/log.xlsx", Permission.VIEW)
def xlsx() -> Response:
    """What the page found, as a workbook."""
    made = xlsx_of(_("维修日志"), _heads(), map(_row, _found()), WIDTHS)
    return download(made, XLSX, f"maintenance-{_today()}.xlsx")


@section.path("/log.csv", Permission.VIEW)
def csv() -> Response:
    """The same as CSV."""
    made = csv_of(_heads(), map(_row, _found()))
    return download(made, "text/csv; charset=utf-8", f"maintenance-{_today()}.csv")


@section.path("/<id>/sheet", Permission.VIEW)
def sheet(id: str) -> str:
    """维修记录单: one entry on one A4 page, with lines to sign."""
    return render_template("order_sheet.html", engine=ENGINE, **order_parts(known_order(id)))


def _today() -> str:
    return f"{parts().clock.now().astimezone(parts().site.timezone):%Y-%m-%d}"


def _heads() -> list[str]:
    return [
        _("单号"), _("报修时间"), _("报修人"), _("地点"), _("资产编号"), _("故障"), _("紧急程度"),
        _("派给谁"), _("受理人"), _("受理时间"), _("维修人"), _("处理措施"), _("故障原因"),
        _("结果"), _("完成时间"), _("验收人"), _("停用时长（分钟）"), _("费用"), _("满意度"),
    ]  # fmt: skip


def _row(order: WorkOrder) -> Row:
    down = order.down(parts().clock.now())
    result = words.word(words.RESULTS, order.result) if order.result else ""
    waiting = words.word(words.WAITINGS, order.waiting) if order.waiting else ""
    mender = " / ".join(x for x in (order.assigned_to, order.contractor) if x)
    what = text_of(order.as_json(), "title")
    if order.fault != "reported" and fault_name(order.fault) not in what:
        what = f"{what} ({fault_name(order.fault)})"
    done: datetime | None = order.done_at
    return (
        order.number, order.reported_at, order.reported_by, thing_name(order.place), order.asset,
        what, words.word(words.URGENCIES, order.urgency), words.word(words.QUEUES, order.queue),
        order.accepted_by, order.accepted_at, mender, order.action, order.cause,
        result or waiting or words.word(words.ORDER_STATES, order.state), done, order.verified_by,
        None if down is None else round(down.total_seconds() / 60), order.cost, order.rating,
    )  # fmt: skip
