"""What people ask: answered once it is in the book, refused in words, never done twice."""

from datetime import timedelta

import orjson
import pytest

from alerts.model import AlertState
from alerts.order import OrderState
from devices.model import PointId
from tests.support.watch import GATE, Watch


def test_acknowledging_is_answered_with_the_alert_and_logged(night: Watch) -> None:
    night.says(GATE, "open")
    alert = night.one()
    answer = night.asks("acknowledge", alert.id, note="已到场")
    assert answer["ok"]
    assert answer["alert"]["state"] == "acknowledged"
    assert answer["alert"]["acknowledged_by"] == "王老师"
    last = night.book.transitions(alert.id)[-1]
    assert (last.who, last.note) == ("王老师", "已到场")
    assert night.shown[alert.id]["state"] == "acknowledged"
    assert night.lamp() == "off"


def test_the_same_question_asked_again_is_done_once(night: Watch) -> None:
    night.says(GATE, "open")
    alert = night.one()
    first = night.asks("note", alert.id, note="看过", id="same")
    again = night.asks("note", alert.id, note="看过", id="same")
    assert first == again
    assert night.deeds(alert) == ["raised", "note"]
    night.restart()
    assert night.asks("note", alert.id, note="看过", id="same") == first
    assert night.deeds(alert) == ["raised", "note"]


def test_a_shelved_alert_keeps_quiet_until_its_time_is_over(night: Watch) -> None:
    night.says(GATE, "open")
    alert = night.one()
    until = night.clock.now() + timedelta(minutes=2)
    assert night.asks("shelve", alert.id, note="演练", until=until)["ok"]
    assert night.lamp() == "off"
    night.says(GATE, "closed")
    night.says(GATE, "open")
    assert night.one().state is AlertState.SHELVED
    assert night.lamp() == "off"
    assert night.deliveries(alert)[-1][2] == "held"
    night.passes(121)
    assert night.one().state is AlertState.UNACKNOWLEDGED
    assert night.lamp() == "on"


@pytest.mark.parametrize(
    ("verb", "more", "said"),
    [
        ("acknowledge", {"alert": "nope"}, "no such alert"),
        ("explode", {}, "unknown command"),
        ("shelve", {"note": "x"}, "needs an end"),
        ("note", {"note": " "}, "empty"),
        ("work-order", {"note": "not json"}, "not JSON"),
        ("work-order", {"note": "[]"}, "not a JSON object"),
        ("work-order", {"note": '{"do":"report","place":"kitchen"}'}, "say what is broken"),
        ("work-order", {"note": '{"do":"report","title":"x","place":"moon"}'}, "no such place"),
        ("work-order", {"alert": "nope", "note": '{"do":"accept"}'}, "no such entry"),
    ],
)
def test_what_cannot_be_done_is_said(night: Watch, verb: str, more: dict, said: str) -> None:  # type: ignore[type-arg]
    night.says(GATE, "open")
    given = {"alert": night.one().id, **more}
    answer = night.asks(verb, **given)
    assert answer["ok"] is False
    assert said in answer["error"]


def about(watch: Watch, order: str, **wish: str) -> dict:  # type: ignore[type-arg]
    return watch.asks("work-order", order, note=orjson.dumps(wish).decode(), id=str(wish))


def test_a_reported_fault_is_accepted_mended_and_verified(watch: Watch) -> None:
    made = about(watch, "", do="report", title="投影不亮", place="class-1")["work_order"]
    assert (made["number"], made["state"], made["reported_by"]) == (1, "reported", "王老师")
    refused = about(watch, made["id"], do="verify")
    assert "not done" in refused["error"]
    assert "not doing" in about(watch, made["id"], do="done", action="x")["error"]
    assert about(watch, made["id"], do="accept")["work_order"]["accepted_by"] == "王老师"
    assert "not assigned" in about(watch, made["id"], do="doing")["error"]
    assigned = about(watch, made["id"], do="assign", to="赵师傅")["work_order"]
    assert (assigned["state"], assigned["assigned_to"]) == ("assigned", "赵师傅")
    assert about(watch, made["id"], do="start")["work_order"]["state"] == "doing"
    assert "say what was done" in about(watch, made["id"], do="done")["error"]
    assert about(watch, made["id"], do="done", action="换灯泡")["ok"]
    watch.restart()
    assert about(watch, made["id"], do="verify", action="亮了")["ok"]
    order = watch.book.work_order(made["id"])
    assert order is not None
    assert order.state is OrderState.CLOSED
    said = [(e.what.value, e.note) for e in watch.book.work_order_events(order.id)]
    assert said == [
        ("report", ""), ("accept", ""), ("assign", "赵师傅"), ("start", ""), ("done", "换灯泡"),
        ("verify", "亮了"), ("close", ""),
    ]  # fmt: skip
    second = about(watch, "", do="report", title="门锁", point=PointId("gate-east/gate"))
    assert second["work_order"]["number"] == 2
    assert second["work_order"]["place"] == "gate-east"
