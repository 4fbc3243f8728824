"""From a reading to the guard's lamp, through the book, over restarts and broken connections."""

from contextlib import closing
from pathlib import Path

from alerts.model import AlertState
from alerts.order import OrderState
from devices.catalog import Site
from devices.model import NodeId, NodeState
from tests.support.clock import FakeClock
from tests.support.watch import BUTTON, FRIDGE, GATE, LEAK, PANIC, Watch, reading_only


def test_a_gate_opened_at_night_is_told_once_and_lights_the_lamp(night: Watch) -> None:
    night.says(GATE, "closed")
    opened = night.says(GATE, "open")
    alert = night.one()
    assert alert.rule == "GATE_OPEN_NIGHT"
    assert alert.raised_at == opened.at
    assert alert.text == "东门在夜间封闭打开，21:40 起"
    assert alert.text_en == "East gate open since 21:40: night"
    assert night.deliveries(alert) == [
        ("guard-post", "gate-east", "sent"), ("screen", "duty", "sent"),
    ]  # fmt: skip
    assert night.lamp() == "on"
    night.says(GATE, "open")
    night.passes(100)
    assert len(night.deliveries(alert)) == 2
    assert night.deeds(alert) == ["raised"]


def test_the_alert_on_the_wire_has_all_that_a_guard_needs(watch: Watch) -> None:
    watch.keeps_saying(FRIDGE, 9.2, minutes=17)
    shown = watch.shown[watch.one().id]
    assert shown["text"] == "1号冷藏柜 9.2 ℃，高于 8 ℃ 已 15 分钟"
    assert shown["place_name"] == "操作间"
    assert shown["place_name_en"] == "Kitchen"
    assert shown["steps"] == ["到操作间检查柜门"]
    assert shown["steps_en"] == ["Check the door in Kitchen"]
    assert shown["contacts"][0]["phone"] == "分机 8010"
    assert shown["title_en"] == "Refrigerator too warm"


def test_the_same_gate_by_day_is_nobodys_business(watch: Watch) -> None:
    watch.says(GATE, "open")
    assert watch.alerts() == []


def test_a_gate_left_open_is_told_when_the_night_begins(
    tmp_path: Path, site: Site, clock: FakeClock
) -> None:
    clock.set("2026-11-24T18:29:30+08:00")
    with closing(Watch(tmp_path, site, clock)) as watch:
        watch.says(GATE, "open")
        assert watch.alerts() == []
        watch.passes(30)
        assert watch.one().text == "东门在夜间封闭打开，18:30 起"


def test_the_button_acknowledges_and_the_log_names_who_and_when(night: Watch) -> None:
    night.says(GATE, "open")
    alert = night.one()
    pressed = night.says(BUTTON, "pressed")
    after = night.one()
    assert after.state is AlertState.ACKNOWLEDGED
    assert after.acknowledged_by == "李师傅（东门按钮）"
    assert after.acknowledged_at is not None
    assert after.acknowledged_at >= pressed.at
    assert night.lamp() == "off"
    assert night.deeds(alert) == ["raised", "acknowledged"]


def test_a_button_pressed_before_does_not_acknowledge_what_comes_after(night: Watch) -> None:
    pressed = night.reading(BUTTON, "pressed")
    night.clock.move(5)
    night.says(GATE, "open")
    night.send(pressed)
    assert night.one().state is AlertState.UNACKNOWLEDGED


def test_back_to_normal_waits_for_somebody_to_look_and_then_closes(night: Watch) -> None:
    night.says(GATE, "open")
    night.says(GATE, "closed")
    alert = night.one()
    assert alert.state is AlertState.RETURNED
    assert night.lamp() == "on"
    assert alert.id in night.shown
    night.says(BUTTON, "pressed")
    assert night.alerts() == []
    assert night.alerts(AlertState.CLOSED)[0].id == alert.id
    assert night.shown == {}
    assert night.lamp() == "off"


