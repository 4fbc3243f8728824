"""Streams: one ring of events, fanned out to browsers that may be slow, gone, or coming back."""

import queue
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from devices.errors import CampusError
from devices.service import Clock

KEPT_EVENTS = 5000
"""Events kept for browsers that come back with Last-Event-ID."""
QUEUE_CHUNKS = 256
"""Chunks a browser may lag behind before it is dropped; it comes back by itself."""
STREAM_LIFE_S = 600.0
"""A stream ends after so long, so that no dead connection holds a thread for good."""
RETRY_MS = 2000


class StreamsFull(CampusError):
    """As many screens are connected as there are threads for."""


def event_bytes(name: str, data: Mapping[str, Any], id: str = "") -> bytes:
    """One server-sent event; orjson writes no raw line break, so one data line is enough."""
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


class Stream:
    """One browser's queue of chunks, iterated by the thread that serves it."""

    gone: Callable[[], bool] = staticmethod(lambda: False)
    """Whether the browser has left; the web server sets what it knows of it."""

    def __init__(self, broadcast: "Broadcast", first: bytes, clock: Clock) -> None:
        self._broadcast = broadcast
        self._clock = clock
        self._ends = clock.monotonic() + STREAM_LIFE_S
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUE_CHUNKS)
        self._queue.put(first)
        self._over = False

    def offer(self, chunk: bytes) -> bool:
        """False where the browser is too slow; its stream then ends after what it has."""
        try:
            self._queue.put_nowait(chunk)
        except queue.Full:
            self._over = True
            return False
        return True

    def end(self) -> None:
        self._over = True
        if not self._queue.full():
            self._queue.put_nowait(None)

    def __iter__(self) -> Iterator[bytes]:
        try:
            while self._clock.monotonic() < self._ends:
                try:
                    chunk = self._queue.get(timeout=1.0)
                except queue.Empty:
                    if self._over or self.gone():
                        return
                    continue
                if chunk is None:
                    return
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        self._broadcast.leave(self)


class Broadcast:
    """Numbered events to every stream; the numbers carry this run's mark, so old ones are known."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._count = 0
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=KEPT_EVENTS)
        self._streams: set[Stream] = set()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def position(self) -> str:
        """The id of the newest event; a stream that joins with it misses nothing after it."""
        with self._lock:
            return f"{self._run}-{self._count}"

    def send(self, events: list[tuple[str, Mapping[str, Any]]]) -> None:
        """Number, keep and fan out events as one chunk."""
        with self._lock:
            parts: list[bytes] = []
            for name, data in events:
                self._count += 1
                encoded = event_bytes(name, data, f"{self._run}-{self._count}")
                self._ring.append((self._count, encoded))
                parts.append(encoded)
            self._fan_out(b"".join(parts))

    def beat(self, data: Mapping[str, Any]) -> None:
        """A heartbeat: not numbered, not kept."""
        with self._lock:
            self._fan_out(event_bytes("heartbeat", data))

    def _fan_out(self, chunk: bytes) -> None:
        slow = [stream for stream in self._streams if not stream.offer(chunk)]
        self.dropped += len(slow)
        self._streams.difference_update(slow)

    def join(self, last_id: str, heartbeat: Mapping[str, Any]) -> Stream:
        """A stream that goes on after `last_id`; its first heartbeat says whether it could.

        Raises StreamsFull.
        """
        with self._lock:
            if self._closed or len(self._streams) >= self.limit:
                raise StreamsFull(f"{self.limit} screens are connected already: try again later")
            missed = self._after(last_id)
            resumed = None if not last_id else missed is not None
            first = f"retry: {RETRY_MS}\n\n".encode()
            first += event_bytes("heartbeat", {**heartbeat, "resumed": resumed})
            stream = Stream(self, first + b"".join(missed or ()), self._clock)
            self._streams.add(stream)
            return stream

    def _after(self, last_id: str) -> list[bytes] | None:
        run, _, number = last_id.partition("-")
        if run != self._run or not (number.isascii() and number.isdigit() and len(number) < 18):
            return None
        last = int(number)
        oldest = self._ring[0][0] if self._ring else self._count + 1
        if last > self._count or last < oldest - 1:
            return None
        return [encoded for count, encoded in self._ring if count > last]

    def leave(self, stream: Stream) -> None:
        with self._lock:
            self._streams.discard(stream)

    @property
    def open_streams(self) -> int:
        return len(self._streams)

    def end_streams(self) -> None:
        """End every open stream; whoever comes back is welcome."""
        with self._lock:
            for stream in self._streams:
                stream.end()

    def close(self) -> None:
        self._closed = True
        self.end_streams()
