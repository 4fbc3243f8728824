"""/mutes: what is out of service and what is under maintenance, by whom, why and until when."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from alerts.mute import Mute, MuteKind
from dashboard.api.mutes import end_mute, make_mute
from dashboard.page import language, name_of
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import NodeId, PlaceId, PointId

section = Section("mutes", __name__, "/mutes")
LATELY = timedelta(days=30)


@section.path("", Permission.VIEW)
def every() -> str:
    """What is quiet now, what will be, and what was in the last 30 days."""
    trouble, found, now = "", list[Mute](), parts().clock.now()
    try:
        found = list(parts().book.mutes())
    except CampusError as error:
        trouble = str(error)
    return render_template(
        "mutes.html", trouble=trouble, kinds=list(MuteKind),
        current=[mute for mute in found if not mute.over(now)],
        over=[mute for mute in found if mute.over(now) and now - mute.made_at < LATELY],
        ends=[now + timedelta(hours=hours) for hours in (1, 2, 4, 8, 24, 72)],
        what=_what,
    )  # fmt: skip


def _what(mute: Mute) -> str:
    """Its targets by their names in the reader's language."""
    return ("、" if language() == "zh" else ", ").join(_named(target) for target in mute.targets)


def _named(target: str) -> str:
    site = parts().site
    what, colon, id = target.partition(":")
    if target == "*":
        return str(_("全校"))
    if colon and what == "room" and id in site.places:
        return name_of(site.places[PlaceId(id)])
    if colon and what == "node" and id in site.nodes:
        return name_of(site.nodes[NodeId(id)])
    if target in site.points:
        return name_of(site.points[PointId(target)])
    return target


@section.path("", Permission.SHELVE, methods=("POST",))
def make() -> Response:
    data = request.form.to_dict()
    return _told(lambda: make_mute(data, request.form.getlist("targets")), _("已登记。"))


@section.path("/<id>/end", Permission.SHELVE, methods=("POST",))
def end(id: str) -> Response:
    return _told(lambda: end_mute(id), _("已结束，恢复告警。"))


def _told(act: Callable[[], Mapping[str, Any]], done: str) -> Response:
    try:
        act()
    except (BadInput, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(done, "done")
    return redirect(url_for("mutes.every"))
