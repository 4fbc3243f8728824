"""The broker is away for an hour: nothing is lost, the status says so, and all comes in order."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.mqtt import MqttTransport
from collectors.node import NodeAgent
from collectors.store import EventQuery
from collectors.store.sqlite import SqliteStore
from devices.catalog import Site
from devices.model import NodeId, PointId, from_ms
from tests.support.brokers import running_broker
from tests.support.clock import FakeClock
from tests.support.fake_driver import Hardware, fake_hardware, with_fakes
from tests.support.ports import free_port
from tests.support.waiting import eventually

NODE = NodeId("canteen-pi")
FRIDGE = PointId("canteen/fridge-1/temperature")
DOOR = PointId("canteen/fridge-1/door")
STEPS = 1200
STEP_S = 3.0


@pytest.fixture
def hardware() -> Iterator[Hardware]:
    with fake_hardware() as hardware:
        yield hardware


def test_an_hour_without_a_broker_loses_nothing_and_is_told(
    tmp_path: Path, site: Site, clock: FakeClock, hardware: Hardware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    school, port = with_fakes(site), free_port()
    address = f"mqtt://127.0.0.1:{port}"
    wanted: dict[PointId, list[tuple[object, object]]] = {FRIDGE: [], DOOR: []}

    def says(point: PointId, value: float | str) -> None:
        hardware.emit(point, value)
        wanted[point].append((clock.now(), value))

    with ExitStack() as opened:
        store = opened.enter_context(closing(SqliteStore(tmp_path / "telemetry.db", school)))
        ledger = opened.enter_context(closing(Ledger(tmp_path / "ingest.db", school.timezone)))
        server, node = MqttTransport(address, "server"), MqttTransport(address, NODE)
        ingester = Ingester(school, store, server, ledger, clock)
        agent = NodeAgent(school, NODE, tmp_path / NODE, node, clock)
        with running_broker(tmp_path / "broker", port=port):
            for part in (server, node, ingester, agent):
                part.start()
                opened.callback(part.close)
            node.wait_connected(15)
            eventually(lambda: {FRIDGE, DOOR} <= hardware.open.keys())
            says(FRIDGE, 4.0)
            eventually(lambda: store.latest([FRIDGE]) and agent.depth() == 0, what="all is well")
        eventually(lambda: not node.connected, what="the broker is away")
        for step in range(STEPS):
            clock.move(STEP_S)
            says(FRIDGE, 4.0 + step % 40 / 16)
            if step % 60 == 0:
                says(DOOR, "closed" if step // 60 % 2 else "open")
        waiting = STEPS + STEPS // 60
        eventually(lambda: agent.depth() == waiting, within=30, what="all of it is saved")
        clock.move(15)
        eventually(lambda: "waiting for 1.0 h" in agent.health().text, what="the status says so")

        with running_broker(tmp_path / "broker", port=port):
            eventually(lambda: agent.depth() == 0, within=60, what="all of it is stored")
            eventually(lambda: agent.health().ok, what="all is well again")

        for point, told in wanted.items():
            query = EventQuery([point], from_ms(0), from_ms(4_000_000_000_000), 10_000)
            assert [(r.at, r.value) for r in store.events(query)] == told
