"""The log's life: one entry a device, with evidence, closed only by lasting good data."""

from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.faultlore import faults, queue_of
from alerts.order import OrderDeed, OrderState, Queue, Result, WorkOrder
from alerts.ordersearch import OrderSearch
from devices.catalog import Site
from devices.model import NodeState, PointId, to_ms
from devices.sitefile import load_site
from tests.support.clock import FakeClock
from tests.support.watch import FRIDGE, PLAN, Watch

DOOR = PointId("canteen/fridge-1/door")
ROOM = PointId("class-1/temperature")
_count = iter(range(10**6))


def about(watch: Watch, order: str, do: str, **wish: Any) -> dict[str, Any]:
    note = orjson.dumps({"do": do, **wish}).decode()
    return watch.asks("work-order", order, note=note, id=f"w{next(_count)}")


def mended(watch: Watch, order: WorkOrder) -> None:
    assert about(watch, order.id, "take")["ok"]
    assert about(watch, order.id, "done", action="换了探头", cause="进水", cost="35.5")["ok"]


def deeds(watch: Watch, order: WorkOrder) -> list[str]:
    return [event.what.value for event in watch.book.work_order_events(order.id)]


@pytest.fixture
def one_device(tmp_path: Path, site: Site) -> Site:
    """The fridge's door contact belongs to the same asset as its thermometer."""
    file = tmp_path / "campus.toml"
    text = file.read_text("utf-8")
    old = 'name = "1号冷藏柜门", name_en = "Fridge 1 door"'
    file.write_text(text.replace(old, old + ', asset = "CQ-LC-001"'), "utf-8")
    return load_site(file)


def test_several_points_of_one_device_are_one_entry_until_all_are_well(
    tmp_path: Path, one_device: Site, clock: FakeClock
) -> None:
    with closing(Watch(tmp_path, one_device, clock)) as watch:
        watch.all_nodes_live()
        watch.says(DOOR, "closed")
        watch.keeps_saying(FRIDGE, 85.0, minutes=8)
        order = watch.order_of(FRIDGE)
        assert order.device == "asset:CQ-LC-001"
        assert order.points == (FRIDGE, DOOR)
        assert order.evidence["also"][0]["point"] == DOOR
        watch.keeps_saying(FRIDGE, 4.0, minutes=7)
        order = watch.order_of(FRIDGE)
        assert order.recovered_at is None, "the door is still silent"
        for _ in range(7):
            watch.clock.move(60)
            watch.all_nodes_live()
            watch.says(FRIDGE, 4.0)
            watch.says(DOOR, "closed")
        order = watch.order_of(FRIDGE)
        assert order.recovered_at is not None and order.broken == ()


def test_evidence_holds_the_last_good_value_neighbours_battery_and_the_node(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.25)
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    evidence = watch.order_of(FRIDGE).evidence
    assert evidence["last_good"] == 4.25
    assert evidence["node"] == "canteen-pi"
    assert evidence["node_health"]["online"] is True
    assert evidence["node_health"]["clock"] == "synced"
    assert "1号冷藏柜" in evidence["reason"]


