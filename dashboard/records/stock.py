"""耗材进出登记: a ledger that is only added to; what is in stock is the sum of its lines."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from dashboard.records.fields import BadField, Given, NotNow, number, text, word
from dashboard.records.register import ConsumableRow, StockMoveRow
from devices.model import from_ms, to_ms
from devices.service import Clock

MOST = 1_000_000.0


class Direction(StrEnum):
    """入, 出, 退, 盘, 报废."""

    IN = "in"
    OUT = "out"
    BACK = "back"
    """Taken, not used, and brought back."""
    COUNT = "count"
    """Counted: the quantity is what really lies there."""
    SCRAP = "scrap"


@dataclass(frozen=True, slots=True)
class Consumable:
    """One article of the store, with what is there now and what one cost last."""

    id: int
    name: str
    spec: str
    unit: str
    min_stock: float
    place: str
    note: str
    balance: float
    last_price: float | None

    @property
    def short(self) -> bool:
        return self.balance < self.min_stock

    def as_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**plain, "short": self.short}


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the ledger; `balance` is what was there after it."""

    id: int
    consumable: int
    at: datetime
    direction: Direction
    quantity: float
    delta: float
    unit_price: float | None
    department: str
    receiver: str
    purpose: str
    handler: str
    voucher: str
    note: str
    order: str
    balance: float = 0.0

    def as_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**plain, "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Used:
    """A part that went into a repair."""

    name: str
    spec: str
    unit: str
    quantity: float
    unit_price: float | None

    @property
    def cost(self) -> float:
        return self.quantity * (self.unit_price or 0.0)


class Stock:
    """Raises BadField for a field that cannot be taken, NotNow where there is not enough."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def every(self) -> Sequence[Consumable]:
        """What is short first, then by name."""
        with Session(self._engine) as db:
            found = [_consumable(db, row) for row in db.scalars(select(ConsumableRow))]
        return sorted(found, key=lambda c: (not c.short, c.name, c.spec))

    def get(self, id: int) -> Consumable | None:
        with Session(self._engine) as db:
            row = db.get(ConsumableRow, id)
            return _consumable(db, row) if row else None

    def add(self, given: Given) -> Consumable:
        """A new article; its stock begins with its first line."""
        row = ConsumableRow(
            name=text(given, "name", 100, required=True), spec=text(given, "spec", 100),
            unit=text(given, "unit", 16, required=True),
            min_stock=number(given, "min_stock", 0, MOST) or 0.0, place=text(given, "place", 64),
            note=text(given, "note", 2000), created_at=to_ms(self._clock.now()),
        )  # fmt: skip
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            twin = select(ConsumableRow.id).where(
                ConsumableRow.name == row.name, ConsumableRow.spec == row.spec
            )
            if db.scalar(twin) is not None:
                raise BadField("name", "已有同名同规格的耗材", "there is one of that name and spec")
            db.add(row)
            db.flush()
            return _consumable(db, row)

    def change(self, id: int, given: Given) -> Consumable:
        """Its minimum, place and note; name and unit stay, for the ledger counts in them."""
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = db.get(ConsumableRow, id)
            if row is None:
                raise BadField("consumable", "没有这种耗材", "there is no such article")
            row.min_stock = number(given, "min_stock", 0, MOST, old=row.min_stock) or 0.0
            row.place = text(given, "place", 64, old=row.place)
            row.note = text(given, "note", 2000, old=row.note)
            return _consumable(db, row)

    def move(self, id: int, given: Given, handler: str) -> Consumable:
        """Add a line. Nothing goes out that is not there."""
        direction = word(Direction, given, "direction", Direction.OUT)
        if not given.get("direction"):
            raise BadField("direction", "没有填写", f"one of {', '.join(Direction)}")
        least = 0.0 if direction is Direction.COUNT else 0.001
        quantity = number(given, "quantity", least, MOST)
        if quantity is None:
            raise BadField("quantity", "没有填写", "fill it in")
        receiver = text(given, "receiver", 100)
        if direction is Direction.OUT and not receiver:
            raise BadField("receiver", "没有写领用人", "say who takes it")
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            # Locks the article, so that two people cannot take the same last piece.
            held = update(ConsumableRow).where(ConsumableRow.id == id).values(id=id)
            db.execute(held)
            row = db.get(ConsumableRow, id)
            if row is None:
                raise BadField("consumable", "没有这种耗材", "there is no such article")
            balance = _balance(db, id)
            delta = _delta(direction, quantity, balance)
            if balance + delta < -1e-9:
                raise NotNow(
                    f"{row.name} 只有 {balance:g} {row.unit}，不够 {quantity:g} "
                    f"(only {balance:g} there)"
                )
            db.add(StockMoveRow(
                consumable=id, at=to_ms(self._clock.now()), direction=direction, quantity=quantity,
                delta=delta, unit_price=number(given, "unit_price", 0, MOST),
                department=text(given, "department", 100), receiver=receiver,
                purpose=text(given, "purpose", 200), handler=handler[:200],
                voucher=text(given, "voucher", 100), note=text(given, "note", 2000),
                order=text(given, "order", 32),
            ))  # fmt: skip
            db.flush()
            return _consumable(db, row)

    def moves(self, id: int) -> Sequence[Move]:
        """The ledger of an article, newest first, each with the balance after it."""
        query = select(StockMoveRow).where(StockMoveRow.consumable == id).order_by(StockMoveRow.id)
        found, balance = list[Move](), 0.0
        with Session(self._engine) as db:
            for row in db.scalars(query):
                balance = round(balance + row.delta, 6)
                found.append(_move(row, balance))
        return found[::-1]

    def used(self, order: str) -> Sequence[Used]:
        """The parts that a maintenance entry took, less what came back."""
        query = (
            select(ConsumableRow, func.sum(StockMoveRow.delta), func.max(StockMoveRow.unit_price))
            .join(StockMoveRow, StockMoveRow.consumable == ConsumableRow.id)
            .where(StockMoveRow.order == order, StockMoveRow.direction.in_(("out", "back")))
            .group_by(ConsumableRow.id)
        )
        with Session(self._engine) as db:
            return [
                Used(row.name, row.spec, row.unit, -taken, price if price is not None
                     else _last_price(db, row.id))
                for row, taken, price in db.execute(query) if taken < 0
            ]  # fmt: skip


def _delta(direction: Direction, quantity: float, balance: float) -> float:
    if direction in (Direction.IN, Direction.BACK):
        return quantity
    return quantity - balance if direction is Direction.COUNT else -quantity


def _balance(db: Session, id: int) -> float:
    query = select(func.sum(StockMoveRow.delta)).where(StockMoveRow.consumable == id)
    return round(db.scalar(query) or 0.0, 6)


def _last_price(db: Session, id: int) -> float | None:
    query = select(StockMoveRow.unit_price).where(
        StockMoveRow.consumable == id, StockMoveRow.unit_price.is_not(None),
        StockMoveRow.direction == Direction.IN,
    )  # fmt: skip
    return db.scalar(query.order_by(StockMoveRow.id.desc()).limit(1))


def _consumable(db: Session, row: ConsumableRow) -> Consumable:
    return Consumable(
        row.id, row.name, row.spec, row.unit, row.min_stock, row.place, row.note,
        _balance(db, row.id), _last_price(db, row.id),
    )  # fmt: skip


def _move(row: StockMoveRow, balance: float) -> Move:
    names = [each.name for each in fields(Move)][:-1]
    given = {name: getattr(row, name) for name in names}
    given |= {"at": from_ms(row.at), "direction": Direction(row.direction)}
    return Move(**given, balance=balance)
