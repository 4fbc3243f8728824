"""The engine's book: alerts, their steps and deliveries, maintenance entries, what rules remember.

One process writes it; any number of others read, also before it exists.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, delete, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.database import RecordsError, connect, file_of, open_database, trouble
from alerts.fittings import Calibration, Fitting
from alerts.model import Alert, AlertState, Delivery, DeliveryState, Transition
from alerts.mute import Mute
from alerts.order import OrderEvent, OrderState, WorkOrder
from alerts.ordersearch import OrderSearch
from alerts.rows import columns, insert, restore, upsert
from alerts.rule import Memory
from alerts.tables import (
    AlertRow,
    AnswerRow,
    CalibrationRow,
    CheckpointRow,
    DeliveryRow,
    FittingRow,
    MemoryRow,
    MuteRow,
    OrderEventRow,
    OrderRow,
    PlanRow,
    Table,
    TransitionRow,
)
from collectors.logroom import make_room
from devices.model import from_ms, to_ms

MIGRATIONS = Path(__file__).parent / "migrations"
SETTING = "records.book"
ANSWERS_KEPT = timedelta(days=1)
CARRIED_AFTER = 30
"""Commits that SQLite's log holds before they are carried over; it would do so by itself within a
commit, at 1,000 pages, while an alert waits."""

log = logging.getLogger(__name__)

T = TypeVar("T")
MemoryKey = tuple[str, str]
"""Rule and point (or node)."""


@dataclass(slots=True)
class Changes:
    """What is saved together, in one transaction: all of it or nothing."""

    transitions: list[Transition] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    memories: dict[MemoryKey, Memory] = field(default_factory=dict)
    orders: list[tuple[WorkOrder, OrderEvent]] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    checkpoints: dict[str, datetime] = field(default_factory=dict)
    mutes: list[Mute] = field(default_factory=list)
    fittings: list[Fitting] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
    plans: list["PlanVersion"] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A version of the safety plan as it was at work first."""

    version: str
    at: datetime
    text: str