def test_a_fault_of_a_sensor_goes_to_it_and_what_people_report_to_logistics(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    assert watch.order_of(FRIDGE).queue is Queue.IT
    window = about(watch, "", "report", title="窗户关不上", place="class-1")["work_order"]
    assert window["queue"] == "logistics"
    screen = about(watch, "", "report", title="大屏黑屏", point="class-1/power")["work_order"]
    assert screen["queue"] == "it"
    assert queue_of("a-fault-of-a-newer-detector") is Queue.IT


def test_a_mended_entry_closes_only_after_lasting_good_data(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.25)
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    order = watch.order_of(FRIDGE)
    mended(watch, order)
    assert about(watch, order.id, "verify", rating=5)["work_order"]["state"] == "verified"
    watch.keeps_saying(FRIDGE, 4.0, minutes=7)
    assert watch.order_of(FRIDGE).state is OrderState.VERIFIED, "good, but not for long"
    watch.keeps_saying(FRIDGE, 4.0, minutes=11)
    closed = watch.order_of(FRIDGE)
    assert closed.state is OrderState.CLOSED
    assert closed.result is Result.FIXED
    assert (closed.cause, closed.cost, closed.rating) == ("进水", 35.5, 5)
    down = closed.down(watch.clock.now())
    assert down is not None and 480 <= down.total_seconds() <= 660, "from last good to good again"
    assert deeds(watch, closed) == [
        "fault", "accept", "assign", "start", "done", "verify", "recovered", "close",
    ]  # fmt: skip


def test_a_mended_entry_without_good_data_reopens(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    order = watch.order_of(FRIDGE)
    mended(watch, order)
    watch.keeps_saying(FRIDGE, 85.0, minutes=58)
    assert watch.order_of(FRIDGE).state is OrderState.DONE
    watch.keeps_saying(FRIDGE, 85.0, minutes=4)
    order = watch.order_of(FRIDGE)
    assert order.state is OrderState.REPORTED
    assert deeds(watch, order)[-1] == "reopen"


def test_the_same_fault_again_before_it_closed_reopens_the_same_entry(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    order = watch.order_of(FRIDGE)
    mended(watch, order)
    watch.keeps_saying(FRIDGE, 4.0, minutes=7)
    about(watch, order.id, "verify")
    watch.keeps_saying(FRIDGE, -127.0, minutes=3)
    again = watch.order_of(FRIDGE)
    assert (again.id, again.state) == (order.id, OrderState.REPORTED)
    assert deeds(watch, again)[-1] == "again"


def test_what_recovers_by_itself_closes_in_time_if_nobody_touched_it(
    tmp_path: Path, site: Site, clock: FakeClock
) -> None:
    with closing(Watch(tmp_path, site, clock, "maintenance.alone_s = 900\n" + PLAN)) as watch:
        watch.all_nodes_live()
        watch.keeps_saying(FRIDGE, 85.0, minutes=2)
        watch.keeps_saying(FRIDGE, 4.0, minutes=19)
        assert watch.order_of(FRIDGE).state is OrderState.REPORTED
        watch.keeps_saying(FRIDGE, 4.0, minutes=3)
        order = watch.order_of(FRIDGE)
        assert (order.state, order.result) == (OrderState.CLOSED, Result.RECOVERED)


def test_a_silent_node_is_one_entry_and_takes_those_of_its_sensors_in(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.0)
    for _ in range(8):
        watch.clock.move(60)
        watch.all_nodes_live()
        watch.ticks()
    assert watch.order_of(FRIDGE).fault == "silent"
    watch.status("canteen-pi", NodeState.OFFLINE)
    for _ in range(6):
        watch.clock.move(29)
        watch.status("gate-east-pi")
        watch.status("teach-pi")
        watch.ticks()
    (node,) = [o for o in watch.book.work_orders() if o.fault == "node-silent"]
    assert (node.device, node.title, node.place) == (
        "node:canteen-pi",
        "食堂节点：节点没有消息",
        "kitchen",
    )
    sensor = watch.order_of(FRIDGE)
    assert (sensor.state, sensor.result) == (OrderState.CLOSED, Result.MERGED)
    watch.status("canteen-pi")
    watch.ticks(6)
    node = watch.book.work_order(node.id) or node
    assert node.recovered_at is not None


def test_a_second_report_of_a_device_joins_the_first(watch: Watch) -> None:
    first = about(watch, "", "report", title="不制冷", asset="CQ-LC-001", place="kitchen")
    second = about(watch, "", "report", title="还是不制冷", point=FRIDGE, phone="138")
    assert second["merged"] and not first["merged"]
    assert second["work_order"]["id"] == first["work_order"]["id"]
    assert second["work_order"]["reports"] == 2
    other = about(watch, "", "report", title="门把手掉了", place="kitchen")
    assert not other["merged"], "without a device nobody knows if it is the same"


def test_waiting_for_parts_and_a_firm_outside_are_said(watch: Watch) -> None:
    id = about(watch, "", "report", title="空调不热", place="class-1")["work_order"]["id"]
    assert "not doing" in about(watch, id, "wait", **{"for": "parts"})["error"]
    about(watch, id, "take")
    assert about(watch, id, "wait", **{"for": "parts"})["work_order"]["waiting"] == "parts"
    assert "which firm" in about(watch, id, "wait", **{"for": "external"})["error"]
    outside = about(watch, id, "wait", **{"for": "external", "contractor": "横林空调行"})
    assert outside["work_order"]["contractor"] == "横林空调行"
    about(watch, id, "resume")
    done = about(watch, id, "done", action="换压缩机", result="scrapped")["work_order"]
    assert (done["result"], done["waiting"]) == ("scrapped", None)


def test_a_closed_entry_is_rated_corrected_and_reopened_with_a_reason(watch: Watch) -> None:
    id = about(watch, "", "report", title="灯不亮", place="class-1")["work_order"]["id"]
    about(watch, id, "take")
    about(watch, id, "done", action="换灯管")
    assert about(watch, id, "verify")["work_order"]["state"] == "closed"
    assert about(watch, id, "rate", rating=4)["work_order"]["rating"] == 4
    assert "from 1 to 5" in about(watch, id, "rate", rating=6)["error"]
    assert about(watch, id, "edit", down_s=900)["work_order"]["down_s"] == 900
    assert "say why" in about(watch, id, "reopen")["error"]
    assert about(watch, id, "reopen", note="又不亮了")["work_order"]["state"] == "reported"
    assert about(watch, id, "accept")["ok"]


@pytest.mark.parametrize(
    ("do", "wish", "said"),
    [
        ("verify", {}, "not done"), ("done", {"action": "x"}, "not doing"),
        ("start", {}, "not assigned"), ("assign", {}, "not accepted"),
        ("burn", {}, "use one of"), ("note", {}, "empty"), ("photo", {"photo": "../x"}, "SHA-256"),
        ("edit", {}, "nothing is different"), ("edit", {"cost": "-3"}, "use a number"),
        ("edit", {"cost": "nan"}, "use a number"), ("edit", {"queue": "moon"}, "use one of"),
    ],
)  # fmt: skip
def test_no_step_is_skipped_and_what_makes_no_sense_is_refused(
    watch: Watch, do: str, wish: dict[str, Any], said: str
) -> None:
    id = about(watch, "", "report", title="灯不亮", place="class-1")["work_order"]["id"]
    assert said in about(watch, id, do, **wish)["error"]


def test_the_log_is_searched_by_device_room_person_period_and_words(watch: Watch) -> None:
    about(watch, "", "report", title="投影 偏色", place="class-1", asset="CQ-TY-1")
    id = about(watch, "", "report", title="水龙头漏水", place="kitchen")["work_order"]["id"]
    about(watch, id, "take")
    now = watch.clock.now()

    def found(**by: Any) -> list[str]:
        return [order.title for order in watch.book.work_orders(None, OrderSearch(**by))]

    assert found() == ["水龙头漏水", "投影 偏色"]
    assert found(device="CQ-TY-1") == found(text="偏色 投影") == ["投影 偏色"]
    assert found(place="kitchen") == found(text="漏水") == ["水龙头漏水"]
    assert found(person="王") == ["水龙头漏水", "投影 偏色"]
    assert found(text="#2") == ["水龙头漏水"]
    assert found(end=now.replace(year=2025)) == []
    assert found(start=now.replace(year=2025)) == found()


def test_a_calibration_counts_from_its_date_and_a_swap_ends_it(watch: Watch) -> None:
    watch.says(ROOM, 18.0)
    calibration = {"point": ROOM, "reference": 20.0, "shown": 18.0, "reason": "标准温度计"}
    made = watch.asks("calibrate", note=orjson.dumps(calibration).decode(), id="c1")
    assert made["calibration"]["offset"] == 2.0
    watch.clock.move(60)
    watch.keeps_saying(FRIDGE, 6.5, minutes=1)
    early = to_ms(watch.clock.now()) - 1000
    about_fridge = {"point": FRIDGE, "offset": 2.0, "at": early}
    assert watch.asks("calibrate", note=orjson.dumps(about_fridge).decode(), id="c2")["ok"]
    watch.keeps_saying(FRIDGE, 6.5, minutes=17)
    assert watch.one().text.startswith("1号冷藏柜 8.5 ℃"), "judged with its offset"
    stored = watch.store.latest([FRIDGE])[FRIDGE]
    assert stored.value == 6.5, "and kept as it was measured"
    swap = {"point": FRIDGE, "asset": "CQ-LC-009", "reason": "换新"}
    swapped = watch.asks("swap", note=orjson.dumps(swap).decode(), id="s1")["fitting"]
    assert (swapped["was"], swapped["asset"]) == ("CQ-LC-001", "CQ-LC-009")
    watch.restart()
    watch.keeps_saying(FRIDGE, 6.5, minutes=2)
    assert not watch.one().active, "the new device has no offset"
    for wish, said in (
        ({"point": "no/such", "offset": 1}, "no such point"), ({"point": FRIDGE}, "give offset"),
        ({"point": DOOR, "offset": 1}, "no number"), ({"point": FRIDGE, "offset": "x"}, "within"),
    ):  # fmt: skip
        refused = watch.asks("calibrate", note=orjson.dumps(wish).decode(), id=f"r{wish}")
        assert said in refused["error"]
    assert "sits there already" in watch.asks("swap", note=orjson.dumps(swap).decode())["error"]


def test_after_a_swap_faults_belong_to_the_new_device(watch: Watch) -> None:
    watch.all_nodes_live()
    swap = {"point": FRIDGE, "asset": "CQ-LC-009"}
    watch.asks("swap", note=orjson.dumps(swap).decode(), id="s1")
    watch.keeps_saying(FRIDGE, 85.0, minutes=2)
    assert watch.order_of(FRIDGE).asset == "CQ-LC-009"


def test_every_fault_has_its_name_and_steps_in_both_languages() -> None:
    for key in ("silent", "frozen", "out-of-range", "error-value", "spike", "noise", "jump",
                "drift", "bias", "battery", "clock", "duplicate-id", "chatter", "node-silent",
                "site-silent", "reported", "hazard", "task"):  # fmt: skip
        fault = faults()[key]
        assert fault.name and fault.name_en and fault.steps
        assert len(fault.steps) == len(fault.steps_en), key
    assert OrderDeed("merged").value == "merged"
