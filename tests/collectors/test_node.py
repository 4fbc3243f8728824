"""A node from its drivers to the acknowledgement, with everything on the way failing once."""

import logging
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks import node as benchmark
from collectors.broker import Broker
from collectors.memory import Exchange, MemoryTransport
from collectors.mqtt import MqttTransport
from collectors.node import NodeAgent, node_will
from collectors.transport import Message
from devices import wire
from devices.catalog import Site
from devices.errors import CampusError, DeviceError
from devices.model import NodeId, NodeState, NodeStatus, PointId, Sample
from devices.service import Clock
from tests.support.clock import FakeClock
from tests.support.fake_driver import Hardware, fake_hardware, with_fakes
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.waiting import eventually

CANTEEN, GATE = NodeId("canteen-pi"), NodeId("gate-east-pi")
FRIDGE, DOOR = "canteen/fridge-1/temperature", "canteen/fridge-1/door"
ACCESS, BEACON, PANIC = "gate-east/access", "gate-east/beacon", "gate-east/panic"


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hardware]:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    with fake_hardware() as hardware:
        yield hardware


@pytest.fixture
def school(site: Site, hardware: Hardware) -> Site:
    """The small school with a test for hardware."""
    return with_fakes(site)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def server(exchange: Exchange, school: Site) -> Server:
    transport = MemoryTransport(exchange, "server")
    transport.start()
    return Server(transport, school)


Start = Callable[..., tuple[NodeAgent, MemoryTransport]]


@pytest.fixture
def start(exchange: Exchange, school: Site, tmp_path: Path, clock: FakeClock) -> Iterator[Start]:
    """Starts a node on the exchange; all are closed in the end."""
    agents: list[NodeAgent] = []

    def start_node(node: NodeId = CANTEEN, **more: Any) -> tuple[NodeAgent, MemoryTransport]:
        will = node_will(node, clock)
        transport = MemoryTransport(exchange, node, will=will)
        agent = NodeAgent(school, node, tmp_path / node, transport, clock, **more)
        agents.append(agent)
        transport.start()
        agent.start()
        return agent, transport

    yield start_node
    for agent in agents:
        agent.close()


def statuses(exchange: Exchange, node: NodeId = CANTEEN) -> list[NodeStatus]:
    """What the node says of itself from now on, the retained word first."""
    heard: list[NodeStatus] = []
    ear = MemoryTransport(exchange, "ear")
    ear.subscribe(wire.status_topic(node), lambda m: heard.append(wire.decode_status(m.payload)))
    ear.start()
    return heard


def send(exchange: Exchange, topic: str, payload: bytes) -> None:
    exchange.send(Message(topic, payload))


# --- saved, sent, acknowledged ----------------------------------------------------------------


