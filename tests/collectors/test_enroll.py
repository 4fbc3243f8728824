"""Passwords and rights, tried on a real mosquitto that other machines could reach."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.broker import Broker
from collectors.enroll import (
    Enrolment,
    enroll,
    enroll_devices,
    enroll_post,
    enroll_reader,
    revoke,
    server_login,
)
from collectors.mqtt import MqttTransport
from collectors.transport import Message
from devices import wire
from devices.errors import CampusError
from tests.support.ports import free_port
from tests.support.waiting import eventually


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A broker open to the network, reached over loopback."""
    port = free_port()
    broker = Broker(f"0.0.0.0:{port}", tmp_path)
    broker.start()
    yield f"mqtt://127.0.0.1:{port}"
    broker.close()


def connection(address: str, user: str, password: str) -> "closing[MqttTransport]":
    transport = MqttTransport(address, user, username=user, password=password)
    transport.start()
    return closing(transport)


def try_to_write(made: Enrolment, topic: str) -> None:
    """On a connection of its own, since mosquitto 2.0 ends one that wrote what it may not."""
    forger = MqttTransport(made.url, "forger", username=made.user, password=made.password)
    with closing(forger):
        forger.start()
        forger.wait_connected(10)
        forger.publish(topic, b"{}")


def server(address: str, data: Path) -> "closing[MqttTransport]":
    user, file = server_login(data)
    return connection(address, user, file.read_text().strip())


def test_an_enrolled_node_comes_in_at_once_and_a_revoked_one_is_thrown_out(
    address: str, tmp_path: Path
) -> None:
    made = enroll("canteen-pi", tmp_path, address)
    assert (made.url, made.user) == (address, "canteen-pi")
    with connection(made.url, made.user, made.password) as node:
        node.wait_connected(10)
        assert revoke("canteen-pi", tmp_path)
        eventually(lambda: "refuses user 'canteen-pi'" in node.health().text, within=15)
    assert not revoke("canteen-pi", tmp_path)


def test_nobody_else_notices_when_a_node_is_let_in_or_shut_out(
    address: str, tmp_path: Path
) -> None:
    made = enroll("canteen-pi", tmp_path, address)
    connections: list[int] = []
    node = MqttTransport(address, made.user, username=made.user, password=made.password)
    node.on_connect(lambda: connections.append(1))
    node.start()
    with closing(node):
        node.wait_connected(10)
        other = enroll("teach-pi", tmp_path, address)
        with connection(address, other.user, other.password) as newcomer:
            newcomer.wait_connected(10)
            revoke("teach-pi", tmp_path)
            eventually(lambda: not newcomer.connected)
        node.publish(wire.up_topic("canteen-pi"), b"{}")
        node.flush(5)
    assert len(connections) == 1


@pytest.mark.parametrize("wrong", ["", "password", "prefix"])
def test_a_wrong_password_is_refused(address: str, tmp_path: Path, wrong: str) -> None:
    made = enroll("canteen-pi", tmp_path, address)
    given = made.password[:-1] if wrong == "prefix" else wrong
    with connection(address, made.user, given) as node:
        eventually(lambda: "refuses user" in node.health().text)
        assert not node.connected


def test_enrolling_again_changes_the_password(address: str, tmp_path: Path) -> None:
    old, new = (enroll("canteen-pi", tmp_path, address) for _ in range(2))
    with connection(address, "canteen-pi", new.password) as node:
        node.wait_connected(10)
    with connection(address, "canteen-pi", old.password) as node:
        eventually(lambda: "refuses user" in node.health().text)


def test_a_node_writes_and_reads_its_own_topics_only(address: str, tmp_path: Path) -> None:
    made = enroll("canteen-pi", tmp_path, address)
    heard: list[str] = []
    overheard: list[str] = []
    with (
        server(address, tmp_path) as services,
        connection(address, made.user, made.password) as node,
    ):
        services.subscribe("campus/#", lambda message: heard.append(message.topic))
        node.subscribe("#", lambda message: overheard.append(message.topic))
        services.wait_connected(10)
        node.wait_connected(10)
        for topic in (
            wire.up_topic("teach-pi"),
            wire.ack_topic("canteen-pi"),
            wire.alert_topic("1"),
            wire.command_topic("acknowledge"),
        ):
            try_to_write(made, topic)
        allowed = [
            wire.up_topic("canteen-pi"),
            wire.status_topic("canteen-pi"),
            wire.state_topic("canteen-pi", "canteen/fridge-1/temperature"),
        ]
        for topic in allowed:
            node.publish(topic, b"{}")
        eventually(lambda: len(heard) >= len(allowed))
        assert heard == allowed

        services.publish(wire.ack_topic("teach-pi"), b"{}")
        services.publish(wire.alert_topic("1"), b"{}")
        services.publish(wire.node_command_topic("canteen-pi"), b"{}")
        services.publish(wire.ack_topic("canteen-pi"), b"{}")
        eventually(lambda: wire.ack_topic("canteen-pi") in overheard)
        assert overheard == [wire.node_command_topic("canteen-pi"), wire.ack_topic("canteen-pi")]


