"""The stream of events: resumed after a break, never held up by a slow browser."""

import json
from typing import Any

import pytest

from dashboard.streams import KEPT_EVENTS, QUEUE_CHUNKS, STREAM_LIFE_S, Broadcast, StreamsFull
from tests.support.clock import FakeClock


def read(broadcast: Broadcast, last_id: str = "") -> list[tuple[str, str, Any]]:
    """(id, event, data) of what a browser that joins now gets until the server ends the stream."""
    stream = broadcast.join(last_id, {"at": 1})
    stream.end()
    return parse(b"".join(stream))


def parse(raw: bytes) -> list[tuple[str, str, Any]]:
    found = []
    for block in raw.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def test_a_browser_gets_a_heartbeat_at_once_and_then_every_event(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 4)
    stream = broadcast.join("", {"at": 1})
    broadcast.send([("reading", {"point": "p", "value": 1.0})])
    broadcast.beat({"at": 2})
    stream.end()
    events = parse(b"".join(stream))
    assert [name for _, name, _ in events] == ["heartbeat", "reading", "heartbeat"]
    assert events[0][2] == {"at": 1, "resumed": None}


def test_a_browser_that_comes_back_gets_exactly_what_it_missed(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 4)
    stream = broadcast.join("", {})
    for number in range(5):
        broadcast.send([("reading", {"n": number}), ("reading", {"n": number + 0.5})])
    stream.end()
    seen = [event for event in parse(b"".join(stream)) if event[1] == "reading"]
    again = read(broadcast, last_id=seen[3][0])
    assert again[0][2]["resumed"] is True
    assert again[1:] == seen[4:]


@pytest.mark.parametrize("last_id", ["nonsense", "00000000-3", "-", "١-٢", "x" * 64])
def test_a_browser_of_another_run_is_told_to_look_again(clock: FakeClock, last_id: str) -> None:
    broadcast = Broadcast(clock, 4)
    broadcast.send([("reading", {})])
    assert read(broadcast, last_id)[0][2]["resumed"] is False


def test_a_browser_that_was_away_too_long_is_told_to_look_again(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 4)
    stream = broadcast.join("", {})
    broadcast.send([("reading", {"n": 0})])
    stream.end()
    first = parse(b"".join(stream))[1][0]
    broadcast.send([("reading", {"n": number}) for number in range(KEPT_EVENTS + 1)])
    assert read(broadcast, first)[0][2]["resumed"] is False


def test_a_slow_browser_is_dropped_and_the_others_go_on(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 4)
    slow, quick = broadcast.join("", {}), broadcast.join("", {})
    pages = iter(quick)
    for number in range(QUEUE_CHUNKS + 10):
        broadcast.send([("reading", {"n": number})])
        next(pages)
    assert broadcast.open_streams == 1
    assert broadcast.dropped == 1
    slow.close()
    quick.close()


def test_more_browsers_than_threads_are_turned_away(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 1)
    stream = broadcast.join("", {})
    with pytest.raises(StreamsFull):
        broadcast.join("", {})
    stream.close()
    broadcast.join("", {}).close()


def test_a_stream_ends_after_some_minutes_so_that_nobody_holds_a_thread_for_good(
    clock: FakeClock,
) -> None:
    broadcast = Broadcast(clock, 1)
    stream = broadcast.join("", {})
    pages = iter(stream)
    next(pages)
    clock.move(STREAM_LIFE_S + 1)
    assert list(pages) == []
    assert broadcast.open_streams == 0


def test_a_text_cannot_break_out_of_its_event(clock: FakeClock) -> None:
    broadcast = Broadcast(clock, 4)
    nasty = "a\n\nevent: alert\ndata: {}\r\n\u2028"
    broadcast.send([("reading", {"value": nasty})])
    stream = broadcast.join("", {})
    broadcast.send([("reading", {"value": nasty})])
    stream.end()
    events = parse(b"".join(stream))
    assert [event[1] for event in events] == ["heartbeat", "reading"]
    assert events[1][2]["value"] == nasty
