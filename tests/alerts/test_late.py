"""What a node says of the time while it was away is judged at that time and told as earlier."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import AlertState
from collectors.store import Store
from devices.errors import StoreUnavailable
from devices.model import Reading, Value
from tests.support.watch import FRIDGE, GATE, LEAK, Watch


def at(watch: Watch, reading: Reading, minutes: float, value: Value) -> Reading:
    """The same point some minutes earlier."""
    return replace(reading, at=reading.at - timedelta(minutes=minutes), value=value)


def test_a_gate_that_was_open_during_an_outage_is_told_as_earlier(night: Watch) -> None:
    now = night.says(GATE, "closed")
    night.send(
        at(night, now, 30, "closed"), at(night, now, 20, "open"), at(night, now, 15, "closed")
    )
    alert = night.one()
    assert alert.late
    assert alert.raised_at == now.at - timedelta(minutes=20)
    assert alert.state is AlertState.RETURNED
    assert ("guard-post", "gate-east", "sent") in night.deliveries(alert)
    assert night.deeds(alert) == ["raised", "returned"]
    assert night.shown[alert.id]["late"] is True


def test_a_fridge_that_was_warm_for_an_hour_is_found_in_the_backlog(watch: Watch) -> None:
    now = watch.says(FRIDGE, 4.0)
    watch.send(*(at(watch, now, minutes, 9.0) for minutes in range(90, 30, -2)))
    alert = watch.one()
    assert (alert.rule, alert.late) == ("FOOD-01", True)
    assert watch.says(FRIDGE, 4.0).value == 4.0
    assert watch.one().state is AlertState.RETURNED


def test_a_backlog_where_nothing_was_wrong_says_nothing(watch: Watch) -> None:
    now = watch.says(FRIDGE, 4.0)
    watch.send(*(at(watch, now, minutes, 5.0) for minutes in range(90, 30, -2)))
    assert watch.alerts() == []


def test_a_batch_that_comes_twice_raises_nothing_again(watch: Watch) -> None:
    wet = watch.says(LEAK, "wet")
    watch.asks("acknowledge", watch.one().id)
    watch.passes(30)
    watch.says(LEAK, "dry")
    assert watch.alerts() == []
    watch.send(wet)
    assert watch.alerts() == []
    watch.restart()
    watch.send(wet)
    assert watch.alerts() == []


class Away:
    """A store that does not answer until `back`."""

    def __init__(self, store: Store) -> None:
        self._store, self.back = store, False

    def __getattr__(self, name: str) -> object:
        if not self.back:
            raise StoreUnavailable("connection refused")
        return getattr(self._store, name)


def test_what_was_stored_while_the_store_was_away_too_is_judged_when_it_answers(
    night: Watch,
) -> None:
    night.says(GATE, "closed")
    night.passes(30)
    night.says(FRIDGE, 4.0)
    night.stop()
    night.clock.move(60)
    night.stored(GATE, "open")
    night.clock.move(60)
    night.stored(GATE, "closed")
    store = night.store
    away = Away(store)
    night.store = away  # type: ignore[assignment]
    night.start()
    assert "not judged" in night.engine.health().text
    assert night.alerts() == []
    night.passes(30)
    away.back = True
    night.passes(11)
    assert night.engine.health().text == ""
    assert night.one().rule == "GATE_OPEN_NIGHT"
    assert night.deeds(night.one()) == ["raised", "returned"]
    night.store = store


def test_what_somebody_looks_at_already_is_not_raised_once_more(night: Watch) -> None:
    now = night.says(GATE, "open")
    first = night.one()
    night.send(at(night, now, 20, "closed"), at(night, now, 15, "open"))
    assert night.one().id == first.id
    assert night.deeds(first) == ["raised"]
