"""Readings of a node without a clock end in the store once, at their true times."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.memory import Exchange, MemoryTransport
from collectors.node import NodeAgent
from collectors.store import EventQuery
from collectors.store.sqlite import SqliteStore
from devices import wire
from devices.catalog import Site
from devices.model import ClockState, NodeId, PointId, Quality, Reading, from_ms
from tests.support.clock import FakeClock
from tests.support.fake_driver import Hardware, fake_hardware, with_fakes
from tests.support.server import Server
from tests.support.waiting import eventually

NODE = NodeId("canteen-pi")
DOOR = PointId("canteen/fridge-1/door")
FRIDGE = PointId("canteen/fridge-1/temperature")
YEAR = timedelta(days=365)


class Pi(FakeClock):
    """A node's machine: its wall clock is `off` until NTP, which is this test, sets it."""

    def __init__(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._true, self._patch, self.off = clock, monkeypatch, timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.off

    def monotonic(self) -> float:
        return self._true.monotonic()

    def loses_its_clock(self, off: timedelta = -YEAR) -> None:
        self.off = off
        self._patch.setenv("CAMPUS_CLOCK_TRUSTED", "0")

    def ntp_sets_it(self) -> None:
        self.off = timedelta()
        self._patch.setenv("CAMPUS_CLOCK_TRUSTED", "1")


@pytest.fixture
def hardware() -> Iterator[Hardware]:
    with fake_hardware() as hardware:
        yield hardware


@pytest.fixture
def school(site: Site, hardware: Hardware) -> Site:
    return with_fakes(site)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def pi(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Pi:
    """The server's clock is `clock`; whether the kernel says *set* holds for both here."""
    return Pi(clock, monkeypatch)


Start = Callable[..., tuple[NodeAgent, MemoryTransport]]


@pytest.fixture
def start(exchange: Exchange, school: Site, tmp_path: Path, pi: Pi) -> Iterator[Start]:
    with ExitStack() as opened:

        def start_node(run: str = "") -> tuple[NodeAgent, MemoryTransport]:
            transport = MemoryTransport(exchange, NODE)
            agent = NodeAgent(school, NODE, tmp_path / NODE, transport, pi, run=run)
            opened.callback(agent.close)
            agent.start()
            return agent, transport

        yield start_node


class Ingest:
    """A whole ingester with its store."""

    def __init__(self, exchange: Exchange, site: Site, folder: Path, clock: FakeClock) -> None:
        self.link = MemoryTransport(exchange, "ingest")
        self.store = SqliteStore(folder / "telemetry.db", site)
        self.ledger = Ledger(folder / "ingest.db", site.timezone)
        self.ingester = Ingester(site, self.store, self.link, self.ledger, clock)
        self.link.start()
        self.ingester.start()

    def stored(self, point: PointId = DOOR) -> list[Reading]:
        return self.store.events(EventQuery([point], from_ms(0), from_ms(4_000_000_000_000)))

    def close(self) -> None:
        self.ingester.close()
        self.store.close()
        self.ledger.close()


@pytest.fixture
def ingest(exchange: Exchange, school: Site, tmp_path: Path, clock: FakeClock) -> Iterator[Ingest]:
    with closing(Ingest(exchange, school, tmp_path, clock)) as ingest:
        yield ingest


def test_what_was_taken_before_ntp_waits_offline_and_is_sent_at_its_true_time(
    start: Start, pi: Pi, clock: FakeClock, exchange: Exchange, school: Site, hardware: Hardware
) -> None:
    ear = MemoryTransport(exchange, "server")
    ear.start()
    server = Server(ear, school)
    pi.loses_its_clock()
    agent, cable = start()
    eventually(lambda: DOOR in hardware.open)
    true = [clock.now()]
    hardware.emit(DOOR, "open")
    eventually(lambda: agent.depth() == 1)
    true.append(clock.move(40))
    hardware.emit(DOOR, "closed")
    eventually(lambda: agent.depth() == 2)
    pi.ntp_sets_it()
    cable.start()
    eventually(lambda: agent.depth() == 0)
    # The newest event is sent first; the times tell what was before what.
    assert sorted((r.at, r.value, r.quality) for r in server.readings) == [
        (true[0], "open", Quality.GOOD),
        (true[1], "closed", Quality.GOOD),
    ]


def test_where_nobody_knows_the_time_readings_are_stored_marked_and_moved_once_it_is_known(
    start: Start, pi: Pi, clock: FakeClock, ingest: Ingest, hardware: Hardware
) -> None:
    pi.loses_its_clock(-timedelta(days=3))
    agent, cable = start()
    cable.start()
    eventually(lambda: DOOR in hardware.open)
    true = clock.now()
    hardware.emit(DOOR, "open")
    (marked,) = eventually(ingest.stored)
    assert marked.quality is Quality.CLOCK
    assert marked.at < true - timedelta(days=2)
    eventually(lambda: agent.depth() == 0)
    clock.move(20)
    pi.ntp_sets_it()
    eventually(lambda: [r.at for r in ingest.stored()] == [true], what="moved, not doubled")
    (mended,) = ingest.stored()
    assert (mended.value, mended.quality) == ("open", Quality.GOOD)
    eventually(lambda: agent.depth() == 0)
    assert ingest.ingester.counters()["moved"] == 1
    hardware.emit(DOOR, "closed")
    eventually(lambda: [r.value for r in ingest.stored()] == ["open", "closed"])


def test_the_server_tells_a_node_that_no_ntp_reaches_what_time_it_is(
    start: Start, pi: Pi, clock: FakeClock, exchange: Exchange, school: Site, hardware: Hardware
) -> None:
    ear = MemoryTransport(exchange, "server")
    ear.start()
    server = Server(ear, school)
    server.acknowledging = False

    def tell_time(message: object) -> None:
        ear.publish(
            wire.ack_topic(NODE), wire.encode_ack("any", [], clock.now(), ClockState.SYNCED)
        )

    ear.subscribe(wire.status_topic(NODE), tell_time)
    pi.loses_its_clock()
    _, cable = start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    cable.start()
    (reading,) = eventually(lambda: server.readings)
    assert (reading.at, reading.quality) == (clock.now(), Quality.GOOD)


def test_a_server_that_says_nothing_of_the_time_is_waited_for_three_seconds(
    start: Start, pi: Pi, clock: FakeClock, exchange: Exchange, school: Site, hardware: Hardware
) -> None:
    ear = MemoryTransport(exchange, "server")
    ear.start()
    server = Server(ear, school)
    pi.loses_its_clock()
    agent, cable = start()
    cable.start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: agent.depth() == 1)
    clock.move(2.9)
    assert server.readings == []
    clock.move(0.2)
    (reading,) = eventually(lambda: server.readings)
    assert reading.quality is Quality.CLOCK


def test_after_a_restart_without_reboot_the_time_of_before_is_still_mended(
    start: Start, pi: Pi, clock: FakeClock, ingest: Ingest, hardware: Hardware
) -> None:
    pi.loses_its_clock()
    first, _ = start()
    eventually(lambda: DOOR in hardware.open)
    true = clock.now()
    hardware.emit(DOOR, "open")
    eventually(lambda: first.depth() == 1)
    first.close()
    clock.move(60)
    pi.ntp_sets_it()
    second, cable = start()
    cable.start()
    eventually(lambda: [(r.at, r.quality) for r in ingest.stored()] == [(true, Quality.GOOD)])
    eventually(lambda: second.depth() == 0)


def test_what_a_run_of_the_machine_took_that_never_saw_ntp_stays_marked(
    start: Start,
    pi: Pi,
    clock: FakeClock,
    ingest: Ingest,
    hardware: Hardware,
) -> None:
    pi.loses_its_clock(-timedelta(days=2))
    first, _ = start("run 1")
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: first.depth() == 1)
    first.close()
    clock.move(60)
    pi.ntp_sets_it()
    _, cable = start("run 2")
    cable.start()
    (reading,) = eventually(ingest.stored)
    assert reading.quality is Quality.CLOCK


