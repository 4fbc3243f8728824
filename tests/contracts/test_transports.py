"""What every Transport promises, over each that we have: in memory, mosquitto, embedded broker."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.memory import Exchange, MemoryTransport
from collectors.mqtt import MqttTransport
from collectors.transport import LastWill, Message, Transport, matches
from devices.errors import TransportError
from tests.support.brokers import running_broker
from tests.support.waiting import eventually

Connect = Callable[..., Transport]


@pytest.fixture(params=["memory", "mosquitto", "embedded"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Makes started and connected clients; all are closed in the end."""
    made: list[Transport] = []

    def started(transport: Transport, start: bool) -> Transport:
        made.append(transport)
        if start:
            transport.start()
            transport.wait_connected(10)
        return transport

    if request.param == "memory":
        exchange = Exchange()

        def in_memory(
            client_id: str, will: LastWill | None = None, start: bool = True
        ) -> Transport:
            return started(MemoryTransport(exchange, client_id, will=will), start)

        yield in_memory
        return

    with running_broker(tmp_path, embedded=request.param == "embedded") as port:

        def over_mqtt(
            client_id: str, will: LastWill | None = None, start: bool = True
        ) -> Transport:
            address = f"mqtt://127.0.0.1:{port}"
            return started(MqttTransport(address, client_id, will=will), start)

        yield over_mqtt
        for transport in made:
            transport.close()


def heard_by(transport: Transport, filter: str) -> list[Message]:
    """Subscribes, waits until the subscription works, and fills the list from then on."""
    heard: list[Message] = []
    probe = threading.Event()
    transport.subscribe("probe", lambda message: probe.set())
    transport.subscribe(filter, heard.append)

    def works() -> bool:
        transport.publish("probe", b"?")
        return probe.wait(0.1)

    eventually(works, what="the subscription")
    return heard


def topics(messages: list[Message]) -> list[str]:
    return [message.topic for message in messages]


def test_a_message_arrives_as_it_was_sent(connect: Connect) -> None:
    heard = heard_by(connect("ear"), "a/b")
    connect("mouth").publish("a/b", b"\x00\xff word")
    eventually(lambda: heard)
    assert heard == [Message("a/b", b"\x00\xff word")]


def test_messages_of_one_sender_keep_their_order(connect: Connect) -> None:
    heard = heard_by(connect("ear"), "n")
    mouth = connect("mouth")
    for number in range(200):
        mouth.publish("n", str(number).encode())
    eventually(lambda: len(heard) == 200)
    assert [int(message.payload) for message in heard] == list(range(200))


def test_filters_bring_what_they_name_and_nothing_else(connect: Connect) -> None:
    ear, mouth = connect("ear"), connect("mouth")
    one, all = heard_by(ear, "node/+/up"), heard_by(ear, "alert/#")
    for topic in ("node/a/up", "node/a/b/up", "node/a/down", "alert/1", "alert/1/x", "other"):
        mouth.publish(topic, b"x")
    eventually(lambda: "alert/1/x" in topics(all))
    assert topics(one) == ["node/a/up"]
    assert topics(all) == ["alert/1", "alert/1/x"]


def test_a_retained_message_waits_for_those_who_come_later(connect: Connect) -> None:
    mouth = connect("mouth")
    mouth.publish("status/a", b"old", retain=True)
    mouth.publish("status/a", b"new", retain=True)
    mouth.flush(5)
    heard = heard_by(connect("ear"), "status/+")
    eventually(lambda: heard)
    assert [message.payload for message in heard] == [b"new"]


def test_an_empty_retained_message_clears_the_topic(connect: Connect) -> None:
    mouth = connect("mouth")
    mouth.publish("alert/1", b"gate open", retain=True)
    mouth.publish("alert/1", b"", retain=True)
    mouth.publish("alert/2", b"fridge warm", retain=True)
    mouth.flush(5)
    heard = heard_by(connect("ear"), "alert/+")
    eventually(lambda: heard)
    assert [m.payload for m in heard if m.payload] == [b"fridge warm"]


def test_a_question_carries_where_its_answer_goes(connect: Connect) -> None:
    heard = heard_by(connect("ear"), "ask")
    connect("mouth").publish("ask", b"?", response_topic="reply/mouth", correlation=b"\x01\x02")
    eventually(lambda: heard)
    assert (heard[0].response_topic, heard[0].correlation) == ("reply/mouth", b"\x01\x02")


def test_a_handler_that_raises_stops_neither_the_stream_nor_the_other_handlers(
    connect: Connect,
) -> None:
    ear, mouth = connect("ear"), connect("mouth")

    def broken(message: Message) -> None:
        raise RuntimeError("this handler is broken on purpose")

    ear.subscribe("x", broken)
    heard = heard_by(ear, "x")
    for number in range(3):
        mouth.publish("x", str(number).encode())
    eventually(lambda: len(heard) == 3)
    assert ear.connected


def test_what_is_published_without_a_connection_stays_with_the_caller(connect: Connect) -> None:
    mouth = connect("mouth")
    mouth.close()
    with pytest.raises(TransportError):
        mouth.publish("a", b"x")
    assert not mouth.connected
    assert not mouth.health().ok


def test_a_clean_farewell_leaves_no_last_will(connect: Connect) -> None:
    heard = heard_by(connect("ear"), "will/+")
    connect("mouth", LastWill("will/mouth", b"offline")).close()
    other = connect("other")
    other.publish("will/other", b"alive")
    eventually(lambda: heard)
    assert topics(heard) == ["will/other"]


def test_whoever_asks_is_called_once_the_subscriptions_work(connect: Connect) -> None:
    mouth = connect("mouth")
    mouth.publish("status/a", b"online", retain=True)
    mouth.flush(5)
    transport = connect("ear", start=False)
    heard: list[Message] = []
    called = threading.Event()
    transport.subscribe("status/+", heard.append)
    transport.on_connect(called.set)
    assert not transport.connected
    transport.start()
    assert called.wait(10)
    assert transport.connected
    assert transport.health().ok
    eventually(lambda: heard)


def test_close_may_be_called_twice(connect: Connect) -> None:
    transport = connect("one")
    transport.close()
    transport.close()


@pytest.mark.parametrize(
    ("filter", "topic", "brings"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("$share/ingest/a/+", "a/b", True),
        ("$share/ingest/a/+", "b/b", False),
        ("a/b", "a/B", False),
    ],
)
def test_filters_match_as_mqtt_says(filter: str, topic: str, brings: bool) -> None:
    assert matches(filter, topic) is brings
