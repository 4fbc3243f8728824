"""Planned work: due by its cadence and the school's terms, an entry on its day, and only one."""

from datetime import date, timedelta

import orjson

from alerts.order import OrderState, Queue
from dashboard.duelist import due_list
from dashboard.records.tasks import SUGGESTED, Every, Task
from dashboard.taskkeeper import TaskKeeper
from tests.support.clock import FakeClock
from tests.support.dashboards import Dashboard, csrf_of

TERMS = [date(2026, 9, 1), date(2027, 2, 22)]


def task(every: Every, first: date = date(2026, 11, 1)) -> Task:
    return Task("t1", "清洗滤网", "", every, first, "", "", Queue.IT, "", True, "王")


def test_a_task_is_due_first_on_its_date_and_then_counted_from_when_it_was_done() -> None:
    monthly = task(Every.MONTH)
    assert monthly.due(None, TERMS) == date(2026, 11, 1)
    assert monthly.due(date(2026, 11, 9), TERMS) == date(2026, 12, 9)
    assert task(Every.TERM).due(date(2026, 8, 28), TERMS) == date(2027, 2, 17)
    assert task(Every.TERM).due(date(2027, 2, 20), TERMS) == date(2027, 8, 21), (
        "no later term known"
    )


def test_the_due_list_knows_overdue_open_and_stopped(dashboard: Dashboard) -> None:
    now, monthly = dashboard.clock.now(), task(Every.MONTH)
    today = now.date()
    done = dashboard.order(
        "o1", task="t1", done_at=now - timedelta(days=40), state=OrderState.CLOSED
    )
    (line,) = due_list([monthly], [done], [], today)
    assert (line.state, line.last) == ("overdue", today - timedelta(days=40))
    begun = dashboard.order("o2", task="t1", number=2)
    (line,) = due_list([monthly], [done, begun], [], today)
    assert (line.state, line.entry) == ("working", begun)
    fresh = dashboard.order(
        "o3", task="t1", done_at=now - timedelta(days=3), state=OrderState.CLOSED
    )
    (line,) = due_list([monthly], [done, fresh], [], today)
    assert line.state == "later"


def test_a_task_opens_its_entry_on_its_day_without_anybodys_click(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    made = dashboard.upkeep.tasks.add(
        {"title": "UPS 自检", "every": "quarter", "queue": "it", "first_due": "2026-11-26"}, "王"
    )
    keeper = TaskKeeper(dashboard.app)
    assert keeper.look() == 0 and dashboard.engine.commands == []
    clock.move(3 * 86400)
    assert keeper.look() == 1
    (command,) = dashboard.engine.commands
    wish = orjson.loads(command.note)
    assert (command.who, wish["task"], wish["title"]) == ("计划任务", made.id, "UPS 自检")
    assert wish["queue"] == "it"
    dashboard.order("o1", task=made.id)
    assert keeper.look() == 0, "its entry is open already"
    dashboard.engine.silent = True
    del dashboard.book.orders["o1"]
    assert keeper.look() == 0, "the engine is away: it is tried again later"


def test_the_suggested_tasks_come_once_and_a_stopped_one_stays_stopped(
    dashboard: Dashboard,
) -> None:
    tasks = dashboard.upkeep.tasks
    tasks.suggest(date(2026, 11, 24))
    tasks.suggest(date(2026, 11, 24))
    found = tasks.every()
    assert len(found) == len(SUGGESTED)
    assert {"开学检查", "清洗投影机防尘滤网"} <= {each.title for each in found}
    client = dashboard.browser("maintainer")
    page = client.get("/tasks").text
    assert "开学检查" in page
    form = {"csrf_token": csrf_of(page)}
    client.post(f"/tasks/{found[0].id}/stop", data=form)
    client.post(f"/tasks/{found[1].id}/order", data=form)
    stopped = tasks.get(found[0].id)
    assert stopped is not None and not stopped.active
    assert [c.verb for c in dashboard.engine.commands] == ["work-order"]
    assert "Check before term" in dashboard.browser("viewer", "en").get("/tasks").text
