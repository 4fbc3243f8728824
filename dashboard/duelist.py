"""Due list: each planned task with when it was done, when it is due, and its open entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from alerts.order import WorkOrder
from dashboard.asking import ask_about_order
from dashboard.records.tasks import Task
from dashboard.section import parts
from devices.catalog import Place
from devices.model import PlaceId

SOON = timedelta(days=14)
KEEPER = "计划任务"
"""Who opens the entries of tasks that fall due."""


@dataclass(frozen=True, slots=True)
class Due:
    """One line of the list."""

    task: Task
    last: date | None
    due: date
    entry: WorkOrder | None
    state: str
    """overdue, soon, later, working or stopped."""

    def as_json(self) -> dict[str, Any]:
        return {
            **self.task.as_json(), "last": self.last.isoformat() if self.last else None,
            "due": self.due.isoformat(), "state": self.state,
            "work_order": self.entry.id if self.entry else None,
        }  # fmt: skip


def due_list(
    tasks: Sequence[Task], orders: Sequence[WorkOrder], terms: Sequence[date], today: date
) -> list[Due]:
    """What is overdue first; pure."""
    found = [_due(task, [o for o in orders if o.task == task.id], terms, today) for task in tasks]
    ranks = ("overdue", "working", "soon", "later", "stopped")
    return sorted(found, key=lambda each: (ranks.index(each.state), each.due, each.task.title))


def _due(task: Task, orders: Sequence[WorkOrder], terms: Sequence[date], today: date) -> Due:
    done = [o.done_at.date() for o in orders if o.done_at is not None]
    last = max(done, default=None)
    due, entry = task.due(last, terms), next((o for o in orders if o.open), None)
    if not task.active:
        state = "stopped"
    elif entry is not None:
        state = "working"
    else:
        state = "overdue" if due <= today else "soon" if due - today <= SOON else "later"
    return Due(task, last, due, entry, state)


def every_due() -> list[Due]:
    """As of today."""
    here = parts()
    today = here.clock.now().astimezone(here.site.timezone).date()
    orders = [order for order in here.book.work_orders() if order.task]
    terms = [span.first for span in here.plan.file.calendar.term]
    return due_list(here.upkeep.tasks.every(), orders, terms, today)


def open_entry(task: Task, who: str = "") -> Mapping[str, Any]:
    """A task becomes an entry of the maintenance log; one at a time."""
    return ask_about_order("", "report", entry_of(task, parts().site.places), who)


def entry_of(task: Task, places: Mapping[PlaceId, Place]) -> dict[str, Any]:
    """What the engine is told."""
    place = task.place if task.place in places else next(iter(places))
    wish = {"title": task.title, "title_en": task.title_en, "place": place, "task": task.id,
            "asset": task.asset, "queue": task.queue.value, "description": task.steps}  # fmt: skip
    return {key: value for key, value in wish.items() if value}
