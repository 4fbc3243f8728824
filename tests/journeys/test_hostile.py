"""A thousand hostile payloads through broker, ingester and store: the next good batch is stored."""

import json
import random
import resource
from contextlib import ExitStack, closing
from pathlib import Path

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.mqtt import MqttTransport
from collectors.store import EventQuery
from collectors.store.sqlite import SqliteStore
from devices import wire
from devices.catalog import Site
from devices.model import PointId, from_ms
from devices.service import Clock
from tests.support.mosquitto import bare_mosquitto
from tests.support.waiting import eventually

FRIDGE = PointId("canteen/fridge-1/temperature")
AT = 1_790_000_000_000
PAYLOADS = 1000
BATCH = {"v": 1, "boot": "b", "seq": 1, "clock": "synced", "readings": [[FRIDGE, AT, 4.2]]}
GOOD = json.dumps(BATCH).encode()
STRANGE = [
    b"", b"null", b"[]", b"0", b'"text"', b"{", b"[" * 20_000, b'{"a":' * 5000, b"\xff\xfe\x00",
    GOOD.replace(b"4.2", b"NaN"), GOOD.replace(b"4.2", b"1e999"),
    GOOD.replace(b"4.2", b"-Infinity"),
    GOOD.replace(b"4.2", b"9" * 4000), GOOD.replace(b"4.2", b"true"), GOOD.replace(b"4.2", b"[[]]"),
    GOOD.replace(str(AT).encode(), b"-1"), GOOD.replace(str(AT).encode(), b"1e18"),
    GOOD.replace(b'"seq": 1', b'"seq": -1'), GOOD.replace(b'"seq": 1', b'"seq": 1e3'),
    GOOD.replace(b'"b"', b'"\\u0000"'), GOOD.replace(b'"b"', b"{}"),
    GOOD.replace(b"fridge-1", b"fridge-1,evil=1 value=1 1\\n"),
    GOOD.replace(b"4.2", b'"4.2\\nevil,x=1 value=1 1"'), GOOD.replace(b'"v": 1', b'"v": 2'),
    GOOD.replace(b"4.2]", b'4.2, {"value": 1, "a b": 2}]'),
    GOOD.replace(b"4.2]", b'4.2, {"k": "' + b"x" * 5000 + b'"}]'),
    GOOD.replace(b"4.2]", b"4.2, null, null]"), b"x" * (wire.MAX_PAYLOAD + 1),
]  # fmt: skip


def hostile(number: int, chance: random.Random) -> bytes:
    """A strange payload, or a good one that was damaged."""
    if number < len(STRANGE):
        return STRANGE[number]
    payload = bytearray(GOOD)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(payload))
        match chance.randrange(4):
            case 0:
                payload[at] = chance.randrange(256)
            case 1:
                del payload[at : at + chance.randint(1, 9)]
            case 2:
                payload[at:at] = chance.choice((b"{", b"]", b'"', b"\\", b",", b"null", b"1e400"))
            case 3:
                payload[at:at] = payload[: chance.randint(1, 40)]
        payload = payload or bytearray(b" ")
    return bytes(payload)


def test_a_thousand_hostile_payloads_leave_the_next_batch_stored_and_each_a_reason(
    site: Site, tmp_path: Path
) -> None:
    chance, acknowledged = random.Random(5), set()
    payloads = [hostile(number, chance) for number in range(PAYLOADS)]
    refused = sum(
        len(wire.decode_batch(wire.up_topic("canteen-pi"), payload, site.kinds).refusals)
        for payload in payloads
    )
    assert refused > PAYLOADS * 0.8
    with ExitStack() as opened:
        port = opened.enter_context(bare_mosquitto(tmp_path))
        store = opened.enter_context(closing(SqliteStore(tmp_path / "telemetry.db", site)))
        ledger = opened.enter_context(closing(Ledger(tmp_path / "ingest.db", site.timezone)))
        server, node = (MqttTransport(f"mqtt://127.0.0.1:{port}", name) for name in "ab")
        ingester = Ingester(site, store, server, ledger, Clock())
        for part in (ingester, server, node):  # connected, it has subscribed
            opened.enter_context(closing(part))
            part.start()
        server.wait_connected(10)
        node.subscribe(
            wire.ack_topic("canteen-pi"),
            lambda message: acknowledged.update(wire.decode_ack(message.payload).seqs),
        )
        node.wait_connected(10)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for payload in payloads:
            node.publish(wire.up_topic("canteen-pi"), payload)
            node.flush(10)
        good = {**BATCH, "boot": "good", "seq": 77, "readings": [[FRIDGE, AT + 99, 5.5]]}
        node.publish(wire.up_topic("canteen-pi"), json.dumps(good).encode())
        eventually(lambda: 77 in acknowledged, what="the good batch is acknowledged")
        found = store.events(EventQuery([FRIDGE], from_ms(AT + 99), from_ms(AT + 100)))
        assert [reading.value for reading in found] == [5.5]
        assert ingester.counters()["refused"] == refused
        letters = ledger.dead_letters(PAYLOADS)
        assert len(letters) == min(refused, PAYLOADS)
        assert all(letter.reason and len(letter.raw) <= 4096 for letter in letters)
        assert ingester.health().ok
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 64 * 1024, f"{grown} KiB more"
