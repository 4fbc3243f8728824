"""The contract's topics and JSON, in and out, and every kind of garbage."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices import wire
from devices.errors import WireError
from devices.model import (
    ClockState,
    NodeFault,
    NodeId,
    NodeState,
    NodeStatus,
    Origin,
    PointId,
    Quality,
    Reading,
    from_ms,
    to_ms,
)
from tests.support.sites import Site

UP = "campus/v1/node/canteen-pi/up"
FRIDGE = "canteen/fridge-1/temperature"
EXAMPLE = b"""
{"v": 1, "boot": "k3f9q2", "seq": 1042, "clock": "synced",
 "readings": [["canteen/fridge-1/temperature", 1763901000123, 4.2],
              ["gate-east/access", 1763901000456, "denied", {"card": "h:5d0c", "direction": "in"}]]}
"""


def batch(*readings: Any, **changed: Any) -> bytes:
    whole = {"v": 1, "boot": "k3f9q2", "seq": 1, "clock": "synced", "readings": list(readings)}
    return json.dumps({**whole, **changed}).encode()


def reasons(site: Site, payload: bytes) -> list[str]:
    return [refusal.reason for refusal in wire.decode_batch(UP, payload, site.kinds).refusals]


def test_the_example_batch_of_the_contract_is_understood(site: Site) -> None:
    decoded = wire.decode_batch(UP, EXAMPLE, site.kinds)
    assert decoded.origin == Origin(NodeId("canteen-pi"), "k3f9q2", 1042)
    assert decoded.refusals == []
    fridge, card = decoded.readings
    assert fridge.value == 4.2
    assert to_ms(fridge.at) == 1763901000123
    assert card.detail == {"card": "h:5d0c", "direction": "in"}


def test_a_batch_comes_out_as_it_went_in(site: Site) -> None:
    origin = Origin(NodeId("canteen-pi"), "b1", 7)
    readings = [
        Reading(PointId(FRIDGE), from_ms(1763901000123), -3.0, origin),
        Reading(
            PointId("gate-east/access"), from_ms(1763901000456), "denied", origin,
            detail={"card": "h:1", "direction": "in"},
        ),
    ]  # fmt: skip
    payload = wire.encode_batch(wire.Batch(origin, ClockState.SYNCED, readings))
    assert wire.decode_batch(UP, payload, site.kinds).readings == readings


def test_readings_of_an_unset_clock_are_marked(site: Site) -> None:
    payload = batch([FRIDGE, 1763901000123, 4], clock="unsynced")
    assert wire.decode_batch(UP, payload, site.kinds).readings[0].quality is Quality.CLOCK


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        (["no/such-point", 1763901000123, 1.0], "unknown point 'no/such-point'"),
        ([FRIDGE, 1763901000123, "warm"], "is not a number"),
        ([FRIDGE, 1763901000123, True], "is not a number"),
        ([FRIDGE, 1763901000123, None], "is not a number"),
        ([FRIDGE, 1763901000123, [4.2]], "is not a number"),
        (["gate-east/access", 1763901000123, 7], "is not a text"),
        (["gate-east/gate", 1763901000123, "ajar"], "is not one of open, closed"),
        (["gate-east/access", 1763901000123, "x" * 2000], "is not a text"),
        ([FRIDGE, 1763901000.5, 4.2], "is not in ms since 1970"),
        ([FRIDGE, 17, 4.2], "is not in ms since 1970"),
        ([FRIDGE, True, 4.2], "is not in ms since 1970"),
        ([FRIDGE, 10**30, 4.2], "is not in ms since 1970"),
        ([FRIDGE], "a reading is [point, at, value]"),
        ("fridge", "a reading is [point, at, value]"),
        ([{"a": 1}, 1763901000123, 4.2], "unknown point"),
        ([FRIDGE, 1763901000123, 4.2, {"value": 1}], "a key 'value' that cannot be stored"),
        ([FRIDGE, 1763901000123, 4.2, {"a b": 1}], "a key 'a b' that cannot be stored"),
        ([FRIDGE, 1763901000123, 4.2, {"a": [1]}], "detail a of"),
        ([FRIDGE, 1763901000123, 4.2, "detail"], "is not an object"),
    ],
)
def test_a_bad_reading_is_refused_with_its_reason_and_the_good_one_kept(
    site: Site, reading: Any, reason: str
) -> None:
    payload = batch(reading, [FRIDGE, 1763901000999, 4.5])
    decoded = wire.decode_batch(UP, payload, site.kinds)
    assert [r.value for r in decoded.readings] == [4.5]
    assert len(decoded.refusals) == 1
    assert reason in decoded.refusals[0].reason
    assert decoded.origin is not None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"{", "not JSON"),
        (b'{"v":1,"boot":"a","seq":1,"readings":[["' + FRIDGE.encode() + b'",1,NaN]]}', "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"x" * (wire.MAX_PAYLOAD + 1), "over the limit"),
        (b'{"v":1,"seq":1,"readings":[]}', "`boot` is not"),
        (b'{"v":1,"boot":"a","seq":"1","readings":[]}', "`seq` is not"),
        (b'{"v":1,"boot":"a","seq":-1,"readings":[]}', "`seq` is not"),
        (b'{"v":2,"boot":"a","seq":1,"readings":[]}', "version 2 is not known"),
        (b'{"v":1,"boot":"a","seq":1,"readings":{}}', "`readings` is not a list"),
    ],
)
def test_a_payload_that_is_no_batch_is_one_refusal(site: Site, payload: bytes, reason: str) -> None:
    found = reasons(site, payload)
    assert len(found) == 1
    assert reason in found[0]


DEEP = b"[" * 1000 + b"]" * 1000


@pytest.mark.parametrize(
    "row",
    [DEEP, b"[%s, 1, 2]" % DEEP, b'["gate-east/gate", %s, "open"]' % DEEP,
     b'["gate-east/gate", 1795478400000, %s]' % DEEP,
     b'["gate-east/gate", 1795478400000, "open", {"a": %s}]' % DEEP],
)  # fmt: skip
def test_a_part_nested_deeper_than_can_be_written_again_is_refused(site: Site, row: bytes) -> None:
    good = b'["gate-east/gate", 1795478400000, "open"]'
    payload = b'{"v": 1, "boot": "b", "seq": 1, "readings": [%s, %s]}' % (row, good)
    decoded = wire.decode_batch(wire.up_topic("gate-east-pi"), payload, site.kinds)
    assert len(decoded.refusals) == len(decoded.readings) == 1
    whole = b'{"v": %s, "boot": "b", "seq": 1, "readings": []}' % DEEP
    assert len(wire.decode_batch(wire.up_topic("n"), whole, site.kinds).refusals) == 1


def test_a_refusal_keeps_at_most_four_kilobytes(site: Site) -> None:
    decoded = wire.decode_batch(UP, b"x" * 10_000_000, site.kinds)
    assert len(decoded.refusals[0].raw) == 4096


def test_a_status_comes_out_as_it_went_in() -> None:
    status = NodeStatus(
        NodeState.ONLINE, "b1", datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "0.1.0", 12,
        ClockState.SYNCED, "0x0", 48.2, 0.61, (NodeFault(FRIDGE, "absent", "no sensor"),),
    )  # fmt: skip
    assert wire.decode_status(wire.encode_status(status)) == status


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"state":"dead","at":1763901000123}', b'{"state":"online"}', b"online"]
)
def test_a_broken_status_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_status(payload)


def test_a_command_comes_out_as_it_went_in() -> None:
    command = wire.Command("shelve", "c1", "a1", "李师傅", "维修中", from_ms(1763901000123))
    topic = wire.command_topic("shelve")
    assert wire.decode_command(topic, wire.encode_command(command)) == command


def test_acknowledgements_are_sorted() -> None:
    ack = wire.decode_ack(wire.encode_ack("b1", [3, 1, 2]))
    assert (ack.boot, ack.seqs, ack.at) == ("b1", [1, 2, 3], None)


def test_an_acknowledgement_tells_the_servers_time_only_where_something_sets_its_clock() -> None:
    now = from_ms(1763901000123)
    sure = wire.decode_ack(wire.encode_ack("b1", [], now, ClockState.SYNCED))
    unsure = wire.decode_ack(wire.encode_ack("b1", [], now, ClockState.UNSYNCED))
    silent = wire.decode_ack(b'{"boot": "b1", "seq": []}')
    assert (sure.at, sure.told) == (now, True)
    assert (unsure.at, unsure.told) == (None, True)
    assert (silent.at, silent.told) == (None, False)
    with pytest.raises(WireError):
        wire.decode_ack(b'{"boot": 1, "seq": []}')


def test_a_mended_batch_says_under_which_times_it_was_sent_before(site: Site) -> None:
    payload = (
        b'{"v":1,"boot":"b","seq":1,"clock":"synced","was":[[1763901000000,1],["x"]],"readings":'
        b'[["canteen/fridge-1/temperature",1763904600000,4.5],["canteen/fridge-1/door",'
        b'1763904600001,"open"]]}'
    )
    decoded = wire.decode_batch(UP, payload, site.kinds)
    assert len(decoded.readings) == 2
    assert decoded.moved == [("canteen/fridge-1/temperature", 1763901000000)]


def test_the_node_is_read_from_the_topic_alone() -> None:
    assert wire.node_of(wire.up_topic("gate-east-pi")) == "gate-east-pi"
    with pytest.raises(WireError):
        wire.node_of("campus/v1/alert/1")
