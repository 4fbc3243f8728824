"""Local rules: alarmed at once, and no quarrel with the engine over a beacon."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from collectors.localrules import LocalRules, Switch
from collectors.memory import Exchange, MemoryTransport
from collectors.node import NodeAgent
from devices import wire
from devices.catalog import Site
from devices.errors import ConfigError
from devices.localrules import LocalRule
from devices.model import NodeId
from devices.service import Clock
from devices.sitefile import load_site
from tests.support.server import Server
from tests.support.sites import small_site
from tests.support.waiting import eventually

NODE = NodeId("gate-east-pi")
GATE, ACCESS, EXIT = "gate-east/gate", "gate-east/access", "gate-east/exit"
PANIC, ACK = "gate-east/panic", "gate-east/acknowledge"
BEACON, SIREN = "gate-east/beacon", "gate-east/siren"
KINDS = {
    GATE: "gate", ACCESS: "access", EXIT: "exit-button", PANIC: "panic",
    ACK: "acknowledge-button", BEACON: "beacon", SIREN: "siren",
}  # fmt: skip
RULES = (
    LocalRule("panic", "panic", PANIC, (BEACON, SIREN), acknowledge=(ACK,)),
    LocalRule("forced", "forced", GATE, (BEACON,), (ACCESS, EXIT), (ACK,), for_s=60),
)


class Post:
    """A gate's rules with the state of its outputs, as commands leave them."""

    def __init__(self) -> None:
        self.rules = LocalRules(RULES, KINDS)
        self.now = 100.0
        self.shown = {BEACON: "off", SIREN: "off"}
        self.hears(GATE, "closed")
        self.hears(PANIC, "released")

    def _carry_out(self, switches: list[Switch]) -> None:
        for switch in switches:
            self.shown[switch.point] = switch.state

    def hears(self, point: str, value: str) -> None:
        self._carry_out(self.rules.hear(point, value, self.now))

    def engine(self, state: str, output: str = BEACON) -> None:
        self._carry_out(self.rules.engine_wishes(output, state))

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self._carry_out(self.rules.tick(self.now))

    @property
    def outputs(self) -> tuple[str, str]:
        return self.shown[BEACON], self.shown[SIREN]


def test_a_panic_button_sets_off_siren_and_beacon_until_the_post_acknowledges() -> None:
    post = Post()
    post.hears(PANIC, "pressed")
    assert post.outputs == ("on", "on")
    assert post.rules.cause(SIREN) == "panic"
    post.hears(PANIC, "released")
    assert post.outputs == ("on", "on"), "letting go is no answer"
    post.hears(ACK, "pressed")
    assert post.outputs == ("off", "off")
    assert post.rules.cause(SIREN) == ""


def test_a_local_alarm_ends_by_itself_after_its_time() -> None:
    post = Post()
    post.hears(PANIC, "pressed")
    post.passes(299)
    assert post.outputs == ("on", "on")
    post.passes(1)
    assert post.outputs == ("off", "off")
    post.hears(PANIC, "pressed")
    assert post.outputs == ("off", "off"), "the same press said again is no new one"


@pytest.mark.parametrize(("point", "value"), [(ACCESS, "granted"), (EXIT, "pressed")])
def test_a_door_opened_within_5_s_of_a_grant_is_not_forced(point: str, value: str) -> None:
    post = Post()
    post.hears(point, value)
    post.hears(EXIT, "released")
    post.passes(5.0)
    post.hears(GATE, "open")
    assert post.outputs == ("off", "off")
    post.hears(GATE, "closed")
    post.passes(0.1)
    post.hears(GATE, "open")
    assert post.outputs == ("on", "off")


def test_a_denied_card_grants_nothing_and_a_held_button_does() -> None:
    post = Post()
    post.hears(ACCESS, "denied")
    post.hears(GATE, "open")
    assert post.shown[BEACON] == "on"
    held = Post()
    held.hears(EXIT, "pressed")
    held.passes(30)
    held.hears(GATE, "open")
    assert held.shown[BEACON] == "off"


def test_a_door_found_open_at_the_start_was_not_forced_but_a_pressed_button_counts() -> None:
    rules = LocalRules(RULES, KINDS)
    assert rules.hear(GATE, "open", 1.0) == []
    assert {s.point for s in rules.hear(PANIC, "pressed", 1.0)} == {BEACON, SIREN}


def test_the_engines_off_does_not_silence_what_it_does_not_know_of_yet() -> None:
    post = Post()
    post.engine("off")
    post.hears(PANIC, "pressed")
    post.engine("off")
    assert post.outputs == ("on", "on")


def test_once_the_engine_has_taken_over_its_word_counts() -> None:
    post = Post()
    post.hears(PANIC, "pressed")
    post.engine("on")
    assert post.outputs == ("on", "on")
    post.engine("off")
    assert post.outputs == ("off", "off"), "the siren was the node's own idea, and ends with it"