def test_an_event_is_sent_at_once_as_the_first_batch_of_this_boot(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    agent, _ = start(GATE)
    eventually(lambda: ACCESS in hardware.open)
    hardware.emit(ACCESS, "denied", card="h:5d0c")
    reading = eventually(lambda: server.readings)[0]
    assert (reading.point, reading.value, reading.detail) == (ACCESS, "denied", {"card": "h:5d0c"})
    assert reading.at == clock.now()
    assert (reading.origin.boot, reading.origin.seq) == (agent.boot, 1)
    eventually(lambda: agent.depth() == 0, what="the acknowledgement empties the outbox")


def test_telemetry_of_a_second_goes_in_one_batch(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    hardware.values |= {"class-1/power": 210, "class-1/temperature": 19.5}
    agent, _ = start(NodeId("teach-pi"))
    eventually(lambda: len(hardware.open) == 3)
    eventually(lambda: clock.move(0.5) and server.readings)
    assert server.values("class-1/power")[0] == 210.0
    clock.move(10)
    eventually(lambda: clock.move(0.5) and len(server.values("class-1/power")) >= 2)
    eventually(lambda: agent.depth() == 0)
    assert len(server.batches) < len(server.readings) + 1


def test_a_level_that_repeats_is_stored_as_a_sign_of_life(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    hardware.levels[DOOR] = hardware.values[DOOR] = "closed"
    start()
    eventually(lambda: server.values(DOOR) == ["closed"])
    clock.move(60)
    eventually(lambda: clock.move(0.5) and server.values(DOOR) == ["closed", "closed"])


def test_a_sign_of_life_is_not_placed_after_the_event_that_followed_it(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    hardware.levels[DOOR] = hardware.values[DOOR] = "closed"
    agent, _ = start()
    eventually(lambda: server.values(DOOR) == ["closed"])
    agent._hear(PointId(DOOR), Sample("closed"), False)
    clock.move(0.01)
    hardware.emit(DOOR, "open")
    eventually(lambda: len(server.values(DOOR)) == 3)
    assert server.values(DOOR) == ["closed", "closed", "open"]


def test_what_is_not_acknowledged_is_sent_again(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    server.acknowledging = False
    agent, _ = start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: len(server.batches) == 1)
    assert agent.depth() == 1
    server.acknowledging = True
    clock.move(11)
    eventually(lambda: agent.depth() == 0)
    assert server.batches == [(agent.boot, 1), (agent.boot, 1)]


def test_a_cut_cable_delays_and_loses_nothing(
    start: Start, server: Server, hardware: Hardware, clock: FakeClock
) -> None:
    agent, cable = start()
    eventually(lambda: DOOR in hardware.open)
    cable.cut()
    for value in ("open", "closed") * 50:
        hardware.emit(DOOR, value)
    eventually(lambda: agent.depth() == 100)
    assert server.readings == []
    cable.restore()
    eventually(lambda: agent.depth() == 0)
    assert server.values(DOOR) == ["open", "closed"] * 50


def test_a_restarted_node_sends_its_old_batches_under_their_own_boot(
    start: Start, server: Server, hardware: Hardware
) -> None:
    server.acknowledging = False
    first, _ = start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: server.batches)
    first.close()
    server.acknowledging = True
    second, _ = start()
    eventually(lambda: second.depth() == 0 and len(server.batches) >= 2)
    assert set(server.batches) == {(first.boot, 1)}
    assert first.boot != second.boot


def test_closing_saves_what_is_in_hand(
    start: Start, server: Server, hardware: Hardware, exchange: Exchange
) -> None:
    hardware.values[FRIDGE] = 4.2
    heard = statuses(exchange)
    agent, _ = start()
    eventually(lambda: FRIDGE in hardware.open)
    hardware.emit(DOOR, "open")
    agent.close()
    assert hardware.open == {}
    assert server.values(DOOR) == ["open"]
    assert heard[-1].state is NodeState.OFFLINE
    agent.close()


def test_rubbish_on_the_ack_topic_changes_nothing(
    start: Start, server: Server, hardware: Hardware, exchange: Exchange
) -> None:
    server.acknowledging = False
    agent, _ = start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: server.batches)
    for payload in (b"", b"{", b"[]", b'{"boot": 1, "seq": [1]}', b'{"boot": "x", "seq": [1]}'):
        send(exchange, wire.ack_topic(CANTEEN), payload)
    hardware.emit(DOOR, "closed")
    eventually(lambda: len(server.batches) == 2)
    assert agent.depth() == 2


# --- status, state, faults --------------------------------------------------------------------


def test_the_status_says_what_the_contract_says(
    start: Start, exchange: Exchange, clock: FakeClock
) -> None:
    agent, cable = start()
    heard = statuses(exchange)
    status = eventually(lambda: heard)[-1]
    assert status.state is NodeState.ONLINE
    assert status.boot == agent.boot
    assert status.version
    assert status.throttled.startswith("0x")
    assert status.disk_free is not None and 0 <= status.disk_free <= 1
    count = len(heard)
    clock.move(31)
    eventually(lambda: len(heard) > count, what="the status is told again")
    cable.cut()
    eventually(lambda: heard[-1].state is NodeState.OFFLINE)
    cable.restore()
    eventually(lambda: heard[-1].state is NodeState.ONLINE)


def test_the_newest_value_of_each_point_is_retained(
    start: Start, exchange: Exchange, hardware: Hardware
) -> None:
    start()
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    heard: list[bytes] = []
    late = MemoryTransport(exchange, "late")
    late.subscribe(wire.state_topic(CANTEEN, DOOR), lambda m: heard.append(m.payload))
    late.start()
    eventually(lambda: heard)
    assert b'"value":"open"' in heard[-1]
    assert b'"quality":"good"' in heard[-1]


def test_absent_hardware_is_a_fault_that_touches_no_other_and_ends(
    start: Start, server: Server, exchange: Exchange, hardware: Hardware, clock: FakeClock
) -> None:
    text = "no 1-Wire sensor 28-1: check the wiring"
    hardware.broken[FRIDGE] = DeviceError(text)
    agent, _ = start()
    heard = statuses(exchange)
    eventually(lambda: clock.move(0.5) and heard and heard[-1].faults)
    fault = heard[-1].faults[0]
    assert (fault.point, fault.reason, fault.text) == (FRIDGE, "device", text)
    assert text in agent.health().text
    hardware.emit(DOOR, "open")
    eventually(lambda: server.values(DOOR) == ["open"])
    starts = hardware.starts.count(FRIDGE)
    clock.move(400)
    eventually(lambda: hardware.starts.count(FRIDGE) > starts, what="it is tried again")
    del hardware.broken[FRIDGE]
    hardware.values[FRIDGE] = 4.0
    clock.move(400)
    eventually(lambda: clock.move(0.5) and server.values(FRIDGE))
    eventually(lambda: clock.move(0.5) and not heard[-1].faults)
    assert agent.health().ok


def test_a_driver_with_a_bug_is_a_fault_and_no_more(
    start: Start, server: Server, exchange: Exchange, hardware: Hardware, clock: FakeClock
) -> None:
    hardware.broken[FRIDGE] = ZeroDivisionError("oh")
    start()
    heard = statuses(exchange)
    eventually(lambda: clock.move(0.5) and heard and heard[-1].faults)
    assert heard[-1].faults[0].reason == "driver"
    assert "ZeroDivisionError" in heard[-1].faults[0].text
    hardware.emit(DOOR, "open")
    eventually(lambda: server.values(DOOR) == ["open"])


def test_a_driver_that_hangs_for_ever_is_started_anew_and_holds_up_no_other(
    start: Start, server: Server, exchange: Exchange, hardware: Hardware, clock: FakeClock
) -> None:
    power, temperature = "class-1/power", "class-1/temperature"
    release = hardware.blocked[power] = threading.Event()
    hardware.values[temperature] = 20.0
    hardware.values[power] = 1.0
    heard = statuses(exchange, NodeId("teach-pi"))
    agent, _ = start(NodeId("teach-pi"))
    try:
        eventually(lambda: clock.move(0.5) and server.values(temperature))
        eventually(lambda: power in hardware.open)
        clock.move(31)
        eventually(lambda: clock.move(0.5) and heard[-1].faults)
        fault = heard[-1].faults[0]
        assert (fault.point, fault.reason) == (power, "stuck")
        starts = hardware.starts.count(power)
        count = len(server.values(temperature))
        eventually(
            lambda: clock.move(1) and hardware.starts.count(power) > starts,
            what="a new driver takes the place of the one that hangs",
        )
        for _ in range(10):
            clock.move(31)
            eventually(lambda: clock.move(0.5) and hardware.starts.count(power) > starts)
        eventually(lambda: clock.move(1) and len(server.values(temperature)) > count + 3)
        hanging = [t for t in threading.enumerate() if t.name.startswith("drivers-")]
        assert len(hanging) <= 3 + 8 + 1, "threads left behind are capped"
        del hardware.blocked[power]
    finally:
        release.set()
    eventually(lambda: clock.move(5) and 1.0 in server.values(power), within=20)
    eventually(lambda: clock.move(1) and not heard[-1].faults)
    assert agent.health().ok


def test_a_driver_that_works_but_doubts_its_hardware_is_reported(
    start: Start, server: Server, exchange: Exchange, hardware: Hardware, clock: FakeClock
) -> None:
    hardware.doubts |= {ACCESS: "40 frames refused", PANIC: "the contact chatters"}
    hardware.values[PANIC] = "released"
    start(GATE)
    heard = statuses(exchange, GATE)

    def doubted() -> set[tuple[str, str, str]]:
        clock.move(5)
        return {(f.point, f.reason, f.text) for f in heard[-1].faults} if heard else set()

    eventually(
        lambda: (
            doubted()
            == {
                (ACCESS, "doubtful", "40 frames refused"),
                (PANIC, "doubtful", "the contact chatters"),
            }
        )
    )
    hardware.doubts.clear()
    eventually(lambda: not doubted())
    assert server.values(PANIC)[-1] == "released"


@pytest.mark.parametrize("value", [math.nan, math.inf, "warm", True, None])
def test_a_value_that_is_none_is_never_sent_and_told(
    start: Start, server: Server, hardware: Hardware, value: object
) -> None:
    agent, _ = start()
    eventually(lambda: FRIDGE in hardware.open)
    hardware.emit(FRIDGE, value)
    eventually(lambda: "which is no number" in agent.health().text)
    hardware.emit(FRIDGE, 4)
    eventually(lambda: server.values(FRIDGE) == [4.0])
    assert agent.health().ok


def test_a_corrupt_outbox_is_told_in_the_status(
    start: Start, exchange: Exchange, tmp_path: Path
) -> None:
    (tmp_path / CANTEEN).mkdir()
    (tmp_path / CANTEEN / "outbox.db").write_bytes(b"x" * 5000)
    start()
    heard = statuses(exchange)
    eventually(lambda: heard)
    assert [fault.reason for fault in heard[-1].faults] == ["outbox-corrupt"]


def test_a_clock_that_is_set_back_is_told(
    start: Start, server: Server, exchange: Exchange, hardware: Hardware, clock: FakeClock
) -> None:
    start()
    heard = statuses(exchange)
    eventually(lambda: DOOR in hardware.open)
    hardware.emit(DOOR, "open")
    eventually(lambda: server.readings)
    clock.move(10)
    clock.set("2026-11-24T09:00:00+08:00")
    hardware.emit(DOOR, "closed")
    eventually(lambda: server.values(DOOR) == ["open", "closed"])

    def told() -> bool:
        clock.move(1)
        return any(fault.reason == "clock-jumped" for fault in heard[-1].faults)

    eventually(told)


def test_a_node_that_is_not_in_the_site_file_is_refused(
    school: Site, exchange: Exchange, tmp_path: Path, clock: FakeClock
) -> None:
    with pytest.raises(CampusError, match="no node 'nowhere'"):
        NodeAgent(school, NodeId("nowhere"), tmp_path, MemoryTransport(exchange, "x"), clock)


# --- commands ---------------------------------------------------------------------------------


def command(id: str, do: str, **args: Any) -> bytes:
    return wire.encode_node_command(wire.NodeCommand(id, do, args))


def test_the_beacon_is_lit_once_however_often_the_command_comes(
    start: Start, exchange: Exchange, hardware: Hardware
) -> None:
    start(GATE)
    eventually(lambda: BEACON in hardware.open)
    topic = wire.node_command_topic(GATE)
    for _ in range(3):
        send(exchange, topic, command("1", "beacon", state="on"))
    send(exchange, topic, command("2", "beacon", state="off", point=BEACON))
    send(exchange, topic, command("3", "beacon", state="on", point="elsewhere"))
    send(exchange, topic, command("4", "beacon", state="silent"))
    eventually(lambda: len(hardware.commands) == 3)
    assert [(point, args["state"]) for point, _, args in hardware.commands] == [
        (BEACON, "on"),
        (BEACON, "off"),
        (BEACON, "silent"),
    ]


def test_unknown_commands_and_rubbish_are_logged_and_harm_nothing(
    start: Start, exchange: Exchange, hardware: Hardware, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    start(GATE)
    eventually(lambda: BEACON in hardware.open)
    topic = wire.node_command_topic(GATE)
    hardware.broken[BEACON] = DeviceError("no such state")
    for payload in (
        b"{", b"[]", command("1", "dance"), command("2", "simulate", scene="x"),
        command("3", "beacon", state="blue"),
    ):  # fmt: skip
        send(exchange, topic, payload)
    eventually(lambda: "cannot beacon: no such state" in caplog.text)
    assert "does not know how to 'dance'" in caplog.text
    assert "does not know how to 'simulate'" in caplog.text
    assert "a command that is none" in caplog.text


def test_a_scene_reaches_the_simulation_and_its_failure_does_not_stop_the_node(
    start: Start, exchange: Exchange, server: Server, hardware: Hardware
) -> None:
    played: list[tuple[str, Any]] = []

    def scenes(scene: str, args: Any) -> None:
        played.append((scene, dict(args)))
        raise RuntimeError("this scene is broken on purpose")

    start(GATE, scenes=scenes)
    eventually(lambda: ACCESS in hardware.open)
    topic = wire.node_command_topic(GATE)
    send(exchange, topic, command("1", "simulate", scene="gate-open", point="gate-east/gate"))
    eventually(lambda: played)
    assert played == [("gate-open", {"scene": "gate-open", "point": "gate-east/gate"})]
    hardware.emit(ACCESS, "granted")
    eventually(lambda: server.values(ACCESS) == ["granted"])


# --- over a real broker -----------------------------------------------------------------------


@pytest.mark.parametrize("embedded", [False, True], ids=["mosquitto", "embedded"])
def test_a_broker_killed_in_the_middle_costs_nothing(
    school: Site, hardware: Hardware, tmp_path: Path, embedded: bool
) -> None:
    port, clock = free_port(), Clock()
    address = f"mqtt://127.0.0.1:{port}"
    broker = Broker(f"127.0.0.1:{port}", tmp_path, embedded=embedded)
    broker.start()
    link = MqttTransport(address, CANTEEN, will=node_will(CANTEEN, clock))
    with closing(broker), closing(MqttTransport(address, "server")) as ear, closing(link):
        server = Server(ear, school)
        ear.start()
        link.start()
        agent = NodeAgent(school, CANTEEN, tmp_path / CANTEEN, link, clock)
        with closing(agent):
            agent.start()
            eventually(lambda: DOOR in hardware.open)
            expected = ["open", "closed"] * 60
            for number, value in enumerate(expected):
                hardware.emit(DOOR, value)
                if number == 40:
                    eventually(lambda: server.readings)
                    assert broker.pid
                    os.kill(broker.pid, signal.SIGKILL)
            eventually(lambda: len(server.values(DOOR)) == len(expected), within=30)
            assert server.values(DOOR) == expected
            eventually(lambda: agent.depth() == 0)


def test_a_node_needs_none_of_the_servers_libraries_and_starts_quickly() -> None:
    program = (
        "import sys, time\n"
        "import dashboard.cli, collectors.node, collectors.mqtt, gpiozero\n"
        "print(time.process_time())\n"
        "heavy = {'flask', 'sqlalchemy', 'influxdb_client', 'iotcore', 'alembic', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    seconds, heavy = done.stdout.splitlines()
    assert heavy == "[]"
    assert float(seconds) < 0.8, "seconds of processor, with Python's own start"


def test_a_node_with_forty_points_fits_into_45_megabytes(tmp_path: Path) -> None:
    port = free_port()
    broker = Broker(f"127.0.0.1:{port}", tmp_path)
    broker.start()
    with closing(broker):
        figures = benchmark.ours(tmp_path, port, seconds=2.0, times=0)
    assert figures["rss_mb"] <= 45
