"""From any MQTT client to the store, the API and the page; garbage on the way harms nothing."""

import json
import time
from typing import Any

import pytest

from tests.support.browser import Page
from tests.support.demo import Running
from tests.support.mqtt_tools import listening, publish
from tests.support.waiting import eventually

FRIDGE = "canteen/fridge-1/temperature"
GATE = "gate-east/access"
NODE = "canteen-pi"
UP = f"campus/v1/node/{NODE}/up"
ACK = f"campus/v1/node/{NODE}/ack"


def now_ms() -> int:
    return int(time.time() * 1000)


def send(school: Running, boot: str, seq: int, *readings: Any) -> None:
    batch = {"v": 1, "boot": boot, "seq": seq, "clock": "synced", "readings": readings}
    publish(school.mqtt_port, UP, json.dumps(batch).encode())


def events(school: Running, token: str, point: str, at: int) -> list[Any]:
    answer = school.get(f"/api/v1/events?point={point}&from={at}&to={at + 1}", token)
    found: list[Any] = answer["events"]
    return found


def test_a_batch_from_any_client_is_stored_answered_and_shown_within_two_seconds(
    school: Running, token: str, page: Page
) -> None:
    page.log_in(school.http, "viewer", school.password)
    page.open(f"/points/{FRIDGE}")
    with listening(school.mqtt_port, ACK) as acks:
        at = now_ms()
        detail = {"card": "h:5d0c", "direction": "in"}
        send(school, "by-hand", 1042, [FRIDGE, at, 3.21], [GATE, at, "denied", detail])
        stored = eventually(lambda: events(school, token, FRIDGE, at), within=2)
        eventually(lambda: any('"by-hand"' in line for line in acks), within=2)
        eventually(lambda: "3.2" in page.text(), within=2)
    page.open("/")
    row = page.find(f'[data-point="{FRIDGE}"]')
    assert "3.2" in row.inner_text()
    assert "前" in row.inner_text() or "刚刚" in row.inner_text()
    assert stored[0]["value"] == 3.21
    access = events(school, token, GATE, at)
    assert access[0]["value"] == "denied"
    assert access[0]["detail"] == detail
    ack = json.loads(next(line for line in acks if "by-hand" in line).split(" ", 1)[1])
    assert {"boot": "by-hand", "seq": [1042]}.items() <= ack.items()


@pytest.mark.parametrize(
    "garbage",
    [
        b"", b"not json", b"\xff\xfe\x00\x01", b"[" * 100_000, b'{"v":1}', b"x" * 10_000_000,
        b'{"v":1,"boot":"g","seq":1,"readings":[["canteen/fridge-1/temperature",NaN,1]]}',
    ],
    ids=["empty", "text", "bytes", "deep", "half", "10 MB", "NaN"],
)  # fmt: skip
def test_garbage_is_refused_with_a_reason_and_the_next_batch_is_stored(
    school: Running, token: str, garbage: bytes
) -> None:
    before = refused(school, token)
    publish(school.mqtt_port, UP, garbage)
    at = now_ms()
    send(school, f"after-{at}", 1, [FRIDGE, at, 3.5])
    eventually(lambda: events(school, token, FRIDGE, at))
    if garbage:
        eventually(lambda: refused(school, token) > before, what="the refusal is counted")
    assert all(s["restarts"] == 0 for s in school.services().values())


def refused(school: Running, token: str) -> float:
    letters = school.get("/api/v1/dead-letters", token)["dead_letters"]
    return sum(1 for letter in letters if letter["node"] == NODE)


def test_the_good_readings_of_a_half_bad_batch_are_stored_and_it_is_acknowledged(
    school: Running, token: str
) -> None:
    at = now_ms()
    with listening(school.mqtt_port, ACK) as acks:
        send(school, "mixed", 7, ["no/such", at, 1], [FRIDGE, at, "warm"], [FRIDGE, at, 4.25])
        eventually(lambda: any('"mixed"' in line for line in acks))
    assert [e["value"] for e in events(school, token, FRIDGE, at)] == [4.25]
    letters = school.get("/api/v1/dead-letters", token)["dead_letters"]
    reasons = "\n".join(letter["reason"] for letter in letters)
    assert "unknown point 'no/such'" in reasons
    assert "is not a number" in reasons