def test_an_acknowledged_alert_does_not_hide_that_it_happens_again(night: Watch) -> None:
    night.says(GATE, "open")
    first = night.one()
    night.says(GATE, "closed")
    night.says(GATE, "open")
    assert night.one().id == first.id
    assert night.one().state is AlertState.UNACKNOWLEDGED
    assert night.deeds(first) == ["raised", "returned", "again"]
    assert [d[2] for d in night.deliveries(first)] == ["sent"] * 4


def test_a_fridge_is_told_after_its_hold_time_and_risen_after_an_hour(watch: Watch) -> None:
    watch.keeps_saying(FRIDGE, 9.2, minutes=14)
    assert watch.alerts() == []
    watch.keeps_saying(FRIDGE, 9.2, minutes=3)
    alert = watch.one()
    assert alert.severity == "warning"
    watch.asks("acknowledge", alert.id)
    watch.keeps_saying(FRIDGE, 9.2, minutes=48)
    risen = watch.one()
    assert risen.id == alert.id
    assert risen.severity == "major"
    assert risen.state is AlertState.UNACKNOWLEDGED
    watch.says(FRIDGE, 7.6)
    assert watch.one().active
    watch.says(FRIDGE, 7.4)
    assert watch.one().state is AlertState.RETURNED


def test_a_hold_time_survives_a_restart(watch: Watch) -> None:
    watch.keeps_saying(FRIDGE, 9.2, minutes=10)
    watch.stored(FRIDGE, 9.2)
    watch.restart()
    watch.keeps_saying(FRIDGE, 9.2, minutes=6)
    assert watch.one().text.endswith("已 15 分钟")


def test_what_was_stored_while_the_engine_was_away_is_judged_at_its_start(night: Watch) -> None:
    night.says(GATE, "closed")
    night.passes(15)
    night.stop()
    night.clock.move(20)
    night.stored(GATE, "open")
    night.clock.move(40)
    night.start()
    alert = night.one()
    assert alert.rule == "GATE_OPEN_NIGHT"
    assert (night.clock.now() - alert.raised_at).total_seconds() > 39
    assert night.lamp() == "on"


def test_a_restart_neither_repeats_nor_forgets(night: Watch) -> None:
    night.says(GATE, "open")
    alert = night.one()
    told = night.deliveries(alert)
    night.restart()
    night.says(GATE, "open")
    assert night.one() == alert
    assert night.deliveries(alert) == told
    assert night.deeds(alert) == ["raised"]
    night.says(BUTTON, "pressed")
    assert night.one().state is AlertState.ACKNOWLEDGED


def test_what_could_not_be_sent_is_sent_when_the_broker_is_back(night: Watch) -> None:
    night.says(GATE, "closed")
    night.transport.cut()
    reading = night.reading(GATE, "open")
    night.store.write([reading])
    # A reading that came just before the cable was pulled.
    night.transport.restore()
    night.send(reading)
    alert = night.one()
    night.transport.cut()
    night.passes(2)
    night.node_commands.clear()
    night.shown.clear()
    night.transport.restore()
    night.ticks(2)
    assert night.lamp() == "on"
    assert night.shown[alert.id]["state"] == "unacknowledged"


def test_a_node_that_dies_is_one_alert_and_hides_its_sensors(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.0)
    watch.status("canteen-pi", NodeState.OFFLINE)
    for _ in range(10):
        watch.clock.move(29)
        watch.status("gate-east-pi")
        watch.status("teach-pi")
        watch.ticks()
    assert [(a.rule, a.key) for a in watch.alerts()] == [("NODE-01", "canteen-pi")]
    ours = {p.id for p in watch.site.points_on(NodeId("canteen-pi"))}
    assert not [o for o in watch.book.work_orders() if o.point in ours]
    watch.status("canteen-pi")
    watch.ticks(6)
    assert watch.one().state is AlertState.RETURNED


