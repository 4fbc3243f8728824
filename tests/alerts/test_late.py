"""What a node says of the time while it was away is judged at that time and told as earlier."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import AlertState
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


def test_what_somebody_looks_at_already_is_not_raised_once_more(night: Watch) -> None:
    now = night.says(GATE, "open")
    first = night.one()
    night.send(at(night, now, 20, "closed"), at(night, now, 15, "open"))
    assert night.one().id == first.id
    assert night.deeds(first) == ["raised"]
