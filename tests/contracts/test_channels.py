"""One contract over every way of telling people."""

from pathlib import Path

import pytest

from alerts.channel import CHANNELS, ChannelError, Means
from alerts.model import Alert, AlertState, Deed, Notice, Severity
from collectors.memory import Exchange, MemoryTransport
from collectors.transport import Message
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from tests.support.clock import FakeClock

NAMES = sorted(CHANNELS)
ROOT = Path(__file__).parents[2]


class Stage:
    """A channel with its receivers' end of the wire."""

    def __init__(self, name: str, site: Site, clock: FakeClock) -> None:
        exchange = Exchange()
        self.sent: list[Message] = []
        world = MemoryTransport(exchange, "world")
        world.subscribe("#", self.sent.append)
        world.start()
        self.transport = MemoryTransport(exchange, "engine")
        self.transport.start()
        self.channel = CHANNELS[name](Means(site, self.transport, self._show))
        alert = Alert(
            "a1", "GATE_OPEN_NIGHT", "v", Severity.MAJOR, "person", "gate-east/gate", None,
            "gate-east", AlertState.UNACKNOWLEDGED, clock.now(), "东门打开", "East gate open",
        )  # fmt: skip
        receiver = "gate-east" if CHANNELS[name].to_posts else "duty"
        self.notice = Notice("n1", alert, receiver, name, Deed.RAISED)

    def _show(self, alert: Alert) -> None:
        payload = wire.encode_object(alert.as_json())
        self.transport.publish(wire.alert_topic(alert.id), payload, retain=True)


@pytest.mark.parametrize("name", NAMES)
def test_it_brings_the_alert_to_its_receiver(name: str, site: Site, clock: FakeClock) -> None:
    stage = Stage(name, site, clock)
    stage.channel.send(stage.notice)
    assert any("东门打开".encode() in message.payload for message in stage.sent)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_connection_it_asks_to_be_tried_again(
    name: str, site: Site, clock: FakeClock
) -> None:
    stage = Stage(name, site, clock)
    stage.transport.cut()
    with pytest.raises(ChannelError) as caught:
        stage.channel.send(stage.notice)
    assert caught.value.retry
    assert isinstance(caught.value.__cause__, TransportError)
    stage.transport.restore()
    stage.channel.send(stage.notice)
    assert stage.sent


@pytest.mark.parametrize("name", NAMES)
def test_sending_twice_and_settling_at_any_time_does_no_harm(
    name: str, site: Site, clock: FakeClock
) -> None:
    stage = Stage(name, site, clock)
    stage.channel.send(stage.notice)
    stage.channel.send(stage.notice)
    stage.transport.cut()
    stage.channel.settle({"gate-east": []})
    stage.channel.forget()
    stage.channel.forget_node("gate-east-pi")
    stage.transport.restore()
    stage.channel.settle({"gate-east": [stage.notice.alert]})


@pytest.mark.parametrize("name", NAMES)
def test_it_stands_in_the_documents(name: str) -> None:
    text = (ROOT / "docs" / "safety-plan.md").read_text("utf-8")
    assert f"| `{name}` |" in text
