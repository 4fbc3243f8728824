"""/devices: foreign devices that were found and wait for a room and a name."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from collectors.found import Findings
from dashboard.api.devices import assign_field, release_point, set_aside
from dashboard.devices_found import DevicePanel, device_panels, findings
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import from_ms

section = Section("devices", __name__, "/devices")
_ENDS = ("reading", "discovery", "ignored", "refused")


@section.path("", Permission.PLACE)
def every() -> str:
    """Those that wait first, then those in use, then those that were set aside."""
    found, trouble = Findings(), ""
    try:
        found = findings()
    except CampusError as error:
        trouble = str(error)
    panels = device_panels(found)
    by_state: dict[str, list[DevicePanel]] = {"unassigned": [], "assigned": [], "ignored": []}
    for panel in panels:
        by_state[panel.state].append(panel)
    overlay = parts().site.overlay
    return render_template(
        "devices.html", trouble=trouble, bridge=parts().site.bridge, by_state=by_state,
        ends={end: found.counts.get(f"messages.{end}", 0) for end in _ENDS},
        ignored=_ignored(found), refusals=list(found.refusals)[::-1][:20], at=from_ms,
        own=set(overlay.points) if overlay is not None else set(),
    )  # fmt: skip


def _ignored(found: Findings) -> list[tuple[str, int]]:
    """The kinds of messages that are passed over, the most frequent first."""
    kinds = [
        (name.partition(".")[2], count)
        for name, count in found.counts.items()
        if name.startswith("ignored.")
    ]
    return sorted(kinds, key=lambda kind: -kind[1])[:12]


@section.path("/assign", Permission.PLACE, methods=("POST",))
def assign() -> Response:
    data = request.form.to_dict()
    data["kind"], _colon, data["on"] = data.get("choice", "").partition(":")
    return _told(lambda: assign_field(data), _("已分配，下一次读数起记录。"))


@section.path("/release", Permission.PLACE, methods=("POST",))
def release() -> Response:
    return _told(lambda: release_point(request.form.to_dict()), _("已收回，历史数据保留。"))


@section.path("/ignore", Permission.PLACE, methods=("POST",))
def ignore() -> Response:
    return _told(lambda: set_aside(request.form.to_dict(), "ignore"), _("已搁置。"))


@section.path("/heed", Permission.PLACE, methods=("POST",))
def heed() -> Response:
    return _told(lambda: set_aside(request.form.to_dict(), "heed"), _("已放回待分配。"))


def _told(act: Callable[[], Mapping[str, Any]], done: str) -> Response:
    try:
        act()
    except (BadInput, EngineSilent, EngineRefused) as error:
        flash(str(error), "error")
    else:
        flash(done, "done")
    return redirect(url_for("devices.every"))
