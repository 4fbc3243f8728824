"""The engine over a book and a store on disk, with the school's nodes played by the test."""

from contextlib import closing
from pathlib import Path
from typing import Any

from alerts.book import Book
from alerts.engine import Engine
from alerts.model import Alert, AlertState
from alerts.order import WorkOrder
from alerts.plan import load_plan
from collectors.memory import Exchange, MemoryTransport
from collectors.requests import Requester
from collectors.store import Written, open_store
from collectors.transport import Message
from devices import wire
from devices.catalog import Site
from devices.model import (
    ClockState,
    NodeId,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Reading,
    Value,
    to_ms,
)
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

FRIDGE = PointId("canteen/fridge-1/temperature")
GATE = PointId("gate-east/gate")
BUTTON = PointId("gate-east/acknowledge")
PANIC = PointId("gate-east/panic")
LEAK = PointId("server-room/leak")
PLAN = """
role = [
  { id = "guard", name = "门卫", name_en = "Guard" },
  { id = "duty", name = "值班行政", name_en = "Duty leader" },
  { id = "it", name = "信息中心", name_en = "IT" },
]
contact = [
  { id = "zhang", name = "张老师", name_en = "Zhang", role = "duty", phone = "分机 8010" },
  { id = "li", name = "李师傅", name_en = "Mr Li", role = "guard", phone = "分机 8001" },
]
shift = [{ id = "night", name = "夜班", start = "18:00", end = "06:00" }]
duty = [{ posts = ["*"], shift = "night", contact = "li" }]
calendar.windows.night = { name = "夜间封闭", name_en = "night", start = "18:30", end = "06:30" }
route = [
  { channel = "guard-post", to = ["own"], areas = ["person"] },
  { channel = "screen", to = ["duty"], areas = ["food", "network", "person", "lab"] },
]

[[rule]]
id = "FOOD-01"
kind = "threshold"
title = "冷藏温度过高"
title_en = "Refrigerator too warm"
area = "food"
severity = "warning"
select = { kinds = ["temperature-cold"] }
options.above = 8.0
options.hold_s = 900
options.clear = 7.5
options.rises = [{ after_s = 3600, severity = "major" }]
text = "{point} {value}，{side} {limit} 已 {held}"
text_en = "{point} at {value}, {side} {limit} for {held}"
steps = ["到{place}检查柜门"]
steps_en = ["Check the door in {place}"]
call = ["duty"]
effective_from = 2020-01-01
basis = [{ about = "8 ℃", standing = "practice" }]

[[rule]]
id = "GATE_OPEN_NIGHT"
kind = "state"
title = "封闭时段校门打开"
title_en = "Gate open out of hours"
area = "person"
severity = "major"
select = { kinds = ["gate"] }
when = ["night"]
options = { equals = "open" }
text = "{place}在{window}打开，{since} 起"
text_en = "{place} open since {since}: {window}"
effective_from = 2020-01-01
basis = [{ about = "立即", standing = "own-default" }]

[[rule]]
id = "IT-03"
kind = "state"
title = "机房漏水"
title_en = "Water leak"
area = "lab"
severity = "critical"
select = { kinds = ["water-leak"] }
options = { equals = "wet" }
text = "{place} {point}"
text_en = "{place}: {point}"
effective_from = 2020-01-01
basis = [{ about = "立即", standing = "own-default" }]

[[rule]]
id = "NODE-01"
kind = "silence"
title = "节点离线"
title_en = "Node offline"
area = "network"
severity = "warning"
select = { nodes = ["*"] }
text = "{node}离线，{since} 起"
text_en = "{node} silent since {since}"
effective_from = 2020-01-01
basis = [{ about = "3 分钟", standing = "own-default" }]

[[rule]]
id = "SENSOR-01"
kind = "fault"
title = "传感器故障"
title_en = "Sensor fault"
area = "facility"
severity = "info"
select = { points = ["*"] }
text = "{point} 传感器故障，{since} 起"
text_en = "{point}: sensor fault since {since}"
call = ["it"]
effective_from = 2020-01-01
basis = [{ about = "60 秒", standing = "own-default" }]
"""


