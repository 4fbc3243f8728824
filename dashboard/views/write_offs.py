"""/write-offs: 报废: cases, their signatures and the next step."""

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from dashboard.api.write_offs import known_case
from dashboard.auth import person
from dashboard.records.writeoffs import SIGNATURES, Disposal, Reason, WriteOffState
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.maintenance import told

section = Section("write_offs", __name__, "/write-offs")


@section.path("", Permission.VIEW)
def every() -> str:
    """All cases and a form for a new one."""
    return render_template(
        "write_offs.html", cases=parts().upkeep.write_offs.every(), reasons=list(Reason),
        asset=request.args.get("asset", ""), needed=SIGNATURES, states=list(WriteOffState),
        disposals=list(Disposal),
    )  # fmt: skip


@section.path("", Permission.REPAIR, methods=("POST",))
def begin() -> Response:
    """A draft."""
    form, who = request.form.to_dict(), person().signature
    return told(lambda: parts().upkeep.write_offs.begin(form, who).as_json(), _("已提出申请。"),
                url_for("write_offs.every"))  # fmt: skip


@section.path("/<id>/approve", Permission.ADMINISTER, methods=("POST",))
def approve(id: str) -> Response:
    """Approved by those in charge."""
    return _step(id, "approve")


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",))
def step(id: str, do: str) -> Response:
    """sign, dispose, close or withdraw."""
    if do not in ("sign", "dispose", "close", "withdraw"):
        raise NotFound("a case knows sign, approve, dispose, close and withdraw")
    return _step(id, do)


def _step(id: str, do: str) -> Response:
    known_case(id)
    form, who = request.form.to_dict(), person().signature
    return told(lambda: parts().upkeep.write_offs.step(id, do, form, who).as_json(), _("已登记。"),
                url_for("write_offs.every"))  # fmt: skip
