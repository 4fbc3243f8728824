"""`campus simulate --mqtt`: made-up nodes at a real broker, all that they say in the store."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.mqtt import connect_to
from collectors.store import EventQuery, Store, open_store
from collectors.transport import Message
from dashboard.cli import main
from devices import wire
from devices.catalog import Site
from devices.model import NodeState, from_ms
from devices.service import Clock
from devices.sitefile import load_site
from tests.support.brokers import running_broker
from tests.support.ports import free_port
from tests.support.waiting import eventually

SIZE = ["--nodes", "4", "--points", "6"]
ALL = (from_ms(0), from_ms(4_000_000_000_000))


class School:
    """A broker and an ingester for a made-up school."""

    def __init__(self, port: int, site: Site, store: Store) -> None:
        self.site, self.store = site, store
        self.words = ["simulate", *SIZE, "--mqtt", f"mqtt://127.0.0.1:{port}", "--json"]
        self.states: list[tuple[str, NodeState]] = []

    def hear(self, message: Message) -> None:
        status = wire.decode_status(message.payload)
        self.states.append((wire.node_of(message.topic), status.state))

    def stored(self) -> int:
        found = self.store.events(EventQuery(list(self.site.points), *ALL, limit=100_000))
        return len(found)


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    port = free_port()
    assert main(["simulate", *SIZE, "--site-out", str(tmp_path / "campus.toml")]) == 0
    text = (tmp_path / "campus.toml").read_text()
    (tmp_path / "campus.toml").write_text(f'services.mqtt = "mqtt://127.0.0.1:{port}"\n{text}')
    site = load_site(tmp_path / "campus.toml")
    with (
        running_broker(tmp_path, port=port),
        closing(open_store(site, tmp_path)) as store,
        closing(Ledger(tmp_path / "ingest.db", site.timezone)) as ledger,
        closing(connect_to(site, "ingest")) as transport,
        closing(Ingester(site, store, transport, ledger, Clock())) as ingester,
    ):
        found = School(port, site, store)
        transport.subscribe(wire.STATUS_FILTER, found.hear)
        transport.start()
        ingester.start()
        transport.wait_connected(5)
        yield found


def test_all_that_the_nodes_say_is_stored_once(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*school.words, "--rate", "20/s", "--duration", "3s"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["nodes"], said["points"], said["unanswered"], said["lost"]) == (4, 24, 0, 0)
    assert said["answered"] == said["batches"] > 4
    assert said["readings"] == pytest.approx(4 * 20 * 3, abs=40)
    assert school.stored() == said["readings"]
    for node in school.site.nodes:
        states = [state for name, state in school.states if name == node]
        assert NodeState.ONLINE in states
        eventually(lambda n=node: (n, NodeState.OFFLINE) in school.states)


def test_a_node_whose_power_is_cut_goes_and_comes_back(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--rate", "20/s", "--duration", "4s",
             "--fault", "power-cut@sim-02,begins=1s,lasts=1s"]  # fmt: skip
    assert main([*school.words, *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["unanswered"] == 0 and school.stored() == said["readings"]

    def changes() -> list[NodeState]:
        states = [state for name, state in school.states if name == "sim-02"]
        return [s for n, s in enumerate(states) if n == 0 or states[n - 1] != s]

    wanted = [NodeState.ONLINE, NodeState.OFFLINE, NodeState.ONLINE, NodeState.OFFLINE]
    eventually(lambda: changes() == wanted)


def test_it_ends_in_order_when_interrupted(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        eventually(lambda: school.states)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert main([*school.words, "--rate", "5/s"]) in (0, 1)  # the last batches may be on their way
    thread.join()
    assert json.loads(capsys.readouterr().out)["nodes"] == 4


def test_without_an_ingester_it_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with running_broker(tmp_path, port=port):
        words = ["simulate", "--nodes", "1", "--points", "2", "--mqtt", f"127.0.0.1:{port}"]
        assert main([*words, "--rate", "10/s", "--duration", "1s"]) == 1
    assert "is `campus ingest` running" in capsys.readouterr().err