class Watch:
    """The alarm engine at work; `restart` is a new process over the same files."""

    def __init__(self, folder: Path, site: Site, clock: FakeClock, plan: str = "") -> None:
        self.site, self.clock, self.folder = site, clock, folder
        (folder / "plan.toml").write_text(plan or PLAN, "utf-8")
        self.exchange = Exchange()
        self.world = MemoryTransport(self.exchange, "world")
        self.shown: dict[str, dict[str, Any]] = {}
        self.node_commands: list[tuple[str, wire.NodeCommand]] = []
        self.world.subscribe(wire.ALERT_FILTER, self._see_alert)
        self.world.subscribe(wire.node_command_topic("+"), self._see_command)
        self.requester = Requester(self.world, "world")
        self.world.start()
        self.store = open_store(site, folder)
        self._seq = 0
        self.start()

    # --- life ----------------------------------------------------------------------------

    def start(self) -> None:
        plan = load_plan(self.folder / "plan.toml", self.site)
        self.book = Book(self.book_url)
        self.transport = MemoryTransport(self.exchange, "campus-engine")
        self.transport.start()
        self.engine = Engine(
            self.site, plan, self.book, self.store, self.transport, self.clock
        )  # fmt: skip
        self.engine.start()
        self.ticks(2)

    @property
    def book_url(self) -> str:
        return f"sqlite:///{self.folder / 'book.db'}"

    def stop(self) -> None:
        self.engine.close()
        self.transport.close()
        self.book.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self.world.close()
        self.store.close()

    def ticks(self, count: int = 1) -> None:
        """Seconds go by; returns once the engine has seen each and done what follows."""
        for _ in range(count):
            now = self.clock.move(1.0).timestamp()

            def looked(now: float = now) -> bool:
                # Anything that comes wakes the worker, which then looks at the clock.
                self.world.publish(wire.status_topic("nobody"), b"")
                return self.engine.counters()["looked_at"] >= now

            eventually(looked)

    def passes(self, seconds: float) -> None:
        """Time goes by without a word; the engine sees its end."""
        self.clock.move(seconds)
        self.ticks()

    # --- the world -----------------------------------------------------------------------

    def reading(self, point: PointId, value: Value) -> Reading:
        self._seq += 1
        node = NodeId(self.site.points[point].node)
        now = self.clock.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return Reading(point, at, value, Origin(node, "b", self._seq))

    def says(self, point: PointId, value: Value) -> Reading:
        """A node publishes a reading; returns once it is judged."""
        reading = self.reading(point, value)
        self.send(reading)
        return reading

    def send(self, *readings: Reading) -> None:
        """As a node does; the store has them too, as ingest would see to."""
        self.store.write(readings)
        before = self.engine.counters().get("readings", 0)
        batch = wire.Batch(readings[0].origin, ClockState.SYNCED, readings)
        self.world.publish(wire.up_topic(readings[0].origin.node), wire.encode_batch(batch))
        eventually(lambda: self.engine.counters().get("readings", 0) >= before + len(readings))
        self.ticks()

    def stored(self, point: PointId, value: Value) -> Written:
        """A reading that only the store learns of, while the engine is away."""
        return self.store.write([self.reading(point, value)])

    def keeps_saying(self, point: PointId, value: Value, *, minutes: int) -> None:
        """Once a minute, while every node of the school gives its signs of life."""
        for _ in range(minutes):
            self.clock.move(60)
            self.all_nodes_live()
            self.says(point, value)

    def status(self, node: str, state: NodeState = NodeState.ONLINE, boot: str = "b") -> None:
        word = NodeStatus(state, boot, self.clock.now(), clock=ClockState.SYNCED)
        self.world.publish(wire.status_topic(node), wire.encode_status(word), retain=True)

    def all_nodes_live(self) -> None:
        for node in self.site.nodes:
            self.status(node)

    def asks(self, verb: str, alert: str = "", **more: Any) -> dict[str, Any]:
        """A command as the dashboard sends it; the engine's answer."""
        given = {"id": f"c{self._seq}-{to_ms(self.clock.now())}", "who": "王老师", **more}
        command = wire.Command(verb, alert=alert, **given)
        answer = self.requester.ask(wire.command_topic(verb), wire.encode_command(command), 10)
        return wire.decode_object(answer)

    # --- what is to be seen ----------------------------------------------------------------

    def _see_alert(self, message: Message) -> None:
        id = wire.last_part(message.topic)
        if message.payload:
            self.shown[id] = wire.decode_object(message.payload)
        else:
            self.shown.pop(id, None)

    def _see_command(self, message: Message) -> None:
        command = wire.decode_node_command(message.payload)
        self.node_commands.append((wire.node_of(message.topic), command))

    def alerts(self, *states: AlertState) -> list[Alert]:
        return list(self.book.alerts(states or [s for s in AlertState if s.open]))

    def one(self) -> Alert:
        """The only open alert."""
        (alert,) = self.alerts()
        return alert

    def order_of(self, point: PointId) -> WorkOrder:
        """The only maintenance entry of a point."""
        (order,) = [order for order in self.book.work_orders() if order.point == point]
        return order

    def lamp(self) -> str:
        """What the east gate's beacon was told last."""
        told = [c.args["state"] for node, c in self.node_commands if c.do == "beacon"]
        return told[-1] if told else "off"

    def deliveries(self, alert: Alert) -> list[tuple[str, str, str]]:
        found = self.book.deliveries(alert.id)
        return [(d.channel, d.receiver, d.state) for d in found]

    def deeds(self, alert: Alert) -> list[str]:
        return [str(t.why) for t in self.book.transitions(alert.id)]


def reading_only(book: str) -> Any:
    """The book as the dashboard opens it, closed by the caller's `with`."""
    return closing(Book(book, readonly=True))
