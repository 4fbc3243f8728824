"""One contract over the databases of people's records: SQLite and a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from alerts import lifecycle
from alerts.book import Book, Changes
from alerts.database import RecordsError
from alerts.model import Alert, AlertState, Deed, Delivery, DeliveryState, Severity
from alerts.order import OrderDeed, OrderEvent, OrderState, WorkOrder
from alerts.rule import Memory
from dashboard.records.accounts import Accounts
from dashboard.roles import Role
from devices.model import PointId
from tests.support.postgres import running_postgres

NOW = datetime(2026, 11, 24, 13, 40, 0, 123000, tzinfo=UTC)
ALERT = Alert(
    "a1", "FOOD-01", "v1", Severity.WARNING, "food", "canteen/fridge-1/temperature",
    PointId("canteen/fridge-1/temperature"), "kitchen", AlertState.UNACKNOWLEDGED, NOW,
    "1号冷藏柜 9.2 ℃ <b>'\";--", "Fridge 1 at 9.2 °C", 9.2,
)  # fmt: skip
ORDER = WorkOrder(
    "o1", 1, OrderState.REPORTED, "silent", ALERT.point, "CQ-LC-001", "kitchen", "没有数据",
    "no data", {"last_value": 4.25, "node": "canteen-pi"}, NOW, "监测系统", NOW,
)  # fmt: skip
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    found: str = request.getfixturevalue("postgres")
    return found


def test_alerts_orders_and_memories_outlive_a_restart_and_share_a_database_with_accounts(
    url: str,
) -> None:
    raised = lifecycle.raised(ALERT, NOW)
    delivery = Delivery(
        "d1", "a1", NOW, "guard-post", "gate-east", DeliveryState.SENDING, Deed.RAISED
    )
    memory = Memory(NOW, NOW - timedelta(minutes=15), True, level=1, fault="silent")
    event = OrderEvent("o1", NOW, OrderState.REPORTED, "监测系统", OrderDeed.FAULT, "silent")
    with closing(Book(url, readonly=True)) as early:
        assert early.alerts() == []
        with closing(Book(url)) as book, closing(Accounts(url, hasher=CHEAP)) as accounts:
            book.save(
                Changes([raised], [delivery], {("FOOD-01", "k"): memory}, [(ORDER, event)],
                        [("c1", b'{"ok":true}')], {"readings": NOW}), NOW,
            )  # fmt: skip
            accounts.add_user("li", "secret-pass", Role.GUARD)
        assert [alert.id for alert in early.alerts()] == ["a1"]
    with closing(Book(url)) as book:
        alert = book.alert("a1")
        assert alert == replace(ALERT, changed_at=NOW, called_at=NOW)
        assert book.transitions("a1")[0].why is Deed.RAISED
        assert book.deliveries_of([]) == [delivery]
        assert book.work_order("o1") == ORDER
        assert book.work_order_events("o1") == [event]
        assert book.last_order_number() == 1
        assert book.memories() == {("FOOD-01", "k"): memory}
        assert book.checkpoint("readings") == NOW
        assert book.answer("c1") == b'{"ok":true}'
        later = lifecycle.acknowledge(ALERT, "李师傅", "看过", NOW + timedelta(minutes=1))
        assert later is not None
        book.save(Changes([later], [replace(delivery, state=DeliveryState.SENT)]), NOW)
        assert [t.note for t in book.transitions("a1")] == ["", "看过"]
        assert book.alerts([AlertState.ACKNOWLEDGED], NOW)[0].acknowledged_by == "李师傅"
        assert book.alerts([AlertState.ACKNOWLEDGED], NOW + timedelta(seconds=1)) == []
        assert book.deliveries("a1")[0].state is DeliveryState.SENT


def test_several_steps_of_one_alert_in_one_save_leave_the_last(url: str) -> None:
    first = lifecycle.raised(replace(ALERT, id="a5"), NOW)
    second = lifecycle.acknowledge(first.alert, "李师傅", "", NOW + timedelta(seconds=1))
    assert second is not None
    with closing(Book(url)) as book:
        book.save(Changes([first, second]), NOW)
        alert = book.alert("a5")
        assert alert is not None
        assert alert.state is AlertState.ACKNOWLEDGED
        assert [t.why for t in book.transitions("a5")] == [Deed.RAISED, Deed.ACKNOWLEDGED]


def test_what_is_saved_together_is_there_whole_or_not_at_all(url: str) -> None:
    orphan = Delivery("d9", "nobody", NOW, "screen", "duty", DeliveryState.SENT, Deed.RAISED)
    with closing(Book(url)) as book:
        other = lifecycle.raised(replace(ALERT, id="a9"), NOW)
        with pytest.raises(RecordsError):
            book.save(Changes([other], [orphan]), NOW)
        assert book.alert("a9") is None


def test_a_reader_may_not_write(url: str) -> None:
    with closing(Book(url, readonly=True)) as book, pytest.raises(RecordsError, match="reading"):
        book.save(Changes([lifecycle.raised(ALERT, NOW)]), NOW)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no database address"),
        ("postgresql://u:geheim@h/x", "database server runs|psycopg"),
        ("sqlite:////nowhere/at/all/book.db", "folder can be written"),
        ("postgresql+psycopg://campus:geheim@127.0.0.1:1/x", "database server runs"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    address: str, said: str
) -> None:
    with pytest.raises(RecordsError, match=said) as caught:
        Book(address)
    assert "geheim" not in str(caught.value)
