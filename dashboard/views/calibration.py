"""/calibration: which sensor was calibrated when, what is due, and which device sits where."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from alerts.fittings import Calibration, Fitting, Fittings
from dashboard.api.fittings import calibrate, swap
from dashboard.fitted import fittings
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.maintenance import told
from devices.catalog import Point
from devices.model import PointId, ValueType

section = Section("calibration", __name__, "/calibration")
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Line:
    """A point with the device at it and the calibration that counts now."""

    point: Point
    asset: str
    calibration: Calibration | None
    history: list[Fitting]
    state: str
    """overdue, soon, good or never."""


@section.path("", Permission.VIEW)
def every() -> str:
    """What is overdue first."""
    now, known = parts().clock.now(), fittings()
    lines = [
        _line(known, point, known.calibration(PointId(point.id), now), now)
        for point in parts().site.points.values()
        if parts().site.kinds[PointId(point.id)].value_type is ValueType.NUMBER
    ]
    order = ("overdue", "soon", "good", "never")
    lines.sort(key=lambda line: (order.index(line.state), line.point.id))
    chosen = request.args.get("point", "")
    return render_template(
        "calibration.html", lines=lines, chosen=chosen, every_point=parts().site.points.values(),
        due=sum(1 for line in lines if line.state == "overdue"),
        assets=parts().upkeep.assets.every(),
    )  # fmt: skip


def _line(known: Fittings, point: Point, calibration: Calibration | None, now: datetime) -> Line:
    id = PointId(point.id)
    state = "never"
    if calibration is not None:
        left = calibration.due_at - now
        state = "overdue" if left < timedelta() else "soon" if left < SOON else "good"
    return Line(point, known.asset_of(point, now), calibration, known.history(id), state)


@section.path("", Permission.REPAIR, methods=("POST",))
def add() -> Response:
    """An offset from a date on."""
    form = {key: value for key, value in request.form.items() if value}
    back = url_for("calibration.every", point=form.get("point", ""))
    return told(lambda: calibrate(form), _("校准已登记，从该时间起修正。"), back)


@section.path("/swap", Permission.REPAIR, methods=("POST",))
def change() -> Response:
    """Another device at a point."""
    form = {key: value for key, value in request.form.items() if value}
    back = url_for("calibration.every", point=form.get("point", ""))
    return told(lambda: swap(form), _("设备更换已登记，曲线继续。"), back)
