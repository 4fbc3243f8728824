"""/alerts: the list, and each alert's card; the forms here work without scripts too."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from alerts.model import AlertState, Ending
from dashboard import words
from dashboard.api.alerts import end_alert, own_alert, shelf_end
from dashboard.api.answers import alert_json, is_number
from dashboard.asking import ask_engine
from dashboard.auth import safe_next
from dashboard.page import parse_time
from dashboard.panels import AlertPanel, open_alerts
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import PointId

section = Section("alerts", __name__)
HISTORY = timedelta(days=30)
AROUND = timedelta(hours=1)


@section.path("/alerts", Permission.VIEW)
def every() -> str:
    """Open alerts, and those of the last 30 days that are closed."""
    trouble, closed = "", list[AlertPanel]()
    try:
        since = parts().clock.now() - HISTORY
        found = parts().book.alerts([AlertState.CLOSED], since, 100)
        closed = [AlertPanel(alert.as_json()) for alert in found]
    except CampusError as error:
        trouble = str(error)
    return render_template("alerts.html", alerts=open_alerts(), closed=closed, trouble=trouble)


@section.path("/alerts/<id>", Permission.VIEW)
def card(id: str) -> str:
    """One alert: what to do, whom to call, the chart around it, and its whole log."""
    book = parts().book
    alert = book.alert(id)
    live = next((a for a in parts().hub.now.alerts() if a.get("id") == id), None)
    if alert is None and live is None:
        raise NotFound(f"there is no alert {id[:40]!r}")
    shown = AlertPanel(alert_json(alert) if alert is not None else live or {})
    now = parts().clock.now()
    raised = shown.raised_at or now
    ended = parse_time(shown.data.get("returned_at")) or now
    id_ = PointId(str(shown.data.get("point") or ""))
    point = parts().site.points.get(id_)
    numeric = point is not None and is_number(id_)
    return render_template(
        "alert.html", alert=shown, point=point, numeric=numeric,
        chart_from=raised - AROUND, chart_to=min(now, max(ended, raised) + AROUND),
        transitions=book.transitions(id), deliveries=book.deliveries(id),
        endings=list(words.ENDINGS),
        shelf_ends=[now + timedelta(hours=hours) for hours in (1, 4, 24, 72)],
    )  # fmt: skip


def _back(id: str) -> Response:
    return redirect(safe_next(request.form.get("next", "")) or url_for("alerts.card", id=id))


def _told(id: str, verb: str, done: str) -> Response:
    """Send a form's command; whatever comes of it is said in words on the page."""
    note = request.form.get("note", "").strip()
    try:
        own_alert(id)
        if verb != "acknowledge" and not note:
            raise BadInput("note", _("没有填写原因"), _("请写明原因后再提交"))
        until = shelf_end(request.form.get("until", "")) if verb == "shelve" else None
        ask_engine(verb, id, note, until)
    except (BadInput, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(done, "done")
    return _back(id)


@section.path("/alerts/<id>/acknowledge", Permission.ACKNOWLEDGE, methods=("POST",))
def acknowledge(id: str) -> Response:
    return _told(id, "acknowledge", _("已确认，告警引擎已记录。"))


@section.path("/alerts/<id>/shelve", Permission.SHELVE, methods=("POST",))
def shelve(id: str) -> Response:
    return _told(id, "shelve", _("已屏蔽到所选时间。"))


@section.path("/alerts/<id>/end", Permission.ACKNOWLEDGE, methods=("POST",))
def end(id: str) -> Response:
    """What it turned out to be, chosen on the card."""
    ending, note = request.form.get("ending", ""), request.form.get("note", "").strip()
    try:
        own_alert(id)
        if ending == Ending.FALSE_ALARM and not note:
            raise BadInput("note", _("误报要写明原因"), _("请写明原因后再提交"))
        end_alert(id, ending, note[:1500])
    except (BadInput, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(_("处理结果已记入。"), "done")
    return _back(id)


@section.path("/alerts/<id>/note", Permission.ACKNOWLEDGE, methods=("POST",))
def note(id: str) -> Response:
    return _told(id, "note", _("备注已记入。"))