class Book:
    """Raises RecordsError where the database cannot be used. Any thread may read."""

    def __init__(self, url: str, readonly: bool = False) -> None:
        self._url = url
        self._file = file_of(url)
        self._readonly = readonly
        self._ready = not readonly
        self._engine = (
            connect(url, SETTING)
            if readonly
            else open_database(url, SETTING, MIGRATIONS, "book_version")
        )
        self._saved = 0
        if self._file is not None and not readonly:
            make_room(self._file)

    def close(self) -> None:
        self._engine.dispose()

    # --- writing ---------------------------------------------------------------------------

    def save(self, changes: Changes, now: datetime) -> None:
        """Durable once it returns."""
        if self._readonly:
            raise RecordsError("this book is open for reading only")
        try:
            with self._engine.begin() as connection:
                _write(connection, changes, now)
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise RecordsError(trouble(self._url, error)) from error
        self._saved += 1

    def rest(self) -> None:
        """Nothing is urgent: carry SQLite's log over into the file where it has grown."""
        if self._saved < CARRIED_AFTER or self._file is None:
            return
        self._saved = 0
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except SQLAlchemyError as error:
            log.warning("the book's log is carried over later: %s", error)

    # --- reading ---------------------------------------------------------------------------

    def alerts(
        self,
        states: Iterable[AlertState] | None = None,
        since: datetime | None = None,
        limit: int = 200,
    ) -> Sequence[Alert]:
        """Newest first; `since` is about when they were raised."""
        query = select(AlertRow).order_by(AlertRow.raised_at.desc(), AlertRow.id).limit(limit)
        if states is not None:
            query = query.where(AlertRow.state.in_([state.value for state in states]))
        if since is not None:
            query = query.where(AlertRow.raised_at >= to_ms(since))
        return self._all(query, Alert)

    def alert(self, id: str) -> Alert | None:
        return self._one(select(AlertRow).where(AlertRow.id == id), Alert)

    def transitions(self, alert_id: str) -> Sequence[Transition]:
        """Oldest first; each with the alert as it is now."""
        alert = self.alert(alert_id)
        if alert is None:
            return []
        query = select(TransitionRow).where(TransitionRow.alert == alert_id)
        return self._all(query.order_by(TransitionRow.id), Transition, alert=alert)

    def deliveries(self, alert_id: str) -> Sequence[Delivery]:
        """Oldest first."""
        query = select(DeliveryRow).where(DeliveryRow.alert == alert_id)
        order = (DeliveryRow.at, DeliveryRow.channel, DeliveryRow.receiver)
        return self._all(query.order_by(*order), Delivery)

    def deliveries_of(self, states: Iterable[AlertState]) -> Sequence[Delivery]:
        """Those of alerts in these states, and whatever was being sent; oldest first."""
        alerts = select(AlertRow.id).where(AlertRow.state.in_([state.value for state in states]))
        query = select(DeliveryRow).where(
            DeliveryRow.alert.in_(alerts) | (DeliveryRow.state == DeliveryState.SENDING.value)
        )
        return self._all(query.order_by(DeliveryRow.at, DeliveryRow.id), Delivery)

    def work_orders(
        self, states: Iterable[OrderState] | None = None, search: OrderSearch | None = None
    ) -> Sequence[WorkOrder]:
        """Newest first."""
        query = select(OrderRow).order_by(OrderRow.number.desc())
        if states is not None:
            query = query.where(OrderRow.state.in_([state.value for state in states]))
        if search is None:
            return self._all(query, WorkOrder)
        if search.start is not None:
            query = query.where(OrderRow.reported_at >= to_ms(search.start))
        if search.end is not None:
            query = query.where(OrderRow.reported_at < to_ms(search.end))
        return [order for order in self._all(query, WorkOrder) if search.fits(order)]

    def work_order(self, id: str) -> WorkOrder | None:
        return self._one(select(OrderRow).where(OrderRow.id == id), WorkOrder)

    def work_order_events(self, id: str) -> Sequence[OrderEvent]:
        """Oldest first."""
        query = select(OrderEventRow).where(OrderEventRow.order == id)
        return self._all(query.order_by(OrderEventRow.id), OrderEvent)

    def raised_between(self, rule: str, key: str, start: datetime, end: datetime) -> bool:
        """Whether an alert of a rule and key was raised then."""
        query = select(AlertRow).where(
            AlertRow.rule == rule,
            AlertRow.key == key,
            AlertRow.raised_at.between(to_ms(start), to_ms(end)),
        )
        return self._one(query, Alert) is not None

    def alerts_within(self, start: datetime, end: datetime) -> Sequence[Alert]:
        """Those that were open at any time between two moments, oldest first."""
        query = select(AlertRow).where(
            AlertRow.raised_at < to_ms(end),
            AlertRow.closed_at.is_(None) | (AlertRow.closed_at >= to_ms(start)),
        )
        return self._all(query.order_by(AlertRow.raised_at), Alert)

    def steps_within(self, start: datetime, end: datetime) -> Sequence[Transition]:
        """What happened to alerts between two moments, in order; each with the alert as it is
        now."""
        query = select(TransitionRow, AlertRow).join(AlertRow, AlertRow.id == TransitionRow.alert)
        query = query.where(TransitionRow.at >= to_ms(start), TransitionRow.at < to_ms(end))
        query = query.order_by(TransitionRow.at, TransitionRow.id)
        rows = self._ask(lambda session: list(session.execute(query))) or ()
        return [restore(Transition, step, alert=restore(Alert, alert)) for step, alert in rows]

    def mutes(self, now: datetime | None = None) -> Sequence[Mute]:
        """Newest first; with `now` only those that are not over then."""
        query = select(MuteRow).order_by(MuteRow.made_at.desc(), MuteRow.id)
        if now is not None:
            query = query.where((MuteRow.end.is_(None)) | (MuteRow.end > to_ms(now)))
        return self._all(query, Mute)

    def fittings(self) -> Sequence[Fitting]:
        """Which device sits where since when, oldest first."""
        return self._all(select(FittingRow).order_by(FittingRow.at), Fitting)

    def calibrations(self) -> Sequence[Calibration]:
        """Oldest first."""
        return self._all(select(CalibrationRow).order_by(CalibrationRow.at), Calibration)

    def plans(self) -> Sequence[PlanVersion]:
        """Every version that was at work, newest first."""
        return self._all(select(PlanRow).order_by(PlanRow.at.desc()), PlanVersion)

    def last_order_number(self) -> int:
        return self._ask(lambda session: session.scalar(select(func.max(OrderRow.number)))) or 0

    def memories(self) -> Mapping[MemoryKey, Memory]:
        """Everything the rules remember."""
        rows = self._ask(lambda session: list(session.scalars(select(MemoryRow))))
        return {(row.rule, row.key): restore(Memory, row) for row in rows or ()}

    def checkpoint(self, name: str) -> datetime | None:
        row = self._ask(lambda session: session.get(CheckpointRow, name))
        return from_ms(row.at) if row else None

    def answer(self, command_id: str) -> bytes | None:
        """What was answered to a command that came before."""
        row = self._ask(lambda session: session.get(AnswerRow, command_id))
        return row.payload.encode() if row else None

    # --- asking ----------------------------------------------------------------------------

    def _all(self, query: "Select[Any]", cls: type[T], **more: Any) -> list[T]:
        rows = self._ask(lambda session: list(session.scalars(query)))
        return [restore(cls, row, **more) for row in rows or ()]

    def _one(self, query: "Select[Any]", cls: type[T]) -> T | None:
        return next(iter(self._all(query, cls)), None)

    def _ask(self, look: Callable[[Session], T]) -> T | None:
        """What `look` finds; None while there is no book yet."""
        try:
            if not self._ready and not self._made():
                return None
            with Session(self._engine, expire_on_commit=False) as session:
                return look(session)
        except SQLAlchemyError as error:
            raise RecordsError(trouble(self._url, error)) from error

    def _made(self) -> bool:
        """Whether the engine has made the book; opening a missing file would make it."""
        if self._file is not None and not self._file.exists():
            return False
        self._ready = set(Table.metadata.tables) <= set(inspect(self._engine).get_table_names())
        return self._ready


