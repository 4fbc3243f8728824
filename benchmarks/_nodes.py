"""Nodes for benchmarks: one process that publishes prepared batches over a bare MQTT 5 socket.

Lean, so that it takes little of the processor from what is measured. Like a node it keeps a window
of unanswered batches and sends again what got no answer.
"""

import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from devices import wire
from devices.model import ClockState, NodeId, Origin, PointId, Reading, from_ms

BATCH = 50
START_MS = 1_790_000_000_000
NODES = ("canteen-pi", "teach-pi")
POINTS = ("canteen/fridge-1/temperature", "class-1/temperature", "class-1/power")
WINDOW = 400
"""Batches that may be on their way unanswered."""
PATIENCE_S = 5.0
"""Without any answer for so long, everything unanswered is sent again."""


def batch(number: int) -> tuple[str, list[Reading]]:
    """The readings of one batch, all different, and the node that says them."""
    node = NODES[number % len(NODES)]
    origin = Origin(NodeId(node), "bench", number // len(NODES) + 1)
    first = number * BATCH
    return node, [
        Reading(PointId(POINTS[n % 3]), from_ms(START_MS + n), 20 + n % 7 / 8, origin)
        for n in range(first, first + BATCH)
    ]


def payload(number: int) -> tuple[str, bytes]:
    node, readings = batch(number)
    encoded = wire.encode_batch(wire.Batch(readings[0].origin, ClockState.SYNCED, readings))
    return wire.up_topic(node), encoded


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _packet(kind: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        length.append((size & 0x7F) | (0x80 if size > 0x7F else 0))
        size >>= 7
        if not size:
            return bytes([kind]) + bytes(length) + body


def _packets(sock: socket.socket) -> Iterator[tuple[int, memoryview]]:
    """Kind and body of each packet that comes."""
    waiting = bytearray()
    while data := sock.recv(1 << 18):
        waiting += data
        at = 0
        while True:
            size, shift, here = 0, 0, at + 1
            while here < len(waiting):
                size |= (waiting[here] & 0x7F) << shift
                shift, here = shift + 7, here + 1
                if waiting[here - 1] < 0x80:
                    break
            else:
                break
            if here + size > len(waiting):
                break
            yield waiting[at] >> 4, memoryview(bytes(waiting[here : here + size]))
            at = here + size
        del waiting[:at]


class Publisher:
    """Publishes batches and learns which are answered, by the broker or (`stored`) by ingest."""

    def __init__(self, port: int, *, stored: bool) -> None:
        self._stored = stored
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answered = threading.Condition()
        self._open: dict[tuple[str, int], bytes] = {}
        self._heard = time.monotonic()
        self.sent_again = 0
        hello = _text("MQTT") + bytes([5, 2]) + struct.pack("!H", 0) + b"\0" + _text("bench-nodes")
        subscription = struct.pack("!H", 65535) + b"\0" + _text(wire.ack_topic("+")) + b"\0"
        self._sock.sendall(_packet(0x10, hello) + _packet(0x82, subscription))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, topic: str, body: bytes, seq: int) -> None:
        """Publish a batch as soon as the window has room."""
        id = len(NODES) * seq % 60_000 + NODES.index(wire.node_of(topic)) + 1
        packet = _packet(0x32, _text(topic) + struct.pack("!H", id) + b"\0" + body)
        key = (wire.node_of(topic), seq) if self._stored else ("", id)
        with self._answered:
            self._wait(WINDOW - 1)
            self._open[key] = packet
        self._sock.sendall(packet)

    def finish(self) -> None:
        """Returns once everything is answered."""
        with self._answered:
            self._wait(0)
        self._sock.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._sock.close()

    def _wait(self, most: int) -> None:
        while len(self._open) > most:
            self._answered.wait(0.5)
            if len(self._open) > most and time.monotonic() - self._heard > PATIENCE_S:
                self._heard = time.monotonic()
                self.sent_again += len(self._open)
                self._sock.sendall(b"".join(self._open.values()))

    def _read(self) -> None:
        for kind, body in _packets(self._sock):
            if kind == 4 and not self._stored:  # PUBACK
                self._close([("", int.from_bytes(body[:2], "big"))])
            elif kind == 3:
                size = int.from_bytes(body[:2], "big")
                topic = bytes(body[2 : 2 + size]).decode()
                ack = wire.decode_ack(bytes(body[3 + size :]))
                self._close([(wire.node_of(topic), seq) for seq in ack.seqs])

    def _close(self, keys: list[tuple[str, int]]) -> None:
        with self._answered:
            for key in keys:
                self._open.pop(key, None)
            self._heard = time.monotonic()
            self._answered.notify()


def main() -> None:
    """PORT FIRST COUNT STORED: prepares, says `ready`, waits for a line, publishes, says `sent`."""
    port, first, count, stored = (int(word) for word in sys.argv[1:5])
    prepared = [(*payload(n), n // len(NODES) + 1) for n in range(first, first + count)]
    publisher = Publisher(port, stored=bool(stored))
    print("ready", flush=True)
    sys.stdin.readline()
    for topic, body, seq in prepared:
        publisher.send(topic, body, seq)
    publisher.finish()
    print("sent", publisher.sent_again, flush=True)


if __name__ == "__main__":
    main()
