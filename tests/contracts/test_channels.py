"""One contract over every way of telling people."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.board import Board
from alerts.channel import CHANNELS, ChannelError, Means, Receivers
from alerts.model import Alert, AlertState, Deed, Notice, Severity
from alerts.plan import load_plan
from collectors.memory import Exchange, MemoryTransport
from collectors.transport import Message
from devices.catalog import Site
from tests.support.clock import FakeClock
from tests.support.post_office import PostOffice, post_office
from tests.support.watch import PLAN

NAMES = sorted(CHANNELS)
OVER_MQTT = [name for name in NAMES if not CHANNELS[name].slow]
ROOT = Path(__file__).parents[2]
RECEIVERS = {
    Receivers.POSTS: "gate-east",
    Receivers.PEOPLE: "zhang",
    Receivers.WEBHOOKS: "hook",
    Receivers.ALL: "all",
}


class Stage:
    """A channel with its receivers' end of the wire."""

    def __init__(
        self, name: str, site: Site, clock: FakeClock, folder: Path, office: PostOffice
    ) -> None:
        exchange = Exchange()
        self.sent: list[Message] = []
        self.office = office
        world = MemoryTransport(exchange, "world")
        world.subscribe("#", self.sent.append)
        world.start()
        self.transport = MemoryTransport(exchange, "engine")
        self.transport.start()
        (folder / "zhang.url").write_text(f"json://127.0.0.1:{office.port}/zhang")
        (folder / "hook.key").write_text("k3y")
        plan = PLAN.replace('phone = "分机 8010"', 'phone = "8010", apprise = ["file:zhang.url"]')
        plan += f"""
[[webhook]]
id = "hook"
url = "{office.address}/hook"
secret = "file:hook.key"
"""
        (folder / "plan.toml").write_text(plan, "utf-8")
        found = load_plan(folder / "plan.toml", site)
        board = Board(site, found, self.transport)
        means = Means(site, found, self.transport, board.show, board.as_shown)
        self.channel = CHANNELS[name](means)
        alert = Alert(
            "a1", "GATE_OPEN_NIGHT", "v", Severity.MAJOR, "person", "gate-east/gate", None,
            "gate-east", AlertState.UNACKNOWLEDGED, clock.now(), "东门打开", "East gate open",
        )  # fmt: skip
        receiver = RECEIVERS[CHANNELS[name].receivers]
        self.notice = Notice("n1", alert, receiver, name, Deed.RAISED)

    def arrived(self) -> list[bytes]:
        found = [letter.body for letter in self.office.letters]
        return found + [message.payload for message in self.sent]


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def stage_of(
    site: Site, clock: FakeClock, tmp_path: Path, office: PostOffice
) -> Callable[[str], Stage]:
    return lambda name: Stage(name, site, clock, tmp_path, office)


@pytest.mark.parametrize("name", NAMES)
def test_it_brings_the_alert_to_its_receiver(name: str, stage_of: Callable[[str], Stage]) -> None:
    stage = stage_of(name)
    stage.channel.send([stage.notice])
    text = b"".join(stage.arrived())
    escaped = "东门打开".encode("unicode_escape")
    assert "东门打开".encode() in text or escaped in text


@pytest.mark.parametrize("name", OVER_MQTT)
def test_without_a_connection_it_asks_to_be_tried_again(
    name: str, stage_of: Callable[[str], Stage]
) -> None:
    stage = stage_of(name)
    stage.transport.cut()
    with pytest.raises(ChannelError) as caught:
        stage.channel.send([stage.notice])
    assert caught.value.retry
    stage.transport.restore()
    stage.channel.send([stage.notice])
    assert stage.sent


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(OVER_MQTT)))
def test_a_service_that_fails_is_to_be_tried_again_without_a_secret_in_the_words(
    name: str, stage_of: Callable[[str], Stage]
) -> None:
    stage = stage_of(name)
    stage.office.answers = [503]
    with pytest.raises(ChannelError) as caught:
        stage.channel.send([stage.notice])
    assert caught.value.retry
    assert "k3y" not in str(caught.value)
    assert str(stage.office.port) not in str(caught.value)
    stage.channel.send([stage.notice])
    assert len(stage.office.letters) == 2


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(OVER_MQTT)))
def test_whom_the_plan_does_not_know_is_no_matter_of_trying_again(
    name: str, stage_of: Callable[[str], Stage]
) -> None:
    stage = stage_of(name)
    gone = Notice("n2", stage.notice.alert, "nobody", name, Deed.RAISED)
    with pytest.raises(ChannelError) as caught:
        stage.channel.send([gone])
    assert not caught.value.retry


@pytest.mark.parametrize("name", NAMES)
def test_sending_twice_and_settling_at_any_time_does_no_harm(
    name: str, stage_of: Callable[[str], Stage]
) -> None:
    stage = stage_of(name)
    stage.channel.send([stage.notice])
    stage.channel.send([stage.notice])
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
