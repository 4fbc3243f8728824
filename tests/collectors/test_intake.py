"""A node takes its part of the site file from the server and keeps the last good one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from collectors.broker import Broker
from collectors.handout import Handout
from collectors.intake import Intake
from collectors.memory import Exchange, MemoryTransport
from collectors.mqtt import MqttTransport
from collectors.node import NodeAgent
from devices import wire
from devices.catalog import Site
from devices.model import ConfigState, NodeId, NodeStatus
from devices.nodepart import part_of
from tests.support.clock import FakeClock
from tests.support.fake_driver import Hardware, fake_hardware, with_fakes
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.sites import small_site
from tests.support.waiting import eventually

NODE = NodeId("teach-pi")
POWER, ROOM, LEAK = "class-1/power", "class-1/temperature", "server-room/leak"


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hardware]:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    with fake_hardware() as hardware:
        yield hardware


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def give(exchange: Exchange, of: Site, **changed: object) -> None:
    far = MemoryTransport(exchange, "server")
    far.start()
    payload = orjson.dumps({**part_of(of, NODE), **changed})
    far.publish(wire.config_topic(NODE), payload, retain=True)
    far.close()


def test_a_part_holds_a_nodes_own_points_and_nothing_of_others(site: Site) -> None:
    part = part_of(site, NODE)
    text = orjson.dumps(part).decode()
    assert {point["id"] for point in part["site"]["point"]} == {POWER, ROOM, LEAK}
    assert "gate-east" not in text and "canteen" not in text
    assert part["version"] == part_of(site, NODE)["version"]
    changed = replace(site, points=dict(list(site.points.items())[:3]))
    assert part_of(changed, NODE)["version"] != part["version"]


def test_a_changed_configuration_touches_only_the_drivers_that_changed(
    exchange: Exchange, site: Site, hardware: Hardware, tmp_path: Path, clock: FakeClock
) -> None:
    school = with_fakes(site)
    points = dict(school.points)
    points[LEAK] = replace(points[LEAK], driver="")  # type: ignore[index]
    school = replace(school, points=points)
    give(exchange, school)
    link = MemoryTransport(exchange, NODE)
    intake = Intake(NODE, tmp_path / "config.json", "mqtt://127.0.0.1:1", link)
    assert intake.load() is None
    intake.listen()
    link.start()
    taken = intake.wait(5)
    assert taken is not None and len(taken.points) == 3
    heard: list[NodeStatus] = []
    ear = MemoryTransport(exchange, "ear")
    ear.subscribe(wire.status_topic(NODE), lambda m: heard.append(wire.decode_status(m.payload)))
    ear.start()
    with closing(NodeAgent(taken, NODE, tmp_path, link, clock, intake=intake)) as agent:
        agent.start()
        eventually(lambda: {POWER, ROOM} <= set(hardware.open))
        first = part_of(school, NODE)["version"]
        eventually(lambda: clock.move(1) and heard and heard[-1].config == ConfigState(first))
        points = dict(school.points)
        points[POWER] = replace(points[POWER], period=5.0)  # type: ignore[index]
        del points[LEAK]  # type: ignore[arg-type]
        second = replace(school, points=points)
        give(exchange, second)
        eventually(lambda: clock.move(1) and hardware.starts.count(POWER) == 2)
        assert hardware.starts.count(ROOM) == 1
        version = part_of(second, NODE)["version"]
        eventually(lambda: clock.move(1) and heard[-1].config == ConfigState(version))
        give(exchange, second, version="broken", site={"school": {"id": "X"}})
        eventually(lambda: clock.move(1) and [f.reason for f in heard[-1].faults] == ["config"])
        state = heard[-1].config
        assert state is not None and (state.applied, state.refused) == (version, "broken")
        assert "school.name: is missing" in state.why
        assert hardware.starts.count(ROOM) == 1
    again = Intake(NODE, tmp_path / "config.json", "mqtt://127.0.0.1:1", link)
    kept = again.load()
    assert kept is not None and len(kept.points) == 2
    assert again.state.applied == version


def test_a_damaged_or_anothers_configuration_is_not_taken(
    exchange: Exchange, site: Site, tmp_path: Path
) -> None:
    link = MemoryTransport(exchange, NODE)
    file = tmp_path / "config.json"
    file.write_bytes(b"\0" * 100)
    intake = Intake(NODE, file, "mqtt://127.0.0.1:1", link)
    assert intake.load() is None
    intake.listen()
    link.start()
    far = MemoryTransport(exchange, "server")
    far.start()
    for payload in (b"{", b"[]", b'{"v": 9}', orjson.dumps(part_of(site, NodeId("canteen-pi")))):
        far.publish(wire.config_topic(NODE), payload)
    assert intake.site is None
    assert "is not the configuration of teach-pi" in intake.state.why


def test_a_changed_site_file_is_handed_out_and_one_with_mistakes_is_not(
    exchange: Exchange, tmp_path: Path
) -> None:
    site = small_site(tmp_path)
    far, ear = MemoryTransport(exchange, "server"), MemoryTransport(exchange, "ear")
    given: list[dict[str, object]] = []
    ear.subscribe(wire.config_topic(NODE), lambda m: given.append(orjson.loads(m.payload)))
    ear.start()
    far.start()
    with closing(Handout(site, far)) as handout:
        handout.start()
        eventually(lambda: len(given) == 1)
        text = site.path.read_text("utf-8")
        site.path.write_text(text.replace('kind = "power"', 'kind = "powr"'), "utf-8")
        eventually(lambda: not handout.health().ok)
        assert len(given) == 1
        site.path.write_text(text.replace("一(1)班 室温", "教室温度"), "utf-8")
        eventually(lambda: len(given) == 2)
        assert handout.health().ok


def test_a_node_started_with_its_name_and_the_broker_alone_works(tmp_path: Path) -> None:
    port = free_port()
    site = small_site(tmp_path, mqtt=port)
    text = site.path.read_text("utf-8").replace(
        'id = "class-1/power",',
        'id = "class-1/power", driver = "analog", period = 1, options = { chip = 0, channel = 1, '
        "low = 0.0, high = 100.0 },",
    )
    text = text.replace(
        'id = "server-room/leak",',
        'id = "server-room/leak", driver = "contact", options = { gpio = 17 },',
    )
    site.path.write_text(text, "utf-8")
    from devices.sitefile import load_site

    site = load_site(site.path)
    address = f"mqtt://127.0.0.1:{port}"
    environment = {
        **os.environ, "CAMPUS_MQTT_URL": address, "GPIOZERO_PIN_FACTORY": "mock",
        "CAMPUS_CLOCK_TRUSTED": "1",
    }  # fmt: skip
    environment.pop("CAMPUS_CONFIG", None)
    node = tmp_path / "node"
    node.mkdir()
    broker = Broker(f"127.0.0.1:{port}", tmp_path)
    broker.start()
    with closing(broker), closing(MqttTransport(address, "server")) as link:
        server = Server(link, site)
        link.start()
        words = [sys.executable, "-m", "dashboard", "node", NODE, "--data", str(node)]
        process = subprocess.Popen(words, env=environment | _path(), cwd=node)
        try:
            link.wait_connected(10)
            with closing(Handout(site, link)) as handout:
                handout.start()
                eventually(lambda: server.values(LEAK), within=30)
        finally:
            process.terminate()
            process.wait(20)
    assert (node / "nodes" / NODE / "config.json").exists()


def _path() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}
