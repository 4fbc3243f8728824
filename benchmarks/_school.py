"""Nodes without hardware for benchmarks: real outboxes and couriers, readings that are known.

What a node says follows from its number alone, so that anybody can tell later what it must have
said. Its outbox's file also counts what was committed, in the very same transaction; killed at any
moment and started again, it goes on where it was.
"""

import argparse
import json
import os
import queue
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from collectors.courier import Courier
from collectors.mqtt import MqttTransport
from collectors.outbox import Outbox
from collectors.timeline import Taken
from collectors.transport import Message
from devices import wire
from devices.model import ClockState, NodeId, PointId, from_ms
from devices.service import Clock

BATCH = 50
POINTS = 5
START_MS = 1_790_000_000_000
STEP_MS = 250
"""Between two readings of one point."""
WITNESS = """
CREATE TABLE IF NOT EXISTS witness (count INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS saw AFTER INSERT ON batch BEGIN
    INSERT INTO witness VALUES (NEW.count);
END;
"""
SITE = """
school.id = "bench"
school.name = "测试小学"
services.mqtt = "mqtt://127.0.0.1:{mqtt}"
store.url = "{store}"
store.raw_days = 0
{extra}
building = [{{ id = "teach", name = "教学楼" }}]
room = [{{ id = "class-1", name = "一(1)班", building = "teach" }}]
"""


def site_text(nodes: int, mqtt: int, store: str, extra: str = "") -> str:
    """A site file with so many nodes of POINTS points each."""
    text = SITE.format(mqtt=mqtt, store=store, extra=extra)
    for number in range(nodes):
        name = node_name(number)
        text += f'[[node]]\nid = "{name}"\nname = "{name}"\nroom = "class-1"\n'
        for place in range(POINTS):
            text += (
                f'[[point]]\nid = "{point_name(number, place)}"\nkind = "temperature-room"\n'
                f'node = "{name}"\nroom = "class-1"\nname = "室温"\n'
            )
    return text


def node_name(number: int) -> NodeId:
    return NodeId(f"node-{number}")


def point_name(number: int, place: int) -> PointId:
    return PointId(f"node-{number}/place-{place}/temperature")


def said(number: int, k: int) -> tuple[PointId, int, float]:
    """Point, time and value of a node's reading `k` (from 0)."""
    at = START_MS + k // POINTS * STEP_MS + number
    value = ((k * 2_654_435_761 + number * 40_503) % 1024 - 128) / 32
    return point_name(number, k % POINTS), at, value


def committed(path: Path) -> int:
    """How many readings the node of an outbox has ever committed."""
    with closing(sqlite3.connect(path, timeout=30)) as db:
        db.executescript(WITNESS)
        return int(db.execute("SELECT coalesce(sum(count), 0) FROM witness").fetchone()[0])


class Node:
    """One node in a thread of its own."""

    def __init__(self, number: int, folder: Path, port: int) -> None:
        self._number, self._clock = number, Clock()
        name = node_name(number)
        path = folder / name / "outbox.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.outbox = Outbox(path, name, self._clock)
        self._next = committed(path)
        self._heard: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        address = f"mqtt://127.0.0.1:{port}"
        self._transport = MqttTransport(address, f"campus-node-{name}")
        self._courier = Courier(self.outbox, self._transport, wire.up_topic(name), self._clock)
        self._transport.subscribe(wire.ack_topic(name), self._heard.put)
        self._transport.subscribe(wire.node_command_topic(name), self._heard.put)
        self._transport.on_connect(lambda: self._heard.put(None))
        self._sent: dict[int, float] = {}
        self.took: list[float] = []
        """Seconds from each commit to the word that it is stored."""

    def run(self, total: int, pause: float) -> None:
        """Commit up to reading `total`, a batch each `pause` s; until all is acknowledged."""
        self._transport.start()
        due = time.monotonic() + self._number % 20 * pause / 20
        while self._next < total or self.outbox.depth():
            now = time.monotonic()
            if self._next < total and now >= due:
                self._commit(min(BATCH, total - self._next))
                due = max(due + pause, now - 1.0)
            self._courier.top_up()
            self._listen(min(0.2, max(0.0, due - time.monotonic())) if self._next < total else 0.2)
        self._transport.close()
        self.outbox.close()

    def _commit(self, count: int) -> None:
        taken = []
        for k in range(self._next, self._next + count):
            point, at, value = said(self._number, k)
            taken.append(Taken(point, from_ms(at), value, {}))
        waiting, _ = self.outbox.commit(taken, ClockState.SYNCED, urgent=False)
        self._sent[waiting.seq] = time.monotonic()
        self._courier.send_now(waiting)
        self._next += count

    def _listen(self, wait: float) -> None:
        try:
            self._take(self._heard.get(timeout=wait) if wait else self._heard.get_nowait())
            while True:
                self._take(self._heard.get_nowait())
        except queue.Empty:
            pass

    def _take(self, message: Message | None) -> None:
        if message is None:
            self._courier.reconnected()
        elif message.topic.endswith("/ack"):
            ack = wire.decode_ack(message.payload)
            boot, seqs = ack.boot, ack.seqs
            now = time.monotonic()
            if boot == self.outbox.boot:
                self.took += [now - self._sent.pop(seq) for seq in seqs if seq in self._sent]
            self._courier.acknowledge(boot, seqs)
        else:
            command = wire.decode_node_command(message.payload)
            self._courier.resend(*wire.missing_of(command))


def numbers(text: str) -> Iterator[int]:
    """`4-7` as 4, 5, 6, 7."""
    first, _, last = text.partition("-")
    yield from range(int(first), int(last or first) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("nodes", help="such as 4-7")
    parser.add_argument("readings", type=int, help="of each node")
    parser.add_argument("pause", type=float, help="seconds between its batches")
    args = parser.parse_args()
    nodes = [Node(number, args.folder, args.port) for number in numbers(args.nodes)]
    threads = [threading.Thread(target=n.run, args=(args.readings, args.pause)) for n in nodes]
    threading.excepthook = lambda failure: (
        traceback.print_exception(failure.exc_value),
        os._exit(1),
    )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(sorted(took for node in nodes for took in node.took)))


if __name__ == "__main__":
    main()
