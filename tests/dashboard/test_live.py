"""The live picture: the newest good word of every point, node, alert and service."""

import pytest

from alerts.model import AlertState
from dashboard.conditions import State
from devices import wire
from devices.errors import StoreUnavailable
from devices.model import ClockState, NodeState, Quality
from devices.service import Clock
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, GATE, Dashboard
from tests.support.waiting import eventually


def test_the_newest_by_source_time_wins_and_a_late_one_changes_nothing(
    dashboard: Dashboard,
) -> None:
    dashboard.says(FRIDGE, 4.2)
    dashboard.says(FRIDGE, 9.9, ago=60)
    assert dashboard.hub.now.readings()[FRIDGE].value == 4.2


def test_a_clock_that_runs_ahead_does_not_freeze_the_screen(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.says(FRIDGE, 50.0, ago=-86400)
    clock.move(10)
    reading = dashboard.reading(FRIDGE, 4.2)
    batch = wire.encode_batch(wire.Batch(reading.origin, ClockState.SYNCED, [reading]))
    dashboard.world.publish(wire.up_topic("canteen-pi"), batch)
    eventually(lambda: dashboard.hub.now.readings()[FRIDGE].value == 4.2)


def test_a_power_on_value_is_shown_as_the_sensors_fault(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.says(FRIDGE, 85.0)
    assert dashboard.hub.now.readings()[FRIDGE].quality is Quality.ERROR_VALUE
    assert dashboard.hub.now.condition(FRIDGE, clock.now()).state is State.FAULT


def test_an_old_value_is_no_data_and_never_normal(dashboard: Dashboard, clock: FakeClock) -> None:
    dashboard.says(FRIDGE, 4.2)
    assert dashboard.hub.now.condition(FRIDGE, clock.now()).state is State.NORMAL
    clock.move(301)
    condition = dashboard.hub.now.condition(FRIDGE, clock.now())
    assert (condition.state, condition.stale) == (State.NO_DATA, True)


def test_an_alarm_stays_an_alarm_when_its_data_stop(dashboard: Dashboard, clock: FakeClock) -> None:
    dashboard.says(FRIDGE, 9.2)
    dashboard.alert()
    clock.move(3600)
    condition = dashboard.hub.now.condition(FRIDGE, clock.now())
    assert (condition.state, condition.stale) == (State.WARNING, True)


def test_an_empty_alert_topic_ends_the_alert(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    dashboard.world.publish(wire.alert_topic("a1"), b"", retain=True)
    eventually(lambda: dashboard.hub.now.alerts() == [])


def test_after_a_break_the_book_decides_which_alerts_are_over(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.hub.prime(dashboard.store, dashboard.book)
    dashboard.alert("over")
    dashboard.alert("open")
    dashboard.web.cut()
    del dashboard.book.kept["over"]
    dashboard.world.publish(wire.alert_topic("over"), b"", retain=True)
    dashboard.web.restore()

    def settled() -> bool:
        clock.move(1)
        return [alert["id"] for alert in dashboard.hub.now.alerts()] == ["open"]

    eventually(settled)


def test_the_picture_starts_with_what_is_stored(dashboard: Dashboard, clock: FakeClock) -> None:
    dashboard.store.write([dashboard.reading(FRIDGE, 4.2, ago=30)])
    dashboard.alert("a1")
    dashboard.world.publish(wire.alert_topic("a1"), b"", retain=True)
    eventually(lambda: dashboard.hub.now.alerts() == [])
    dashboard.hub.prime(dashboard.store, dashboard.book)
    assert dashboard.hub.now.readings()[FRIDGE].value == 4.2
    assert [alert["id"] for alert in dashboard.hub.now.alerts()] == ["a1"]


def test_a_store_that_is_away_at_the_start_is_asked_again(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.store.write([dashboard.reading(FRIDGE, 4.2)])
    dashboard.hub.prime(Away(dashboard))  # type: ignore[arg-type]
    assert FRIDGE not in dashboard.hub.now.readings()

    def there() -> bool:
        clock.move(16)
        return FRIDGE in dashboard.hub.now.readings()

    eventually(there)


class Away:
    """A store that does not answer the first time."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._store, self._asked = dashboard.store, 0

    def latest(self, points: object) -> object:
        self._asked += 1
        if self._asked == 1:
            raise StoreUnavailable("the store does not answer")
        return self._store.latest(points)  # type: ignore[arg-type]


def test_a_service_that_falls_silent_is_not_taken_as_alive(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.services_live()
    assert dashboard.hub.heartbeat()["engine"] is True
    clock.move(91)
    assert dashboard.hub.alive("engine") is False
    dashboard.services_live()
    dashboard.web.cut()
    assert dashboard.hub.heartbeat() == {
        "at": dashboard.hub.heartbeat()["at"], "broker": False, "engine": False, "ingest": False,
    }  # fmt: skip


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff", b'{"state": "odd", "at": 1}'])
def test_nonsense_on_any_topic_changes_nothing(dashboard: Dashboard, payload: bytes) -> None:
    dashboard.says(FRIDGE, 4.2)
    for topic in (wire.up_topic("canteen-pi"), wire.status_topic("canteen-pi"),
                  wire.service_topic("engine"), wire.alert_topic("zzz")):  # fmt: skip
        dashboard.world.publish(topic, payload)
    dashboard.says(GATE, "closed")
    assert dashboard.hub.now.alerts() == []
    assert dashboard.hub.health().ok


def test_every_change_reaches_an_open_page(tmp_path: object, dashboard: Dashboard) -> None:
    stream = dashboard.hub.stream("")
    dashboard.clock.move(1)  # type: ignore[attr-defined]
    pages = iter(stream)
    assert b"event: heartbeat" in next(pages)
    dashboard.says(FRIDGE, 4.2)
    dashboard.node_says("canteen-pi", NodeState.ONLINE)
    dashboard.alert(state=AlertState.UNACKNOWLEDGED)
    said = b""
    while not all(f"event: {name}".encode() in said for name in ("reading", "node", "alert")):
        dashboard.clock.move(1)  # type: ignore[attr-defined]
        said += next(pages)
    assert b'"point":"canteen/fridge-1/temperature"' in said
    stream.close()


def test_what_comes_between_a_page_and_its_stream_is_not_missed(dashboard: Dashboard) -> None:
    page = dashboard.browser("viewer").get("/").text
    position = page.split('data-position="', 1)[1].split('"', 1)[0]
    dashboard.alert("between")
    eventually(lambda: dashboard.hub.position != position)
    stream = dashboard.hub.stream(position)
    first = next(iter(stream))
    stream.close()
    assert b'"resumed":true' in first
    assert b'"id":"between"' in first


def test_the_heartbeat_comes_every_few_seconds(dashboard: Dashboard, clock: FakeClock) -> None:
    stream = dashboard.hub.stream("")
    pages = iter(stream)
    next(pages)
    for _ in range(3):
        clock.move(4)
        assert b"event: heartbeat" in next(pages)
    stream.close()


def test_points_that_speak_only_on_events_are_never_old() -> None:
    from dashboard.conditions import is_stale
    from devices.kinds import KINDS

    now = Clock().now()
    assert not is_stale(KINDS["access"].stale_after, now.replace(year=2020), now)
