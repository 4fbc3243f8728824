"""/tasks: planned work and what is due."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from alerts.order import Queue
from dashboard.api.tasks import known_task
from dashboard.auth import person
from dashboard.duelist import Due, every_due, open_entry
from dashboard.records.tasks import Every
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.maintenance import told
from devices.errors import CampusError

section = Section("tasks", __name__, "/tasks")


@section.path("", Permission.VIEW)
def every() -> str:
    """The due list."""
    trouble, due = "", list[Due]()
    try:
        due = every_due()
    except CampusError as error:
        trouble = str(error)
    return render_template(
        "tasks.html", due=due, trouble=trouble, cadences=list(Every), queues=list(Queue)
    )


@section.path("", Permission.REPAIR, methods=("POST",))
def add() -> Response:
    """A new task."""
    form = request.form.to_dict()
    made = parts().upkeep.tasks.add
    return told(lambda: made(form, person().signature).as_json(), _("任务已建立。"),
                url_for("tasks.every"))  # fmt: skip


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",))
def change(id: str, do: str) -> Response:
    """Open its entry now, stop it, or take it up again."""
    task = known_task(id)
    if do not in ("order", "stop", "resume"):
        raise NotFound("a task knows order, stop and resume")

    def act() -> Mapping[str, Any] | None:
        if do == "order":
            return open_entry(task)
        parts().upkeep.tasks.set_active(id, do == "resume")
        return None

    done = _("已开维修单。") if do == "order" else _("已保存。")
    return told(act, done, url_for("tasks.every"))
