"""What is missing between batches that came is asked for again, and the node's outbox answers."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.asking import PATIENCE_S, TRIES, Asker
from collectors.courier import LARGEST_WINDOW, WINDOW, Courier
from collectors.courier import PATIENCE_S as COURIER_PATIENCE_S
from collectors.ledger import Ledger, Receipt
from collectors.ledgers import Ledgers, ledger_path
from collectors.memory import Exchange, MemoryTransport
from collectors.outbox import Outbox
from collectors.timeline import Taken
from collectors.transport import Message
from devices import wire
from devices.catalog import Site
from devices.model import ClockState, NodeId, Origin, PointId
from tests.support.clock import FakeClock

NODE = NodeId("canteen-pi")
FRIDGE = PointId("canteen/fridge-1/temperature")


class Line:
    """A node's outbox and courier on one end, ledgers on the other; a test passes batches on."""

    def __init__(self, site: Site, folder: Path, clock: FakeClock) -> None:
        self.site, self.folder, self.clock = site, folder, clock
        exchange = Exchange()
        self.server = MemoryTransport(exchange, "server")
        self.node = MemoryTransport(exchange, "node")
        self.sent: list[int] = []
        self.server.subscribe(wire.UP_FILTER, self._up)
        self.node.subscribe(wire.node_command_topic(NODE), self._command)
        self.server.start()
        self.node.start()
        self.outbox = Outbox(folder / "outbox.db", NODE, clock, boot="b1")
        self.courier = Courier(self.outbox, self.node, wire.up_topic(NODE), clock)
        self.ledger = Ledger(folder / "ingest.db", site.timezone)
        self.asker = Asker(self.server, self.ledger.gaps, self.ledger.ranges)

    def _up(self, message: Message) -> None:
        origin = wire.decode_batch(message.topic, message.payload, self.site.kinds).origin
        assert origin is not None
        self.sent.append(origin.seq)

    def _command(self, message: Message) -> None:
        command = wire.decode_node_command(message.payload)
        assert command.do == "resend"
        self.courier.resend(*wire.missing_of(command))

    def commits(self, count: int, *, urgent: bool = False) -> None:
        for _ in range(count):
            self.clock.move(1)
            taken = [Taken(FRIDGE, self.clock.now(), 4.0, {})]
            self.outbox.commit(taken, ClockState.SYNCED, urgent=urgent)

    def stores(self, *seqs: int) -> None:
        now = self.clock.now()
        self.ledger.record([Receipt(Origin(NODE, "b1", seq), now, 1) for seq in seqs])

    def close(self) -> None:
        self.outbox.close()
        self.ledger.close()


@pytest.fixture
def line(site: Site, tmp_path: Path, clock: FakeClock) -> Iterator[Line]:
    with closing(Line(site, tmp_path, clock)) as line:
        yield line


def test_a_hole_is_asked_for_once_it_stayed_open_and_comes_from_the_outbox(line: Line) -> None:
    line.commits(9)
    line.stores(1, 2, 3, 6, 9)
    line.asker.ask(0)
    assert line.sent == []
    line.asker.ask(PATIENCE_S)
    assert line.sent == [4, 5, 7, 8]
    line.stores(4, 5, 7, 8)
    line.asker.ask(PATIENCE_S * 9)
    assert line.sent == [4, 5, 7, 8]


def test_a_node_that_cannot_answer_is_not_asked_for_ever(line: Line) -> None:
    line.commits(3)
    line.outbox.acknowledge("b1", [2])
    line.stores(1, 3)
    for minute in range(1000):
        line.asker.ask(minute * 60)
    assert line.sent == []
    assert line.asker.asked == TRIES


def test_what_another_ingester_has_is_not_asked_for(line: Line, tmp_path: Path) -> None:
    with (
        closing(Ledger(ledger_path(tmp_path, "b"), line.site.timezone)) as other,
        closing(Ledgers(tmp_path, line.site.timezone)) as ledgers,
    ):
        asker = Asker(line.server, line.ledger.gaps, ledgers.ranges)
        now = line.clock.now()
        line.commits(6)
        line.stores(1, 4, 6)
        other.record([Receipt(Origin(NODE, "b1", seq), now, 1) for seq in (2, 3, 4)], now=now)
        asker.ask(0)
        asker.ask(PATIENCE_S)
        assert line.sent == [5]
        (day,) = ledgers.completeness(None, now, now + timedelta(seconds=1))
        assert (day.received, day.missing, day.boots) == (5, 1, 1)
        assert ledgers.ranges(NODE, "b1") == [(1, 4), (6, 6)]
        assert ledgers.counters()["batches"] == 6


def test_what_happened_last_goes_first_and_the_backlog_from_its_beginning(line: Line) -> None:
    line.node.cut()
    line.commits(3)
    line.commits(3, urgent=True)
    line.commits(1)
    line.node.restore()
    line.courier.reconnected()
    assert line.sent == [6, 4, 5, 1, 2, 3, 7]


def test_the_window_halves_when_nobody_answers_and_grows_when_somebody_does(line: Line) -> None:
    line.commits(400)
    line.courier.top_up()
    assert len(line.sent) == WINDOW
    line.clock.move(COURIER_PATIENCE_S)
    line.sent.clear()
    line.courier.top_up()
    assert len(line.sent) == WINDOW // 2
    for _ in range(40):
        line.courier.acknowledge("b1", list(line.sent))
    assert len(line.sent) == 8 + 400 - WINDOW // 2
    line.commits(200)
    line.sent.clear()
    line.courier.reconnected()
    assert WINDOW < len(line.sent) <= LARGEST_WINDOW


@pytest.mark.parametrize(
    "args",
    [{}, {"boot": 3, "seq": [[1, 2]]}, {"boot": "b1", "seq": 7}, {"boot": "b1", "seq": [[2]]},
     {"boot": "b1", "seq": [["1", 2], None, [1, -2], [1.5, 2], [True, 2]]}],
    ids=str,
)  # fmt: skip
def test_a_request_that_is_none_asks_for_nothing(line: Line, args: dict[str, object]) -> None:
    line.commits(3)
    line.courier.resend(*wire.missing_of(wire.NodeCommand("id", "resend", args)))
    assert line.sent == []