def test_foreign_devices_write_what_they_like_but_nothing_of_ours(
    address: str, tmp_path: Path
) -> None:
    made = enroll_devices("tasmota", tmp_path, address)
    assert made.user == "devices-tasmota"
    heard: list[str] = []
    with server(address, tmp_path) as services:
        services.subscribe("#", lambda message: heard.append(message.topic))
        services.wait_connected(10)
        for topic in (
            wire.up_topic("canteen-pi"), wire.node_command_topic("canteen-pi"),
            wire.command_topic("acknowledge"), wire.alert_topic("1"),
        ):  # fmt: skip
            try_to_write(made, topic)
        allowed = ["tele/plug/SENSOR", "zigbee2mqtt/0x1", "shellies/a/online", "homeassistant/x"]
        with connection(made.url, made.user, made.password) as device:
            device.wait_connected(10)
            for topic in allowed:
                device.publish(topic, b"{}")
            eventually(lambda: len(heard) >= len(allowed))
    assert heard == allowed


def test_a_reader_sees_states_and_alerts_and_commands_nothing(address: str, tmp_path: Path) -> None:
    made = enroll_reader("home-assistant", tmp_path, address)
    seen: list[str] = []
    written: list[str] = []
    with (
        server(address, tmp_path) as services,
        connection(made.url, made.user, made.password) as reader,
    ):
        services.subscribe("#", lambda message: written.append(message.topic))
        reader.subscribe("#", lambda message: seen.append(message.topic))
        services.wait_connected(10)
        reader.wait_connected(10)
        for topic in (wire.node_command_topic("canteen-pi"), wire.command_topic("acknowledge")):
            try_to_write(made, topic)
        reader.publish("homeassistant/status", b"online")
        eventually(lambda: "homeassistant/status" in written)
        assert written == ["homeassistant/status"]
        hidden = [wire.up_topic("gate-east-pi"), wire.node_command_topic("canteen-pi")]
        shown = [wire.state_topic("canteen-pi", "canteen/fridge-1/temperature"),
                 wire.status_topic("canteen-pi"), wire.alert_topic("1")]  # fmt: skip
        for topic in (*hidden, *shown):
            services.publish(topic, b"{}")
        eventually(lambda: wire.alert_topic("1") in seen)
    assert [topic for topic in seen if topic.startswith("campus/")] == shown


@pytest.mark.parametrize("node", ["server", "post-x", "devices-x", "reader-x"])
def test_a_node_cannot_take_the_name_of_somebody_else(tmp_path: Path, node: str) -> None:
    with pytest.raises(CampusError, match="rename the node"):
        enroll(node, tmp_path, "mqtt://127.0.0.1")


def test_a_guard_post_reads_alerts_sends_commands_and_hears_the_answer(
    address: str, tmp_path: Path
) -> None:
    made = enroll_post("gate-east", tmp_path, address)
    commands: list[Message] = []
    heard: list[str] = []
    with (
        server(address, tmp_path) as services,
        connection(address, made.user, made.password) as post,
    ):
        services.subscribe("campus/#", commands.append)
        post.subscribe("campus/#", lambda message: heard.append(message.topic))
        services.wait_connected(10)
        post.wait_connected(10)
        try_to_write(made, wire.alert_topic("1"))
        post.publish(wire.command_topic("acknowledge"), b"{}")
        eventually(lambda: commands)
        assert [message.topic for message in commands] == [wire.command_topic("acknowledge")]
        services.publish(wire.up_topic("canteen-pi"), b"{}")
        services.publish(wire.alert_topic("1"), b"{}")
        services.publish(wire.reply_topic(made.user), b"{}")
        eventually(lambda: len(heard) >= 2)
        assert heard == [wire.alert_topic("1"), wire.reply_topic(made.user)]


@pytest.mark.parametrize("name", ["+", "#", "a/b", "A", "", "a b", "a:b", "server", "post-x"])
def test_names_that_would_widen_rights_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CampusError):
        enroll(name, tmp_path, "mqtt://127.0.0.1:1883")


def test_passwords_are_nowhere_in_clear_but_in_the_services_own_file(tmp_path: Path) -> None:
    made = enroll("canteen-pi", tmp_path, "mqtt://127.0.0.1:1883")
    user, file = server_login(tmp_path)
    assert server_login(tmp_path) == (user, file)
    for path in (tmp_path / "broker").iterdir():
        assert made.password not in path.read_text()
        if path.name != "passwords.lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_node_is_told_an_address_it_can_reach(tmp_path: Path) -> None:
    assert enroll("a", tmp_path, "mqtt://10.1.2.3:1884").url == "mqtt://10.1.2.3:1884"
    assert enroll("a", tmp_path, "mqtts://school.lan").url == "mqtts://school.lan:8883"
    assert "0.0.0.0" not in enroll("a", tmp_path, "mqtt://0.0.0.0:1883").url
