"""A dashboard over a real store, ledger and register, with a book and an engine on paper."""

import dataclasses
from collections.abc import Iterable
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from alerts.book import PlanVersion
from alerts.corrected import CorrectedStore, Corrections
from alerts.fittings import Calibration, Fitting
from alerts.model import Alert, AlertState, Deed, Delivery, DeliveryState, Severity, Transition
from alerts.mute import Mute
from alerts.order import OrderDeed, OrderEvent, OrderState, WorkOrder
from alerts.ordersearch import OrderSearch
from alerts.plan import load_plan
from alerts.planwatch import PlanWatch
from collectors.ledger import Ledger
from collectors.memory import Exchange, MemoryTransport
from collectors.requests import Requester, answer
from collectors.store import Store, open_store
from collectors.transport import Message, Transport
from dashboard.app import create_app
from dashboard.live import Hub
from dashboard.parts import Parts
from dashboard.records.accounts import Accounts
from dashboard.records.canteen import CanteenLog
from dashboard.records.handovers import Handovers
from dashboard.records.trail import Trail
from dashboard.roles import PEOPLE
from dashboard.upkeep import Upkeep
from devices import wire
from devices.catalog import Site
from devices.model import (
    ClockState,
    Detail,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
)
from devices.service import Clock
from tests.support.waiting import eventually

FRIDGE = PointId("canteen/fridge-1/temperature")
GATE = PointId("gate-east/gate")
PASSWORD = "correct-horse"
PLAN = """
role = [{ id = "duty", name = "值班行政", name_en = "Duty leader" }]
contact = [{ id = "zhang", name = "张老师", name_en = "Zhang", role = "duty", phone = "138" }]
route = [{ channel = "guard-post", to = ["own"] }]

[[rule]]
id = "FOOD-01"
kind = "threshold"
title = "冷藏过高"
title_en = "Fridge too warm"
area = "food"
severity = "warning"
select = { kinds = ["temperature-cold"] }
text = "{point} {value}，{side} {limit}"
text_en = "{point} at {value}, {side} {limit}"
basis = [{ about = "8 ℃", standing = "practice" }]
effective_from = 2020-01-01
options = { above = 8.0, hold_s = 900.0 }
steps = ["关好柜门", "十分钟后再看"]
steps_en = ["Close the door", "Look again in ten minutes"]
call = ["duty"]
"""


class PaperBook:
    """Stands in for the engine's book: what a test writes into it."""

    def __init__(self) -> None:
        self.kept: dict[str, Alert] = {}
        self.orders: dict[str, WorkOrder] = {}
        self.muted: list[Mute] = []
        self.fitted: list[Fitting] = []
        self.calibrated: list[Calibration] = []
        self.noted: dict[str, tuple[datetime, str, str]] = {}
        """By alert: when somebody noted what."""

    def alerts(
        self, states: Iterable[AlertState] | None = None, since: datetime | None = None,
        limit: int = 200,
    ) -> list[Alert]:  # fmt: skip
        wanted = set(states) if states else set(AlertState)
        found = [a for a in self.kept.values() if a.state in wanted]
        return [a for a in found if since is None or a.raised_at >= since][:limit]

    def alert(self, id: str) -> Alert | None:
        return self.kept.get(id)

    def transitions(self, alert_id: str) -> list[Transition]:
        alert = self.kept[alert_id]
        steps = [Transition(alert, None, alert.state, alert.raised_at, Deed.RAISED)]
        if alert_id in self.noted:
            at, who, note = self.noted[alert_id]
            steps.append(Transition(alert, alert.state, alert.state, at, Deed.NOTE, who, note))
        return steps

    def deliveries(self, alert_id: str) -> list[Delivery]:
        at = self.kept[alert_id].raised_at
        return [
            Delivery("d1", alert_id, at, "guard-post", "gate-east", DeliveryState.SENT, Deed.RAISED)
        ]

    def alerts_within(self, start: datetime, end: datetime) -> list[Alert]:
        return [a for a in self.kept.values() if a.raised_at < end]

    def steps_within(self, start: datetime, end: datetime) -> list[Transition]:
        return [
            Transition(a, None, a.state, a.raised_at, Deed.RAISED)
            for a in self.kept.values()
            if start <= a.raised_at < end
        ]

    def mutes(self, now: datetime | None = None) -> list[Mute]:
        return [mute for mute in self.muted if now is None or not mute.over(now)]

    def work_orders(
        self, states: Iterable[OrderState] | None = None, search: OrderSearch | None = None
    ) -> list[WorkOrder]:
        wanted, fits = set(states) if states else set(OrderState), search or OrderSearch()
        return [o for o in self.orders.values() if o.state in wanted and fits.fits(o)]

    def fittings(self) -> list[Fitting]:
        return self.fitted

    def calibrations(self) -> list[Calibration]:
        return self.calibrated

    def plans(self) -> list[PlanVersion]:
        return []

    def work_order(self, id: str) -> WorkOrder | None:
        return self.orders.get(id)

    def work_order_events(self, id: str) -> list[OrderEvent]:
        order = self.orders[id]
        return [OrderEvent(id, order.reported_at, order.state, "engine", OrderDeed.FAULT, "silent")]


