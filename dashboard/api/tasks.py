"""/api/v1/tasks: planned work with its due list."""

from flask import Response
from werkzeug.exceptions import NotFound

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body
from dashboard.auth import person
from dashboard.duelist import every_due, open_entry
from dashboard.records.tasks import Every, Task
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_tasks", __name__, "/api/v1/tasks")


@section.path("", Permission.VIEW)
def every_task() -> Response:
    """Every planned task: last done, due, its open entry; what is overdue first."""
    return json_answer({"tasks": [due.as_json() for due in every_due()]})


@section.path("", Permission.REPAIR, methods=("POST",), body={
    "title": "required", "title_en": "", "every": ", ".join(Every), "first_due": "a date",
    "asset": "", "place": "", "queue": "it or logistics", "steps": "a line each",
})  # fmt: skip
def add() -> Response:
    """A new task."""
    made = parts().upkeep.tasks.add(body(), person().signature)
    return json_answer(made.as_json(), 201)


@section.path("/<id>/order", Permission.REPAIR, methods=("POST",))
def order(id: str) -> Response:
    """Open its entry now; where there is an open one, that one is answered with."""
    return json_answer(open_entry(known_task(id)), 201)


def known_task(id: str) -> Task:
    found = parts().upkeep.tasks.get(id)
    if found is None:
        raise NotFound(f"there is no task {id[:40]!r}")
    return found