def test_with_the_server_gone_the_button_quiets_what_the_engine_had_switched_on() -> None:
    post = Post()
    post.engine("on")
    post.hears(ACK, "pressed")
    assert post.shown[BEACON] == "silent", "the lamp stays until the engine answers"
    post.engine("off")
    assert post.shown[BEACON] == "off"


def test_an_output_whose_driver_came_back_is_switched_on_again() -> None:
    post = Post()
    post.hears(PANIC, "pressed")
    assert [s.point for s in post.rules.opened(SIREN)] == [SIREN]
    assert post.rules.opened(SIREN) != []


# --- in the site file -------------------------------------------------------------------------


def with_rules(folder: Path, *rules: str) -> Path:
    path = small_site(folder).path
    path.write_text(path.read_text("utf-8") + "local = [" + ", ".join(rules) + "]\n", "utf-8")
    return path


def test_a_local_rule_is_read_and_belongs_to_the_node_of_its_point(tmp_path: Path) -> None:
    rule = f'{{ id = "p", when = "panic", point = "{PANIC}", outputs = ["{BEACON}"] }}'
    site = load_site(with_rules(tmp_path, rule))
    assert site.local_on(NODE) == [LocalRule("p", "panic", PANIC, (BEACON,))]
    assert site.local_on(NodeId("teach-pi")) == []


def test_every_mistake_of_local_rules_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_site(
            with_rules(
                tmp_path,
                f'{{ id = "a", when = "forced", point = "{GATE}", outputs = ["nowhere"] }}',
                f'{{ id = "b", when = "panic", point = "{GATE}", outputs = ["{PANIC}"] }}',
                f'{{ id = "c", when = "panic", point = "{PANIC}", outputs = [] }}',
                f'{{ id = "d", when = "forced", point = "canteen/fridge-1/door", outputs = '
                f'["{BEACON}"], grants = ["{ACCESS}"] }}',
            )
        )
    told = "\n".join(str(problem) for problem in caught.value.problems)
    assert "local \"a\".outputs: no point has the id 'nowhere'" in told
    assert 'local "a".grants: are missing, so that every opening would be forced' in told
    assert "local \"b\".point: 'gate-east/gate' is of kind gate" in told
    assert "local \"b\".outputs: 'gate-east/panic' is of kind panic" in told
    assert 'local[3 "c"].outputs: must be of a length of at least 1' in told
    assert "'gate-east/beacon' is on node gate-east-pi, and the rule runs on canteen-pi" in told


# --- from pin to pin --------------------------------------------------------------------------


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.reset()
    Device.pin_factory = before


@pytest.fixture
def wired(tmp_path: Path) -> Site:
    drivers = {
        PANIC: 'driver = "button", options = { gpio = 22 }',
        ACK: 'driver = "button", options = { gpio = 27 }',
        BEACON: 'driver = "beacon", options = { lamp = 5, buzzer = 6 }',
    }
    path = small_site(tmp_path).path
    text = path.read_text("utf-8")
    for point, driver in drivers.items():
        text = text.replace(f'{{ id = "{point}",', f'{{ id = "{point}", {driver},')
    path.write_text(text, "utf-8")
    site = load_site(path)
    return replace(site, local=(LocalRule("p", "panic", PANIC, (BEACON,), acknowledge=(ACK,)),))


def test_without_a_server_the_beacon_is_lit_within_300_ms_and_told_later_at_its_true_time(
    wired: Site, pins: MockFactory, tmp_path: Path
) -> None:
    exchange = Exchange()
    far, link = MemoryTransport(exchange, "server"), MemoryTransport(exchange, NODE)
    server = Server(far, wired)
    far.start()
    with closing(NodeAgent(wired, NODE, tmp_path / "node", link, Clock())) as agent:
        agent.start()
        eventually(lambda: agent.depth() >= 3, what="all drivers are open")
        pressed, clock = time.monotonic(), Clock().now()
        pins.pin(22).drive_low()
        eventually(lambda: pins.pin(5).state and pins.pin(6).state)
        assert time.monotonic() - pressed < 0.3
        pins.pin(22).drive_high()
        pins.pin(27).drive_low()
        eventually(lambda: not pins.pin(5).state and not pins.pin(6).state)
        eventually(lambda: agent.depth() >= 8)
        link.start()
        eventually(lambda: agent.depth() == 0)
        assert server.values(BEACON) == ["off", "on", "off"]
        (panic,) = [r for r in server.readings if (r.point, r.value) == (PANIC, "pressed")]
        assert abs((panic.at - clock).total_seconds()) < 0.3
        (lit,) = [r for r in server.readings if (r.point, r.value) == (BEACON, "on")]
        assert lit.detail == {"local": "p"}, "what the node did by itself stands in the record"
        far.publish(
            wire.node_command_topic(NODE),
            wire.encode_node_command(wire.NodeCommand("1", "beacon", {"state": "on"})),
        )
        eventually(lambda: pins.pin(5).state)
