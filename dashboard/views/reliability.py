"""/reliability: MTBF and MTTR by device and by model, from the data and the log."""

from datetime import datetime, timedelta

from flask import Response, render_template, request
from flask_babel import gettext as _

from alerts.order import WorkOrder
from dashboard.api.answers import json_answer
from dashboard.api.parameters import time_range
from dashboard.reliability import Figures, by_device, by_model, is_failure
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.served import served
from dashboard.sheets.table import XLSX, Row, download, xlsx_of
from devices.errors import CampusError

section = Section("reliability", __name__)
PERIODS = {"90": timedelta(days=90), "365": timedelta(days=365), "1095": timedelta(days=1095)}


@section.path("/reliability", Permission.VIEW)
def page() -> str:
    """What fails most, and how long it stays so."""
    days = request.args.get("days", "365")
    days = days if days in PERIODS else "365"
    end = parts().clock.now()
    trouble, devices, models = "", list[Figures](), list[Figures]()
    try:
        devices, models = _figures(end - PERIODS[days], end)
    except CampusError as error:
        trouble = str(error)
    return render_template(
        "reliability.html", devices=devices, models=models, days=days, periods=PERIODS,
        trouble=trouble,
    )  # fmt: skip


def _figures(start: datetime, end: datetime) -> tuple[list[Figures], list[Figures]]:
    """Devices that failed, worst first; all models."""
    orders: list[WorkOrder] = [o for o in parts().book.work_orders() if is_failure(o)]
    every = served(start, end, {order.device for order in orders})
    found = by_device(every, orders, start, end)
    failed = [figures for figures in found.values() if figures.failures or figures.down]
    failed.sort(key=lambda f: (-f.failures, f.name))
    return failed, by_model(every, orders, start, end)


@section.path("/reliability.xlsx", Permission.VIEW)
def xlsx() -> Response:
    """By model, as a workbook."""
    days = request.args.get("days", "365")
    end = parts().clock.now()
    _devices, models = _figures(end - PERIODS.get(days, PERIODS["365"]), end)
    heads = (_("型号"), _("台数"), _("故障次数"), "MTBF (h)", "MTTR (h)", _("可用率") + " %")
    rows: list[Row] = [
        (f.name, f.devices, f.failures, _hours(f.mtbf), _hours(f.mttr),
         None if f.availability is None else round(f.availability, 3))
        for f in models
    ]  # fmt: skip
    made = xlsx_of(_("可靠性"), heads, rows, (30, 8, 10, 12, 12, 12))
    return download(made, XLSX, "reliability.xlsx")


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds() / 3600, 2)


@section.path("/api/v1/reliability", Permission.VIEW, query={"from": "365 days ago", "to": "now"})
def reliability() -> Response:
    """MTBF and MTTR in seconds, of each device that failed and of each model."""
    start, end = time_range(PERIODS["365"])
    devices, models = _figures(start, end)
    return json_answer({"devices": list(map(_json, devices)), "models": list(map(_json, models))})


def _json(figures: Figures) -> dict[str, object]:
    return {
        "name": figures.name, "devices": figures.devices, "failures": figures.failures,
        "service_s": figures.service.total_seconds(), "down_s": figures.down.total_seconds(),
        "mtbf_s": figures.mtbf.total_seconds() if figures.mtbf is not None else None,
        "mttr_s": figures.mttr.total_seconds() if figures.mttr is not None else None,
        "availability": figures.availability,
    }  # fmt: skip
