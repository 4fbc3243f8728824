"""/handover: the guard's shift is handed over in writing and signed by both."""

from collections.abc import Callable

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from dashboard.api.handovers import known_handover, what_is_open, written
from dashboard.auth import person
from dashboard.lockout import Lockout
from dashboard.problems import BadInput
from dashboard.records.fields import BadField, NotNow
from dashboard.records.handovers import EQUIPMENT, SYSTEMS, Handover
from dashboard.roles import Permission, Role
from dashboard.section import Section, parts

section = Section("handover", __name__)


@section.path("/handover", Permission.VIEW)
def every() -> str:
    """What was handed over, and the form for the shift that ends."""
    gate = request.args.get("gate", "")
    return render_template(
        "handover.html", handovers=parts().handovers.every(), gates=parts().site.gates,
        gate=gate, shifts=parts().plan.file.shift, open=what_is_open(), equipment=EQUIPMENT,
        systems=SYSTEMS,
    )  # fmt: skip


@section.path("/handover/<int:handover>", Permission.VIEW)
def one(handover: int) -> str:
    """One handover, as it was signed; for print too."""
    found = known_handover(handover)
    return render_template(
        "handover_one.html", h=found, equipment=EQUIPMENT, systems=SYSTEMS, trouble=""
    )


@section.path("/handover", Permission.HAND_OVER, methods=("POST",))
def write() -> Response:
    """The outgoing guard signs by writing."""
    form = request.form.to_dict()
    made = _told(lambda: written(form), _("已写好，请接班人在这里签名。"))
    if made is None:
        return redirect(url_for("handover.every", gate=form.get("gate", "")))
    return redirect(url_for("handover.one", handover=made.id))


@section.path("/handover/<int:handover>/sign", Permission.HAND_OVER, methods=("POST",))
def sign(handover: int) -> Response:
    """The incoming guard signs with a password of his own, on whoever's screen it is."""
    here = url_for("handover.one", handover=handover)
    who = _incoming(request.form.get("name", "")[:64], request.form.get("password", ""))
    if who:
        _told(lambda: parts().handovers.sign(handover, who), _("交接完成。"))
    return redirect(here)


def _incoming(name: str, password: str) -> str:
    """The signature of whose password this is, empty where it is nobody's. Waiting times as at
    the log-in page."""
    if not name:
        return person().signature
    lockout: Lockout = current_app.extensions["lockout"]
    address, now = request.remote_addr or "", parts().clock.monotonic()
    wait = lockout.wait(name, address, now)
    user = parts().accounts.check_password(name, password) if wait <= 0 else None
    if user is not None and user.role in (Role.GUARD, Role.ADMIN):
        lockout.succeeded(name, address)
        return user.name if user.shown == user.name else f"{user.shown}（{user.name}）"
    if wait > 0:
        flash(_("密码错误次数过多，请 %(n)d 秒后再试。", n=int(wait) + 1), "error")
    else:
        lockout.failed(name, address, now)
        flash(_("用户名或密码不对，或不是门卫。"), "error")
    return ""


def _told(act: Callable[[], Handover], done: str) -> Handover | None:
    """None where it was refused; the page says why."""
    try:
        made = act()
    except (BadInput, BadField, NotNow) as error:
        flash(str(error), "error")
        return None
    flash(done, "done")
    return made
