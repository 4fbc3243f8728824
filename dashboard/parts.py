"""What the dashboard is given: the site, and whom it asks for what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from alerts.book import PlanVersion
from alerts.fittings import Calibration, Fitting
from alerts.model import Alert, AlertState, Delivery, Transition
from alerts.mute import Mute
from alerts.order import OrderEvent, OrderState, WorkOrder
from alerts.ordersearch import OrderSearch
from alerts.plan import Plan
from alerts.planwatch import PlanWatch
from collectors.ledger import Ledger
from collectors.ledgers import Ledgers
from collectors.store import Store
from dashboard.live import Hub
from dashboard.records.accounts import Accounts
from dashboard.records.canteen import CanteenLog
from dashboard.records.handovers import Handovers
from dashboard.records.trail import Trail
from dashboard.upkeep import Upkeep
from devices.catalog import Site
from devices.service import Clock


class Book(Protocol):
    """The engine's book, opened for reading."""

    def alerts(
        self,
        states: Iterable[AlertState] | None = None,
        since: datetime | None = None,
        limit: int = 200,
        /,
    ) -> Sequence[Alert]: ...
    def alert(self, id: str, /) -> Alert | None: ...
    def transitions(self, alert_id: str, /) -> Sequence[Transition]: ...
    def deliveries(self, alert_id: str, /) -> Sequence[Delivery]: ...
    def work_orders(
        self, states: Iterable[OrderState] | None = None, search: OrderSearch | None = None, /
    ) -> Sequence[WorkOrder]: ...
    def work_order(self, id: str, /) -> WorkOrder | None: ...
    def work_order_events(self, id: str, /) -> Sequence[OrderEvent]: ...
    def alerts_within(self, start: datetime, end: datetime, /) -> Sequence[Alert]: ...
    def steps_within(self, start: datetime, end: datetime, /) -> Sequence[Transition]: ...
    def fittings(self) -> Sequence[Fitting]: ...
    def calibrations(self) -> Sequence[Calibration]: ...
    def plans(self) -> Sequence[PlanVersion]: ...
    def mutes(self, now: datetime | None = None, /) -> Sequence[Mute]: ...


class Requester(Protocol):
    """Questions over MQTT: raises TimeoutError or TransportError where no answer comes."""

    def ask(self, topic: str, payload: bytes, timeout: float, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """All that `create_app` needs; `data` is the folder of the secret and of the run files."""

    site: Site
    watched: PlanWatch
    store: Store
    book: Book
    ledger: Ledger | Ledgers
    hub: Hub
    requester: Requester
    accounts: Accounts
    canteen: CanteenLog
    upkeep: Upkeep
    handovers: Handovers
    trail: Trail
    clock: Clock
    data: Path

    @property
    def plan(self) -> Plan:
        """The version at work: a changed file counts as it does for the engine."""
        self.watched.look(self.clock.monotonic())
        return self.watched.plan

    @property
    def plan_trouble(self) -> str:
        """Why the changed file is not at work; empty where all is well."""
        self.watched.look(self.clock.monotonic())
        return self.watched.trouble