def test_a_year_ahead_in_an_earlier_run_is_put_before_the_start_marked_and_told(
    start: Start,
    pi: Pi,
    clock: FakeClock,
    ingest: Ingest,
    hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pi.off = YEAR
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    first, _ = start("run 1")
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: first.depth() == 1)
    first.close()
    clock.move(60)
    pi.off = timedelta()
    second, cable = start("run 2")
    assert "lay in the future" in second.health().text
    cable.start()
    eventually(lambda: second.depth() == 0 and DOOR in hardware.open)
    hardware.emit(DOOR, "closed")
    opened, closed = eventually(lambda: len(ingest.stored()) == 2 and ingest.stored())
    assert (opened.value, opened.quality) == ("open", Quality.CLOCK)
    assert opened.at < clock.now() == closed.at


def test_a_jump_of_a_year_forward_and_back_moves_no_reading(
    start: Start,
    pi: Pi,
    clock: FakeClock,
    ingest: Ingest,
    hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    agent, cable = start()
    cable.start()
    eventually(lambda: DOOR in hardware.open)
    true = []
    for off, value in ((0, "open"), (365, "closed"), (-365, "open"), (0, "closed")):
        pi.off = timedelta(days=off)
        true.append((clock.move(10), value))
        hardware.emit(DOOR, value)
        eventually(lambda: len(ingest.stored()) == len(true), what=f"{true}")
    eventually(lambda: all(r.quality is Quality.GOOD for r in ingest.stored()))
    assert [(r.at, r.value) for r in ingest.stored()] == true
    eventually(lambda: agent.depth() == 0)
