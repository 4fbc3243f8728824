"""What comes from the broker is stored, answered, or refused with a reason; never lost."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.memory import Exchange, MemoryTransport
from collectors.store import EventQuery, Written
from collectors.store.sqlite import SqliteStore
from collectors.transport import Message
from devices import wire
from devices.catalog import Site
from devices.errors import StoreMisconfigured, StoreUnavailable
from devices.model import Fact, PointId, Quality, Reading, from_ms, to_ms
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

FRIDGE = PointId("canteen/fridge-1/temperature")
UP = wire.up_topic("canteen-pi")


class Weather(SqliteStore):
    """The embedded store behind a door that a test shuts."""

    trouble: Exception | None = None

    def put(self, facts: Sequence[Fact]) -> Written:
        if self.trouble is not None:
            raise self.trouble
        return super().put(facts)


class Post:
    """A node's end of the exchange, and a look into store and ledger."""

    def __init__(self, site: Site, folder: Path, clock: FakeClock) -> None:
        self.clock = clock
        self.acks: list[tuple[str, list[int]]] = []
        self.times: list[wire.Ack] = []
        exchange = Exchange()
        self.node = MemoryTransport(exchange, "node")
        self.node.subscribe(wire.ack_topic("canteen-pi"), self._acknowledged)
        self.node.start()
        self.server = MemoryTransport(exchange, "server")
        self.server.start()
        self.store = Weather(folder / "telemetry.db", site)
        self.ledger = Ledger(folder / "ingest.db", site.timezone)
        self.ingester = Ingester(site, self.store, self.server, self.ledger, clock)
        self.ingester.start()

    def _acknowledged(self, message: Message) -> None:
        ack = wire.decode_ack(message.payload)
        self.times.append(ack)
        if ack.seqs:
            self.acks.append((ack.boot, list(ack.seqs)))

    def send(self, seq: int, *readings: Any, boot: str = "b1", **changed: Any) -> None:
        batch = {"v": 1, "boot": boot, "seq": seq, "clock": "synced", "readings": readings}
        self.node.publish(UP, json.dumps({**batch, **changed}).encode())

    def acknowledged(self, seq: int, boot: str = "b1") -> bool:
        return any(b == boot and seq in seqs for b, seqs in self.acks)

    def stored(self, point: PointId = FRIDGE) -> list[Reading]:
        return self.store.events(EventQuery([point], from_ms(0), from_ms(4_000_000_000_000)))

    def now(self, ahead: float = 0) -> int:
        return to_ms(self.clock.now()) + int(ahead * 1000)

    def close(self) -> None:
        self.ingester.close()
        self.store.close()
        self.ledger.close()


@pytest.fixture
def post(site: Site, tmp_path: Path, clock: FakeClock) -> Iterator[Post]:
    with closing(Post(site, tmp_path, clock)) as post:
        yield post


def test_a_batch_is_stored_and_then_acknowledged(post: Post) -> None:
    post.send(1042, [FRIDGE, post.now(), 4.2], ["gate-east/access", post.now(), "denied"])
    eventually(lambda: post.acknowledged(1042))
    assert [r.value for r in post.stored()] == [4.2]
    assert [r.value for r in post.stored(PointId("gate-east/access"))] == ["denied"]


def test_a_batch_sent_twice_is_stored_once_and_answered_twice(post: Post) -> None:
    for _ in range(2):
        post.send(1, [FRIDGE, post.now(), 4.2])
    eventually(lambda: sum(1 in seqs for _, seqs in post.acks) >= 1)
    eventually(lambda: post.ingester.counters().get("duplicates") == 1)
    assert len(post.stored()) == 1


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"{}", b"[" * 10_000, b"x" * 2_000_000, b'{"boot":"b","seq":1}']
)
def test_garbage_goes_to_the_dead_letters_and_the_next_batch_is_stored(
    post: Post, payload: bytes
) -> None:
    post.node.publish(UP, payload)
    post.send(7, [FRIDGE, post.now(), 4.2])
    eventually(lambda: post.acknowledged(7))
    (letter,) = post.ledger.dead_letters()
    assert letter.node == "canteen-pi"
    assert letter.reason
    assert len(letter.raw) <= 4096
    assert post.ingester.counters()["refused"] == 1


def test_the_good_readings_of_a_bad_batch_are_stored_and_it_is_answered(post: Post) -> None:
    post.send(1, [FRIDGE, post.now(), "warm"], ["no/point", post.now(), 1], [FRIDGE, post.now(), 5])
    eventually(lambda: post.acknowledged(1))
    assert [r.value for r in post.stored()] == [5.0]
    assert len(post.ledger.dead_letters()) == 2


def test_a_reading_far_in_the_future_is_refused_and_one_a_little_ahead_is_marked(
    post: Post,
) -> None:
    post.send(1, [FRIDGE, post.now(366 * 86400), 4.0], [FRIDGE, post.now(120), 4.5])
    eventually(lambda: post.acknowledged(1))
    assert [(r.value, r.quality) for r in post.stored()] == [(4.5, Quality.CLOCK)]
    (letter,) = post.ledger.dead_letters()
    assert "366 days ahead" in letter.reason


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreMisconfigured("no bucket")])
def test_while_the_store_is_away_nothing_is_acknowledged_and_nothing_lost(
    post: Post, error: Exception
) -> None:
    post.store.trouble = error
    post.send(1, [FRIDGE, post.now(), 4.0])
    eventually(lambda: not post.ingester.health().ok)
    assert str(error) in post.ingester.health().text
    for seq in range(2, 20):
        post.send(seq, [FRIDGE, post.now(seq), 4.0])
    assert post.acks == []
    post.store.trouble = None
    eventually(lambda: all(post.acknowledged(seq) for seq in range(1, 20)))
    assert len(post.stored()) == 19
    assert post.ingester.health().ok


def test_the_ledger_knows_what_is_missing(post: Post) -> None:
    for seq in (1, 2, 3, 6, 7):
        post.send(seq, [FRIDGE, post.now(seq), 4.0])
    eventually(lambda: post.acknowledged(7))
    now = post.clock.now()
    (day,) = post.ledger.completeness(None, now, now)
    assert (day.received, day.missing, day.boots, day.late) == (5, 2, 1, 0)
    post.send(5, [FRIDGE, post.now(5), 4.0])
    post.send(4, [FRIDGE, post.now(4), 4.0])
    eventually(lambda: post.acknowledged(4))
    (day,) = post.ledger.completeness(None, now, now)
    assert (day.received, day.missing) == (7, 0)


def test_counters_survive_a_restart(
    post: Post, site: Site, tmp_path: Path, clock: FakeClock
) -> None:
    post.send(1, [FRIDGE, post.now(), 4.2])
    eventually(lambda: post.acknowledged(1))
    with closing(Ledger(tmp_path / "ingest.db", site.timezone, readonly=True)) as again:
        assert again.counters()["batches"] == 1
        assert again.counters()["readings"] == 1
