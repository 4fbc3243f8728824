"""A service tells that it lives, what of it fails, and that it is gone."""

import os
import threading
from collections.abc import Iterator

import pytest

from collectors.memory import Exchange, MemoryTransport
from collectors.presence import Presence, presence_will
from devices import wire
from devices.errors import WireError
from devices.model import NodeState
from devices.service import Health
from tests.support.clock import FakeClock
from tests.support.waiting import eventually


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def heard(exchange: Exchange) -> list[wire.ServicePresence]:
    said: list[wire.ServicePresence] = []
    ear = MemoryTransport(exchange, "ear")
    ear.subscribe(wire.SERVICE_FILTER, lambda m: said.append(wire.decode_presence(m.payload)))
    ear.start()
    return said


class Ingest:
    """A service with one part."""

    def __init__(self, exchange: Exchange, clock: FakeClock) -> None:
        self.part = Health(True)
        self.broken = False
        self.raised = threading.Event()
        self.cable = MemoryTransport(exchange, "ingest", will=presence_will("ingest", clock))
        self.presence = Presence("ingest", self.cable, clock, self.parts, lambda: {"stored": 7})

    def parts(self) -> dict[str, Health]:
        if self.broken:
            self.raised.set()
            raise RuntimeError("this part is broken on purpose")
        return {"store": self.part}


@pytest.fixture
def ingest(exchange: Exchange, clock: FakeClock) -> Iterator[Ingest]:
    ingest = Ingest(exchange, clock)
    ingest.cable.start()
    ingest.presence.start()
    yield ingest
    ingest.presence.close()


def test_it_says_at_once_that_it_works(
    ingest: Ingest, heard: list[wire.ServicePresence], clock: FakeClock
) -> None:
    eventually(lambda: heard)
    assert heard[-1] == wire.ServicePresence(
        NodeState.ONLINE, clock.now(), os.getpid(), {"store": Health(True)}, {"stored": 7.0}
    )
    assert ingest.presence.health().ok


def test_it_says_so_every_five_seconds(
    ingest: Ingest, heard: list[wire.ServicePresence], clock: FakeClock
) -> None:
    eventually(lambda: heard)
    count = len(heard)
    clock.move(5)
    eventually(lambda: len(heard) == count + 1)


def test_a_part_that_fails_is_told_without_waiting(
    ingest: Ingest, heard: list[wire.ServicePresence]
) -> None:
    eventually(lambda: heard)
    ingest.part = Health(False, "the disk is full")
    eventually(lambda: not heard[-1].parts["store"].ok)
    assert heard[-1].parts["store"].text == "the disk is full"


def test_a_part_that_cannot_be_asked_does_not_silence_it_for_ever(
    ingest: Ingest, heard: list[wire.ServicePresence]
) -> None:
    eventually(lambda: heard)
    ingest.broken = True
    assert ingest.raised.wait(10)
    ingest.part = Health(False, "later")
    ingest.broken = False
    eventually(lambda: heard[-1].parts["store"].text == "later")


def test_the_last_word_is_offline_said_or_by_the_last_will(
    ingest: Ingest, heard: list[wire.ServicePresence]
) -> None:
    eventually(lambda: heard)
    ingest.cable.cut()
    assert heard[-1].state is NodeState.OFFLINE
    ingest.cable.restore()
    eventually(lambda: heard[-1].state is NodeState.ONLINE)
    ingest.presence.close()
    assert heard[-1].state is NodeState.OFFLINE
    assert not ingest.presence.health().ok


def test_close_may_be_called_twice_and_leaves_no_thread(
    exchange: Exchange, clock: FakeClock
) -> None:
    before = threading.active_count()
    service = Ingest(exchange, clock)
    service.presence.start()
    service.presence.close()
    service.presence.close()
    assert threading.active_count() == before


def test_a_presence_tells_programs_without_parts_too(clock: FakeClock) -> None:
    bad = wire.ServicePresence(NodeState.ONLINE, clock.now(), 1, {"store": Health(False, "full")})
    said = wire.decode_object(wire.encode_presence(bad))
    assert (said["ok"], said["text"]) == (False, "store: full")


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b'{"state": "online"}', b'{"state": "x", "at": 1}', b'{"state":"online","at":1}'],
)
def test_rubbish_is_no_presence(payload: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_presence(payload)


def test_odd_parts_and_counters_are_passed_over() -> None:
    payload = (
        b'{"state": "online", "at": 1763901000123, "pid": "x", "parts": {"a": 1, "b": {"ok": 1}},'
        b' "counters": {"a": true, "b": 2, "c": "x"}}'
    )
    found = wire.decode_presence(payload)
    assert found.pid == 0
    assert found.parts == {"b": Health(False, "")}
    assert found.counters == {"b": 2.0}
