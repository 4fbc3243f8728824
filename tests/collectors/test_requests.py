"""A question over MQTT finds its answer, or says plainly that nobody answered."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from collectors.memory import Exchange, MemoryTransport
from collectors.mqtt import MqttTransport
from collectors.requests import Requester, answer
from collectors.transport import Message, Transport
from devices import wire
from devices.errors import TransportError
from tests.support.brokers import running_broker

TOPIC = wire.command_topic("acknowledge")


def member(exchange: Exchange, name: str) -> MemoryTransport:
    transport = MemoryTransport(exchange, name)
    transport.start()
    return transport


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def requester(exchange: Exchange) -> Requester:
    return Requester(member(exchange, "web"), "web")


def echo(transport: Transport) -> None:
    transport.subscribe(TOPIC, lambda m: answer(transport, m, b"done " + m.payload) and None)


def test_each_of_many_askers_gets_its_own_answer(exchange: Exchange, requester: Requester) -> None:
    echo(member(exchange, "engine"))
    other = Requester(member(exchange, "post"), "post")
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit((requester, other)[number % 2].ask, TOPIC, str(number).encode(), 10)
            for number in range(200)
        ]
    assert [a.result() for a in asked] == [f"done {number}".encode() for number in range(200)]


def test_silence_is_an_error_that_names_the_topic(requester: Requester) -> None:
    with pytest.raises(TransportError, match=r"nobody answered on campus/v1/command/acknowledge"):
        requester.ask(TOPIC, b"?", timeout=0.05)


def test_no_connection_is_an_error_at_once(exchange: Exchange) -> None:
    requester = Requester(MemoryTransport(exchange, "web"), "web")
    with pytest.raises(TransportError, match="not connected"):
        requester.ask(TOPIC, b"?", timeout=60)


def test_a_late_or_foreign_answer_is_passed_over(exchange: Exchange, requester: Requester) -> None:
    exchange.send(Message(wire.reply_topic("web"), b"x", correlation=b"unknown"))
    echo(member(exchange, "engine"))
    assert requester.ask(TOPIC, b"1") == b"done 1"


def test_a_question_that_wants_no_answer_gets_none(exchange: Exchange) -> None:
    assert not answer(member(exchange, "engine"), Message(TOPIC, b"x"), b"y")


@pytest.mark.parametrize(
    "topic",
    ["campus/v1/node/gate-east-pi/command", "campus/v1/alert/1", "homeassistant/x", "$SYS/x",
     "a/+", "#"],
)  # fmt: skip
def test_a_question_cannot_make_the_engine_write_elsewhere(exchange: Exchange, topic: str) -> None:
    heard: list[Message] = []
    member(exchange, "ear").subscribe("#", heard.append)
    asked = Message(TOPIC, b"x", response_topic=topic, correlation=b"1")
    assert not answer(member(exchange, "engine"), asked, b"y")
    assert heard == []


@pytest.fixture(params=[False, True], ids=["mosquitto", "embedded"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with running_broker(tmp_path, embedded=request.param) as port:
        yield port


def test_over_a_real_broker_too(port: int) -> None:
    address = f"mqtt://127.0.0.1:{port}"
    ready = threading.Event()
    with (
        closing(MqttTransport(address, "engine")) as engine,
        closing(MqttTransport(address, "web")) as web,
    ):
        echo(engine)
        engine.on_connect(ready.set)
        requester = Requester(web, "web")
        engine.start()
        web.start()
        assert ready.wait(10)
        web.wait_connected(10)
        for number in range(20):
            assert requester.ask(TOPIC, str(number).encode()) == f"done {number}".encode()
