"""A node with its real drivers on gpiozero's mock pins and 1-Wire files: from pin to server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from collectors.memory import Exchange, MemoryTransport
from collectors.node import NodeAgent
from devices import wire
from devices.catalog import Site
from devices.model import NodeId
from devices.service import Clock
from devices.sitefile import load_site
from tests.support.server import Server
from tests.support.sites import small_site
from tests.support.waiting import eventually

NODE = NodeId("gate-east-pi")
GATE, BEACON, ACKNOWLEDGE = "gate-east/gate", "gate-east/beacon", "gate-east/acknowledge"
DRIVERS = {
    GATE: 'driver = "contact", options = { gpio = 17 }',
    ACKNOWLEDGE: 'driver = "button", options = { gpio = 27 }',
    BEACON: 'driver = "beacon", options = { lamp = 5, buzzer = 6 }',
}


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.reset()
    Device.pin_factory = before


@pytest.fixture
def wired(tmp_path: Path) -> Site:
    """The small school with drivers at its east gate."""
    path = small_site(tmp_path).path
    text = path.read_text(encoding="utf-8")
    for point, driver in DRIVERS.items():
        text = text.replace(f'{{ id = "{point}",', f'{{ id = "{point}", {driver},')
    path.write_text(text, encoding="utf-8")
    return load_site(path)


def test_a_pin_that_rises_reaches_the_server_and_a_command_reaches_a_pin(
    wired: Site, pins: MockFactory, tmp_path: Path
) -> None:
    exchange = Exchange()
    far, link = MemoryTransport(exchange, "server"), MemoryTransport(exchange, NODE)
    server = Server(far, wired)
    far.start()
    link.start()
    with closing(NodeAgent(wired, NODE, tmp_path / "node", link, Clock())) as agent:
        agent.start()
        eventually(lambda: server.values(GATE) == ["open"] and server.values(BEACON) == ["off"])
        pins.pin(17).drive_low()
        eventually(lambda: server.values(GATE) == ["open", "closed"])
        pins.pin(17).drive_high()
        eventually(lambda: server.values(GATE) == ["open", "closed", "open"])
        lit = wire.NodeCommand("1", "beacon", {"state": "on"})
        far.publish(wire.node_command_topic(NODE), wire.encode_node_command(lit))
        eventually(lambda: server.values(BEACON) == ["off", "on"])
        assert pins.pin(5).state and pins.pin(6).state
        assert agent.health().ok, agent.health().text
    assert not pins.pin(5).state and not pins.pin(6).state
