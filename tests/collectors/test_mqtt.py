"""The MQTT connection when the broker is late, gone, unfriendly or overwhelmed."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collectors.broker import Broker
from collectors.enroll import password_hash
from collectors.mqtt import MAX_PAYLOAD, WINDOW, MqttTransport, connect_to
from collectors.transport import LastWill, Message
from devices.errors import ConfigError, TransportError
from tests.support.brokers import running_broker
from tests.support.mosquitto import bare_mosquitto
from tests.support.ports import free_port
from tests.support.relay import Relay
from tests.support.sites import small_site
from tests.support.waiting import eventually

TEN_MB = 10 * 1000 * 1000


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def one(port: int) -> Iterator[MqttTransport]:
    """A client that starts before there is a broker."""
    with closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "one")) as transport:
        yield transport


def started(transport: MqttTransport) -> "closing[MqttTransport]":
    transport.start()
    return closing(transport)


def connecting(port: int, **settings: Any) -> "closing[MqttTransport]":
    """A client that starts now."""
    return started(MqttTransport(f"mqtt://127.0.0.1:{port}", "x", **settings))


def test_a_late_broker_is_waited_for(one: MqttTransport, port: int, tmp_path: Path) -> None:
    one.start()
    eventually(lambda: "cannot be reached" in one.health().text)
    with pytest.raises(TransportError, match="cannot be reached"):
        one.publish("a", b"x")
    with running_broker(tmp_path, port=port):
        one.wait_connected(15)
        one.publish("a", b"x")
        one.flush(5)


@pytest.mark.parametrize("embedded", [False, True], ids=["mosquitto", "embedded"])
def test_a_broker_restart_is_survived_with_all_subscriptions(
    one: MqttTransport, port: int, tmp_path: Path, embedded: bool
) -> None:
    heard: list[Message] = []
    connections: list[int] = []
    one.subscribe("a/+", heard.append)
    one.on_connect(lambda: connections.append(1))
    with running_broker(tmp_path, port=port, embedded=embedded):
        one.start()
        one.wait_connected(10)
    eventually(lambda: not one.connected)
    assert not one.health().ok
    with running_broker(tmp_path, port=port, embedded=embedded):
        one.wait_connected(20)
        one.publish("a/b", b"again")
        eventually(lambda: heard)
    assert len(connections) == 2


def test_a_lost_connection_is_told_by_the_last_will_and_comes_back(
    one: MqttTransport, port: int, tmp_path: Path
) -> None:
    heard: list[Message] = []
    one.subscribe("will", heard.append)
    with running_broker(tmp_path, port=port), Relay(port) as cable:
        one.start()
        one.wait_connected(10)
        will = LastWill("will", b"gone")
        with closing(MqttTransport(f"mqtt://127.0.0.1:{cable.port}", "x", will=will)) as frail:
            frail.start()
            frail.wait_connected(10)
            cable.cut()
            eventually(lambda: [message.payload for message in heard] == [b"gone"])
            frail.wait_connected(15)
        one.close()


def test_a_refused_log_in_is_shown_with_its_remedy(tmp_path: Path) -> None:
    with (
        bare_mosquitto(tmp_path, "allow_anonymous false\n") as port,
        connecting(port, username="guest") as client,
    ):
        eventually(lambda: "refuses user 'guest'" in client.health().text)
        assert "CAMPUS_MQTT_PASSWORD_FILE" in client.health().text
        assert not client.health().ok


def test_no_more_than_a_window_is_on_its_way(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as deaf, connecting(port) as client:
        peer, _ = deaf.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(bytes.fromhex("2003000000"))  # CONNACK, and never a word again
            client.wait_connected(10)
            for _ in range(WINDOW):
                client.publish("a", b"x")
            with pytest.raises(TransportError, match=f"{WINDOW} messages wait"):
                client.publish("a", b"x")
            with pytest.raises(TransportError, match="has not taken all"):
                client.flush(0.05)


def test_rubbish_from_the_broker_does_not_end_the_network_thread(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as rude, connecting(port) as client:
        peer, _ = rude.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(bytes.fromhex("2003000000") + bytes.fromhex("3003ffff00") + b"\xff" * 50)
            rude.settimeout(20)
            again, _ = rude.accept()
            with again:
                again.recv(4096)
                again.sendall(bytes.fromhex("2003000000"))
                client.wait_connected(10)


@pytest.mark.parametrize("embedded", [False, True], ids=["mosquitto", "embedded"])
def test_ten_megabytes_pass_and_take_nothing_down(
    one: MqttTransport, port: int, tmp_path: Path, embedded: bool
) -> None:
    heard: list[Message] = []
    one.subscribe("big", heard.append)
    with running_broker(tmp_path, port=port, embedded=embedded):
        one.start()
        one.wait_connected(10)
        one.publish("big", b"x" * TEN_MB)
        one.publish("big", b"after")
        eventually(lambda: len(heard) == 2, within=20)
        assert [len(message.payload) for message in heard] == [TEN_MB, 5]
        with pytest.raises(TransportError, match="are over"):
            one.publish("big", b"x" * (MAX_PAYLOAD + 1))
        assert one.connected
        one.close()


def test_user_and_password_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "users").write_text(f"probe:{password_hash('open sesame')}\n")
    (tmp_path / "secret").write_text("open sesame\n")
    rules = f"allow_anonymous false\npassword_file {tmp_path / 'users'}\n"
    monkeypatch.setenv("CAMPUS_MQTT_USER", "probe")
    monkeypatch.setenv("CAMPUS_MQTT_PASSWORD_FILE", str(tmp_path / "secret"))
    with (
        bare_mosquitto(tmp_path, rules) as port,
        started(connect_to(small_site(tmp_path, mqtt=port), "web")) as client,
    ):
        client.wait_connected(10)


def test_a_password_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPUS_MQTT_PASSWORD_FILE", str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="missing: cannot be read"):
        connect_to(small_site(tmp_path), "web")


def test_a_certificate_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    site = small_site(tmp_path, extra='services.mqtt_ca_file = "ca.pem"')
    with pytest.raises(ConfigError, match=r"services.mqtt_ca_file: .*ca.pem is no file"):
        connect_to(site, "web")


def test_a_message_with_the_broker_gone_is_kept_by_the_caller(
    one: MqttTransport, port: int, tmp_path: Path
) -> None:
    broker = Broker(f"127.0.0.1:{port}", tmp_path)
    broker.start()
    one.start()
    one.wait_connected(10)
    broker.close()
    eventually(lambda: not one.connected)
    with pytest.raises(TransportError):
        one.publish("a", b"x")
