"""One contract over the maintenance registers, on SQLite and a real PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import DatabaseError

from dashboard.records.assets import AssetStatus, Category
from dashboard.records.fields import BadField, NotNow
from dashboard.records.registers import Registers
from tests.support.clock import FakeClock
from tests.support.postgres import running_postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.db'}"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.fixture
def registers(url: str, clock: FakeClock) -> Iterator[Registers]:
    with closing(Registers(url, clock)) as registers:
        yield registers


def test_a_card_outlives_a_restart_and_every_change_is_in_its_history(
    url: str, registers: Registers, clock: FakeClock
) -> None:
    card = {
        "number": "CQ-TY-1", "name": "投影仪", "category": "projector", "model": "EB-X41",
        "value": "4200.5", "acquired_on": "2019/9/1".replace("/9/1", "-09-01"), "keeper": "王老师",
        "warranty_until": "2022-09-01", "place": "class-1",
    }  # fmt: skip
    made = registers.assets.save(card, "admin")
    assert (made.life_years, made.life_ends) == (8, date(2027, 9, 1))
    registers.assets.save({"number": "CQ-TY-1", "keeper": "李老师"}, "admin")
    registers.assets.save({"number": "CQ-TY-1", "keeper": "李老师"}, "admin")
    with closing(Registers(url, clock)) as again:
        asset = again.assets.get("CQ-TY-1")
        assert asset is not None
        assert (asset.keeper, asset.value, asset.category) == ("李老师", 4200.5, Category.PROJECTOR)
        events = [(e.what, e.note) for e in again.assets.events("CQ-TY-1")]
        assert events == [("created", "投影仪"), ("changed", "keeper: 王老师 → 李老师")]


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"number": "A1"}, "name"), ({"name": "x"}, "number"),
        ({"number": "a b", "name": "x"}, "number"),
        ({"number": "A1", "name": "x", "value": "-1"}, "value"),
        ({"number": "A1", "name": "x", "value": "nan"}, "value"),
        ({"number": "A1", "name": "x", "acquired_on": "soon"}, "acquired_on"),
        ({"number": "A1", "name": "x", "category": "toy"}, "category"),
        ({"number": "A1", "name": "x", "status": "disposed"}, "status"),
        ({"number": "A1", "name": "x" * 201}, "name"),
    ],
)  # fmt: skip
def test_a_card_that_makes_no_sense_is_refused(
    registers: Registers, card: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadField) as refused:
        registers.assets.save(card, "admin")
    assert refused.value.field == field


def test_a_file_of_cards_is_taken_as_a_whole_or_not_at_all(registers: Registers) -> None:
    rows = [{"number": "F-1", "name": "一"}, {"number": "F-2", "name": "", "value": "x"}]
    with pytest.raises(BadField, match="第 3 行"):
        registers.assets.take_in(rows, "admin")
    assert registers.assets.get("F-1") is None
    assert registers.assets.take_in([{"number": "F-1", "name": "一"}], "admin") == 1


def test_a_disposed_asset_keeps_its_card_and_history_and_takes_no_change(
    registers: Registers,
) -> None:
    registers.assets.save({"number": "D-1", "name": "旧电脑"}, "admin")
    registers.assets.set_status("D-1", AssetStatus.DISPOSED, "admin", "")
    with pytest.raises(NotNow):
        registers.assets.save({"number": "D-1", "keeper": "x"}, "admin")
    assert [e.what for e in registers.assets.events("D-1")] == ["created", "status"]


def lamp(registers: Registers, name: str) -> int:
    given = {"name": name, "spec": "P-VIP 210", "unit": "只", "min_stock": 2}
    return registers.stock.add(given).id


def test_the_balance_is_the_sum_of_the_ledger_and_never_below_nothing(
    registers: Registers, url: str
) -> None:
    stock, id = registers.stock, lamp(registers, f"灯泡 {url[:6]} a")
    assert stock.move(id, {"direction": "in", "quantity": 5, "unit_price": 300}, "王").balance == 5
    assert stock.move(id, {"direction": "out", "quantity": "4", "receiver": "李"}, "王").short
    with pytest.raises(NotNow, match="only 1"):
        stock.move(id, {"direction": "out", "quantity": 2, "receiver": "李"}, "王")
    with pytest.raises(NotNow):
        stock.move(id, {"direction": "scrap", "quantity": 1.5}, "王")
    stock.move(id, {"direction": "back", "quantity": 1}, "王")
    counted = stock.move(id, {"direction": "count", "quantity": 1, "note": "少一只"}, "王")
    assert (counted.balance, counted.last_price) == (1, 300)
    found = [(m.direction, m.delta, m.balance) for m in reversed(stock.moves(id))]
    assert found == [("in", 5, 5), ("out", -4, 1), ("back", 1, 2), ("count", -1, 1)]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"quantity": 1}, "direction"), ({"direction": "out", "quantity": 1}, "receiver"),
        ({"direction": "in", "quantity": 0}, "quantity"), ({"direction": "in"}, "quantity"),
        ({"direction": "in", "quantity": -3}, "quantity"),
        ({"direction": "in", "quantity": True}, "quantity"),
        ({"direction": "in", "quantity": "inf"}, "quantity"),
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_refused(
    registers: Registers, line: dict[str, Any], field: str, request: pytest.FixtureRequest
) -> None:
    id = lamp(registers, request.node.name[-90:])
    with pytest.raises(BadField) as refused:
        registers.stock.move(id, line, "王")
    assert refused.value.field == field
    assert registers.stock.moves(id) == []


def test_two_people_cannot_take_the_same_last_piece(registers: Registers, url: str) -> None:
    stock, id = registers.stock, lamp(registers, f"灯泡 {url[:6]} b")
    stock.move(id, {"direction": "in", "quantity": 3}, "王")
    refused: list[str] = []

    def take() -> None:
        try:
            stock.move(id, {"direction": "out", "quantity": 1, "receiver": "x"}, "王")
        except NotNow as error:
            refused.append(str(error))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stock.get(id)
    assert found is not None and found.balance == 0
    assert len(refused) == 5


def test_a_ledger_refuses_changes_by_any_program(registers: Registers, url: str) -> None:
    id = lamp(registers, f"灯泡 {url[:6]} c")
    registers.stock.move(id, {"direction": "in", "quantity": 3}, "王")
    registers.assets.save({"number": "L-1", "name": "x"}, "admin")
    engine = sqlalchemy.create_engine(url)
    for table in ("stock_moves", "asset_events"):
        for sql in (f"UPDATE {table} SET note = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match="ledger"), engine.begin() as connection:
                connection.execute(sqlalchemy.text(sql))
    engine.dispose()


def test_parts_of_a_repair_are_what_was_taken_less_what_came_back(
    registers: Registers, url: str
) -> None:
    stock, id = registers.stock, lamp(registers, f"灯泡 {url[:6]} d")
    stock.move(id, {"direction": "in", "quantity": 9, "unit_price": 12.5}, "王")
    order = f"o-{url[:6]}"
    taken = {"direction": "out", "quantity": 3, "receiver": "李", "order": order}
    stock.move(id, taken, "王")
    stock.move(id, {**taken, "direction": "back", "quantity": 1}, "王")
    (used,) = stock.used(order)
    assert (used.quantity, used.unit_price, used.cost) == (2, 12.5, 25.0)
