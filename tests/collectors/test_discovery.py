"""Home Assistant sees our nodes: announced, followed, taken away; never a card or a token."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.broker import Broker
from collectors.enroll import enroll, server_login
from collectors.memory import Exchange, MemoryTransport
from collectors.mqtt import MqttTransport
from collectors.node import NodeAgent, node_will
from collectors.transport import Message
from devices import wire
from devices.catalog import Node, Place, Point, Site
from devices.kinds import KINDS
from devices.model import NodeId, NodeState, NodeStatus, PlaceId, PointId, Quality
from devices.service import Clock
from devices.simulation.schools import made_up_school
from tests.support.clock import FakeClock
from tests.support.fake_driver import Hardware, fake_hardware, with_fakes
from tests.support.home_assistant import HomeAssistant
from tests.support.ports import free_port
from tests.support.waiting import eventually

CANTEEN, GATE = NodeId("canteen-pi"), NodeId("gate-east-pi")
FRIDGE, DOOR = "canteen/fridge-1/temperature", "canteen/fridge-1/door"
ACCESS = "gate-east/access"
FRIDGE_ID, DOOR_ID = "campus_test_canteen_fridge-1_temperature", "campus_test_canteen_fridge-1_door"


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hardware]:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    with fake_hardware() as hardware:
        yield hardware


def follow(transport: "MemoryTransport | MqttTransport") -> HomeAssistant:
    """A Home Assistant at the broker."""
    home = HomeAssistant()
    for filter in ("homeassistant/device/+/config", "campus/v1/node/+/status",
                   "campus/v1/node/+/state/#"):  # fmt: skip
        transport.subscribe(filter, lambda m: home.hear(m.topic, m.payload, m.retain))
    transport.start()
    return home


def without(site: Site, point: str) -> Site:
    left = {id: found for id, found in site.points.items() if id != point}
    return replace(site, points=left)


def run_node(site: Site, exchange: Exchange, folder: Path, node: NodeId = CANTEEN) -> NodeAgent:
    clock = FakeClock()
    transport = MemoryTransport(exchange, node, will=node_will(node, clock))
    agent = NodeAgent(site, node, folder / node, transport, clock)
    transport.start()
    agent.start()
    return agent


# --- the payload -------------------------------------------------------------------------------


def test_every_kind_is_announced_as_home_assistant_takes_it_and_followed() -> None:
    """One point of each kind, each with a value of its own."""
    points = {
        PointId(f"all/{kind}"): Point(f"all/{kind}", kind, "pi", "room", f"点 {kind}")
        for kind in KINDS
    }
    site = replace(
        made_up_school(1, 1, FakeClock().now().tzinfo or UTC),
        nodes={NodeId("pi"): Node("pi", "节点", "room")},
        places={PlaceId("room"): Place("room", "房间", "sim")},
        points=points,
    )
    home = HomeAssistant()
    payload = wire.encode_discovery(site, NodeId("pi"), "1.0", {})
    home.hear(wire.discovery_topic("pi"), payload)
    status = NodeStatus(NodeState.ONLINE, "boot", datetime.now(UTC))
    home.hear(wire.status_topic("pi"), wire.encode_status(status))
    assert len(home.entities) == len(KINDS)
    for id, point in points.items():
        kind = KINDS[point.kind]
        words = kind.values or (("granted",) if point.kind == "access" else ("digital-1",))
        for value in words if kind.value_type.value == "text" else (1.5,):
            state = wire.encode_state(value, datetime.now(UTC), kind.unit, Quality.GOOD)
            home.hear(wire.state_topic("pi", id), state)
        entity = home.entities[f"campus_simulated_{id.replace('/', '_')}"]
        assert entity.value is not None or entity.events == ["granted"]
        assert entity.config.get("expire_after", 0) == kind.stale_after or point.kind == "access"


def test_a_payload_names_no_card_no_token_and_no_person(site: Site) -> None:
    payload = json.loads(wire.encode_discovery(site, GATE, "1.0", {}))
    text = json.dumps(payload)
    assert not any(word in text for word in ("card", "token", "password", "detail"))
    (access,) = [c for c in payload["cmps"].values() if c["p"] == "event"]
    assert access["event_types"] == ["granted", "denied", "unknown"]


def test_names_are_in_the_language_of_the_school(site: Site) -> None:
    english = replace(site, school=replace(site.school, language="en"))
    names = [
        json.loads(wire.encode_discovery(school, CANTEEN, "1", {}))["cmps"][
            "canteen_fridge-1_temperature"
        ]["name"]
        for school in (site, english)
    ]
    assert names == ["1号冷藏柜", "Fridge 1"]


# --- a node ------------------------------------------------------------------------------------


def test_a_node_and_its_points_show_up_and_follow(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    exchange = Exchange()
    home = follow(MemoryTransport(exchange, "home"))
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        eventually(lambda: {FRIDGE_ID, DOOR_ID} <= set(home.entities))
        eventually(lambda: {FRIDGE, DOOR} <= set(hardware.open))
        hardware.emit(FRIDGE, 4.2)
        hardware.emit(DOOR, "open")
        eventually(lambda: home.state(FRIDGE_ID) == "4.2")
        eventually(lambda: home.state(DOOR_ID) == "on")
        home.now += KINDS["temperature-cold"].stale_after
        assert home.state(FRIDGE_ID) == "unavailable"
    assert home.state(DOOR_ID) == "unavailable"


def test_all_is_told_again_when_home_assistant_starts(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    exchange = Exchange()
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        heard: list[Message] = []
        ear = MemoryTransport(exchange, "ear")
        ear.subscribe("homeassistant/device/+/config", heard.append)
        ear.start()
        eventually(lambda: heard)
        heard.clear()
        exchange.send(Message("homeassistant/status", b"offline"))
        exchange.send(Message("homeassistant/status", b"online"))
        (config,) = eventually(lambda: list(heard))
        assert config.topic == "homeassistant/device/canteen-pi/config"


def test_a_badge_is_an_event_without_its_card(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    exchange = Exchange()
    home, seen = follow(MemoryTransport(exchange, "home")), []
    spy = MemoryTransport(exchange, "spy")
    spy.subscribe("homeassistant/#", lambda m: seen.append(m.payload))
    spy.subscribe("campus/v1/node/+/state/#", lambda m: seen.append(m.payload))
    spy.start()
    with closing(run_node(with_fakes(site), exchange, tmp_path, GATE)):
        eventually(lambda: ACCESS in hardware.open)
        hardware.emit(ACCESS, "denied", card="h:5d0c5d0c")
        eventually(lambda: home.entities["campus_test_gate-east_access"].events == ["denied"])
    assert not any(b"5d0c" in payload for payload in seen)


def test_a_point_that_went_is_taken_away_by_the_next_start(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    exchange = Exchange()
    home = follow(MemoryTransport(exchange, "home"))
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        eventually(lambda: {FRIDGE_ID, DOOR_ID} <= set(home.entities))
    with closing(run_node(without(with_fakes(site), DOOR), exchange, tmp_path)):
        eventually(lambda: home.removed == [DOOR_ID])
        assert set(home.entities) == {FRIDGE_ID}
    late = follow(MemoryTransport(exchange, "late"))  # a Home Assistant that was away meanwhile
    eventually(lambda: FRIDGE_ID in late.entities)
    assert late.removed == []


def test_a_node_without_points_is_no_device(site: Site, hardware: Hardware, tmp_path: Path) -> None:
    exchange = Exchange()
    home = follow(MemoryTransport(exchange, "home"))
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        eventually(lambda: FRIDGE_ID in home.entities)
    with closing(run_node(replace(with_fakes(site), points={}), exchange, tmp_path)):
        eventually(lambda: "canteen-pi" not in home.devices and not home.entities)


def test_a_kind_that_becomes_another_platform_goes_and_comes(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    exchange = Exchange()
    home = follow(MemoryTransport(exchange, "home"))
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        eventually(lambda: DOOR_ID in home.entities)
    changed = with_fakes(site)
    door = replace(changed.points[PointId(DOOR)], kind="self-check")
    changed = replace(changed, points={**changed.points, PointId(DOOR): door})
    with closing(run_node(changed, exchange, tmp_path)):
        eventually(lambda: home.removed == [DOOR_ID])
        eventually(lambda: home.entities[DOOR_ID].config["platform"] == "sensor")


def test_a_damaged_memory_of_what_was_announced_hurts_nobody(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    (tmp_path / CANTEEN).mkdir()
    (tmp_path / CANTEEN / "home-assistant.json").write_text("[1, 2")
    exchange = Exchange()
    home = follow(MemoryTransport(exchange, "home"))
    with closing(run_node(with_fakes(site), exchange, tmp_path)):
        eventually(lambda: FRIDGE_ID in home.entities)


def test_over_a_real_broker_with_its_own_password_and_rights(
    site: Site, hardware: Hardware, tmp_path: Path
) -> None:
    port = free_port()
    with closing(Broker(f"0.0.0.0:{port}", tmp_path)) as broker:
        broker.start()
        url = f"mqtt://127.0.0.1:{port}"
        user, file = server_login(tmp_path)
        watcher = MqttTransport(url, "home", username=user, password=file.read_text().strip())
        made = enroll(CANTEEN, tmp_path, url)
        with closing(watcher):
            home = follow(watcher)
            watcher.wait_connected(10)
            clock = Clock()
            transport = MqttTransport(
                url, CANTEEN, username=made.user, password=made.password,
                will=node_will(CANTEEN, clock),
            )  # fmt: skip
            with closing(transport):
                transport.start()
                agent = NodeAgent(with_fakes(site), CANTEEN, tmp_path / CANTEEN, transport, clock)
                with closing(agent):
                    agent.start()
                    eventually(lambda: FRIDGE_ID in home.entities)
                    eventually(lambda: FRIDGE in hardware.open)
                    hardware.emit(FRIDGE, 4.2)
                    eventually(lambda: home.state(FRIDGE_ID) == "4.2")
                    home.devices.clear()
                    watcher.publish("homeassistant/status", b"online")
                    eventually(lambda: home.devices)