class PaperEngine:
    """Answers commands as the engine's process would: notes each, changes the paper book."""

    def __init__(self, book: PaperBook, transport: Transport, publish: Any) -> None:
        self.commands: list[wire.Command] = []
        self.silent = False
        self._book = book
        self._transport = transport
        self._publish = publish
        transport.subscribe(wire.COMMAND_FILTER, self._take)

    def _take(self, message: Message) -> None:
        if not self.silent:
            command = wire.decode_command(message.topic, message.payload)
            self.commands.append(command)
            answer(self._transport, message, self._carry_out(command))

    def _carry_out(self, command: wire.Command) -> bytes:
        if command.verb in ("work-order", "mute"):
            return wire.encode_object({"ok": True})
        alert = self._book.kept.get(command.alert)
        if alert is None:
            return wire.encode_object({"ok": False, "error": "there is no such alert"})
        if command.verb == "acknowledge":
            alert = dataclasses.replace(
                alert, state=AlertState.ACKNOWLEDGED, acknowledged_by=command.who
            )
            self._book.kept[alert.id] = alert
            self._publish(alert)
        return wire.encode_object({"ok": True, "alert": alert.as_json()})


class Dashboard:
    """The application and what surrounds it; `client` is a browser without scripts."""

    def __init__(self, folder: Path, site: Site, clock: Clock, *, streams: int = 8) -> None:
        self.site, self.clock, self.data = site, clock, folder
        (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
        self._open = ExitStack()
        close = self._open.enter_context
        self.store: Store = close(closing(open_store(site, folder)))
        self.ledger = close(closing(Ledger(folder / "ingest.db", site.timezone)))
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        register = f"sqlite:///{folder / 'register.db'}"
        self.accounts = close(closing(Accounts(register, clock, cheap)))
        for role in PEOPLE:
            self.accounts.add_user(role, PASSWORD, role)
        self.canteen = close(closing(CanteenLog(register, clock)))
        self.handovers = close(closing(Handovers(register, clock)))
        self.trail = close(closing(Trail(register, clock, 400)))
        self.upkeep = close(closing(Upkeep(register, folder, clock)))
        self.exchange = Exchange()
        self.web = close(closing(MemoryTransport(self.exchange, "web")))
        self.world = close(closing(MemoryTransport(self.exchange, "world")))
        self.book = PaperBook()
        self.engine = PaperEngine(self.book, self.world, self.tell)
        corrections = Corrections(site, self.book, clock)
        self.upkeep.watch(corrections)
        self.hub = Hub(
            site, self.web, clock, max_streams=streams, corrections=corrections
        )  # fmt: skip
        plan = load_plan(folder / "plan.toml", site)
        self.parts = Parts(
            site, PlanWatch(plan), CorrectedStore(self.store, corrections), self.book,
            self.ledger, self.hub, Requester(self.web, "web"), self.accounts, self.canteen,
            self.upkeep, self.handovers, self.trail,
            clock, folder,
        )  # fmt: skip
        self.app: Flask = create_app(self.parts)
        self.app.config["ENGINE_PATIENCE_S"] = 0.3
        self.hub.start()
        close(closing(self.hub))
        self.web.start()
        self.world.start()
        self._seq = 0

    def close(self) -> None:
        self.app.extensions["trials"].close()
        self._open.close()

    # --- the world ------------------------------------------------------------------------

    def reading(
        self, point: PointId, value: Value, ago: float = 0.0, detail: Detail | None = None
    ) -> Reading:
        self._seq += 1
        node = self.site.points[point].node
        at = self.clock.now() - timedelta(seconds=ago)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        return Reading(point, at, value, Origin(node, "b", self._seq), Quality.GOOD, detail or {})  # type: ignore[arg-type]

    def says(self, point: PointId, value: Value, ago: float = 0.0) -> None:
        """A node publishes one reading; returns once it is in the picture."""
        reading = self.reading(point, value, ago)
        batch = wire.Batch(reading.origin, ClockState.SYNCED, [reading])
        self.world.publish(wire.up_topic(reading.origin.node), wire.encode_batch(batch))
        eventually(lambda: self.hub.now.readings().get(point, reading).at >= reading.at
                   and point in self.hub.now.readings())  # fmt: skip

    def services_live(self, *names: str) -> None:
        """Engine and ingest say that they work."""
        for name in names or ("engine", "ingest"):
            presence = wire.ServicePresence(NodeState.ONLINE, self.clock.now(), 1, {}, {"read": 7})
            self.world.publish(
                wire.service_topic(name), wire.encode_presence(presence), retain=True
            )
        eventually(lambda: all(self.hub.alive(name) for name in names or ("engine", "ingest")))

    def node_says(self, node: str, state: NodeState) -> None:
        status = NodeStatus(state, "b", self.clock.now(), "0.1", clock=ClockState.SYNCED)
        self.world.publish(wire.status_topic(node), wire.encode_status(status), retain=True)
        eventually(lambda: any(id == node and s.state is state
                               for id, s in self.hub.now.nodes().items()))  # fmt: skip

    def alert(self, id: str = "a1", point: PointId | None = FRIDGE, **changes: Any) -> Alert:
        """An open alert, in the book and on the wire."""
        place = self.site.points[point].room if point else ""
        made = Alert(
            id, "FOOD-01", "v1", Severity.WARNING, "food", point or "", point, place,
            AlertState.UNACKNOWLEDGED, self.clock.now(), "1号冷藏柜 9.2 ℃", "Fridge 1 at 9.2 °C",
        )  # fmt: skip
        made = dataclasses.replace(made, **changes)
        self.book.kept[id] = made
        self.tell(made)
        eventually(lambda: any(a["id"] == id for a in self.hub.now.alerts()))
        return made

    def tell(self, alert: Alert) -> None:
        self.world.publish(
            wire.alert_topic(alert.id), wire.encode_object(alert.as_json()), retain=True
        )

    def order(self, id: str = "o1", **changes: Any) -> WorkOrder:
        now = self.clock.now()
        made = WorkOrder(
            id, 128, OrderState.REPORTED, "silent", FRIDGE, "CQ-LC-001", "kitchen",
            "1号冷藏柜 没有数据", "Fridge 1 is silent", {"last_value": 4.2}, now, "engine", now,
        )  # fmt: skip
        self.book.orders[id] = dataclasses.replace(made, **changes)
        return self.book.orders[id]

    # --- people and programs ----------------------------------------------------------------

    def browser(self, role: str | None = None, language: str = "zh") -> FlaskClient:
        """A browser without scripts, logged in where a role is given."""
        client = self.app.test_client()
        client.set_cookie("language", language)
        if role is not None:
            answer = log_in(client, role, PASSWORD)
            assert answer.status_code == 302, answer.text
        return client

    def token(self, role: str) -> dict[str, str]:
        """The header of a program with a token of its own."""
        names = {token.name for token in self.accounts.tokens()}
        name = f"{role}-{len(names)}"
        return {"Authorization": f"Bearer {self.accounts.add_token(name, role)}"}


def csrf_of(page: str) -> str:
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


def log_in(client: FlaskClient, name: str, password: str, next: str = "/") -> Any:
    page = client.get("/login").text
    form = {"csrf_token": csrf_of(page), "name": name, "password": password, "next": next}
    return client.post("/login", data=form)