def _write(connection: Connection, changes: Changes, now: datetime) -> None:
    # Alerts and orders first: what happened to them refers to them.
    upsert(connection, AlertRow, [columns(t.alert) for t in changes.transitions])
    steps = [columns(t, alert=t.alert.id) for t in changes.transitions]
    insert(connection, TransitionRow, steps)
    upsert(connection, OrderRow, [columns(order) for order, _ in changes.orders])
    insert(connection, OrderEventRow, [columns(event) for _, event in changes.orders])
    upsert(connection, DeliveryRow, [columns(delivery) for delivery in changes.deliveries])
    upsert(connection, MuteRow, [columns(mute) for mute in changes.mutes])
    insert(connection, FittingRow, [columns(each) for each in changes.fittings])
    insert(connection, CalibrationRow, [columns(each) for each in changes.calibrations])
    for plan in changes.plans:
        if connection.scalar(select(PlanRow.at).where(PlanRow.version == plan.version)) is None:
            insert(connection, PlanRow, [columns(plan)])
    memories = changes.memories.items()
    upsert(connection, MemoryRow, [{"rule": r, "key": k, **columns(m)} for (r, k), m in memories])
    checkpoints = [{"name": name, "at": to_ms(at)} for name, at in changes.checkpoints.items()]
    upsert(connection, CheckpointRow, checkpoints)
    answers = [
        {"id": id, "at": to_ms(now), "payload": payload.decode()} for id, payload in changes.answers
    ]
    upsert(connection, AnswerRow, answers)
    if answers:
        connection.execute(delete(AnswerRow).where(AnswerRow.at < to_ms(now - ANSWERS_KEPT)))
