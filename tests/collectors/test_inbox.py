"""The ingester's inbox: bounded, and nobody's backlog holds up the others."""

from collectors.inbox import QUEUE, QUEUE_BYTES, Inbox
from collectors.transport import Message


def filled(**counts: int) -> Inbox:
    inbox = Inbox()
    for topic, count in counts.items():
        for number in range(count):
            inbox.put(Message(topic, str(number).encode()))
    return inbox


def test_a_day_of_backlog_does_not_starve_live_batches_of_others() -> None:
    inbox = filled(backlog=1500, live=1)
    assert [m.topic for m in inbox.take(2, 0)] == ["backlog", "live"]
    inbox.put(Message("other", b""))
    assert "other" in {m.topic for m in inbox.take(2, 0)}


def test_batches_of_one_node_keep_their_order_also_when_some_are_put_back() -> None:
    inbox = filled(a=5, b=5)
    taken = inbox.take(6, 0)
    inbox.put_back(taken[2:])
    rest = inbox.take(100, 0)
    got = [*taken[:2], *rest]
    for topic in "ab":
        assert [m.payload for m in got if m.topic == topic] == [b"0", b"1", b"2", b"3", b"4"]


def test_above_its_bounds_the_longest_queue_loses_and_it_is_counted() -> None:
    inbox = filled(flood=QUEUE, live=10)
    assert (len(inbox), inbox.dropped) == (QUEUE, 10)
    assert sum(m.topic == "live" for m in inbox.take(QUEUE, 0)) == 10


def test_memory_is_bounded_but_a_single_message_of_any_size_gets_in() -> None:
    inbox = Inbox()
    for _ in range(4):
        inbox.put(Message("large", bytes(QUEUE_BYTES // 3)))
    assert (len(inbox), inbox.dropped) == (3, 1)
    inbox = Inbox()
    inbox.put(Message("huge", bytes(QUEUE_BYTES + 1)))
    assert len(inbox.take(9, 0)) == 1


def test_closed_it_gives_nothing() -> None:
    inbox = filled(a=3)
    inbox.close()
    assert inbox.take(9, 60) == []