def test_nobody_is_called_for_nodes_while_the_broker_is_away(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.transport.cut()
    watch.clock.move(900)
    watch.transport.restore()
    watch.ticks(2)
    watch.all_nodes_live()
    assert watch.alerts() == []


def test_data_lost_during_an_alarm_never_clear_it(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.keeps_saying(FRIDGE, 9.2, minutes=17)
    for _ in range(12):
        watch.clock.move(60)
        watch.all_nodes_live()
        watch.ticks()
    alert = next(a for a in watch.alerts() if a.rule == "FOOD-01")
    assert alert.no_data
    assert alert.active
    assert alert.state is AlertState.UNACKNOWLEDGED


def test_a_broken_sensor_goes_to_maintenance_and_not_to_the_cook(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.25)
    watch.keeps_saying(FRIDGE, 85.0, minutes=20)
    assert watch.alerts() == []
    order = watch.order_of(FRIDGE)
    assert order.fault == "error-value"
    assert order.state is OrderState.REPORTED
    assert order.title == "1号冷藏柜：传感器报错值"
    assert order.asset == "CQ-LC-001"
    assert order.evidence["value"] == 85.0
    assert order.evidence["last_good"] == 4.25
    watch.keeps_saying(FRIDGE, 4.0, minutes=7)
    order = watch.order_of(FRIDGE)
    assert order.recovered_at is not None
    events = [event.what for event in watch.book.work_order_events(order.id)]
    assert events == ["fault", "recovered"]


def test_a_silent_sensor_on_a_living_node_is_a_fault_with_its_last_value(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.25)
    for _ in range(12):
        watch.clock.move(60)
        watch.all_nodes_live()
        watch.ticks()
    order = watch.order_of(FRIDGE)
    assert order.fault == "silent"
    assert order.evidence["last_value"] == 4.25


def test_one_entry_of_a_point_even_if_it_fails_in_two_ways(watch: Watch) -> None:
    watch.all_nodes_live()
    watch.keeps_saying(FRIDGE, 85.0, minutes=3)
    watch.keeps_saying(FRIDGE, 4.0, minutes=7)
    watch.keeps_saying(FRIDGE, -127.0, minutes=3)
    order = watch.order_of(FRIDGE)
    assert order.recovered_at is None
    assert order.evidence["value"] == -127.0


def test_an_alert_of_a_rule_that_the_plan_has_no_more_is_not_left_hanging(watch: Watch) -> None:
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.stop()
    plan = watch.folder / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace('"IT-03"', '"IT-33"'), "utf-8")
    watch.start()
    old = watch.book.alert(alert.id)
    assert old is not None
    assert old.state is AlertState.RETURNED
    assert [a.rule for a in watch.alerts() if a.active] == ["IT-33"]


def test_garbage_on_every_topic_stops_nothing(night: Watch) -> None:
    for topic in ("campus/v1/node/gate-east-pi/up", "campus/v1/node/gate-east-pi/status",
                  "campus/v1/node/nobody/status", "campus/v1/command/acknowledge",
                  "campus/v1/alert/x"):  # fmt: skip
        for payload in (b"", b"\xff", b"[]", b"{}", b'{"state":"online","at":"x"}', b"[" * 5000):
            night.world.publish(topic, payload)
    night.says(GATE, "open")
    assert night.one().rule == "GATE_OPEN_NIGHT"
    assert night.engine.health().ok


def test_alerts_are_kept_while_the_book_cannot_be_written(night: Watch) -> None:
    with reading_only(night.book_url) as book:
        assert book.alerts() == []
    night.says(PANIC, "released")
    blocker = __import__("sqlite3").connect(night.folder / "book.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    reading = night.reading(GATE, "open")
    night.store.write([reading])
    night.clock.move(1)
    night.world.publish(
        "campus/v1/node/gate-east-pi/up",
        b'{"v":1,"boot":"b","seq":99,"clock":"synced","readings":[["gate-east/gate",%d,"open"]]}'
        % int(reading.at.timestamp() * 1000),
    )
    night.engine.health()
    blocker.execute("ROLLBACK")
    blocker.close()
    night.ticks(2)
    assert night.one().rule == "GATE_OPEN_NIGHT"
    assert night.lamp() == "on"


def test_a_new_plan_starts_on_an_empty_book(tmp_path: Path, site: Site) -> None:
    with reading_only(f"sqlite:///{tmp_path / 'none.db'}") as book:
        assert book.alerts() == []
        assert book.work_orders() == []
        assert book.alert("x") is None
        assert book.transitions("x") == []
    assert not (tmp_path / "none.db").exists()
