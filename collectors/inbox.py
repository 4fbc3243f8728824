"""What came from the broker and waits to be worked on: bounded, and fair to every node."""

import threading
from collections import deque
from collections.abc import Sequence

from collectors.transport import Message

QUEUE = 2000
QUEUE_BYTES = 64 * 2**20
"""What may wait; beyond, it is dropped unacknowledged and the nodes send it again."""


class Inbox:
    """A queue for each topic, emptied in turns: a day of backlog does not hold up the others.

    Where all is full, it is the longest queue that loses its newest message.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.closed = False
        self._waiting: dict[str, deque[Message]] = {}
        self._turns: deque[str] = deque()
        self._count = 0
        self._bytes = 0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._count

    def put(self, message: Message) -> None:
        """Keep `message`, or count one as dropped where there is no room."""
        with self._changed:
            self._add(message)
            while self._count > QUEUE or (self._count > 1 and self._bytes > QUEUE_BYTES):
                self._drop()
            self._changed.notify()

    def _add(self, message: Message) -> None:
        waiting = self._waiting.get(message.topic)
        if waiting is None:
            waiting = self._waiting[message.topic] = deque()
            self._turns.append(message.topic)
        waiting.append(message)
        self._count += 1
        self._bytes += len(message.payload)

    def _drop(self) -> None:
        topic = max(self._waiting, key=lambda topic: len(self._waiting[topic]))
        self._forget(self._waiting[topic].pop())
        self.dropped += 1
        if not self._waiting[topic]:
            del self._waiting[topic]
            self._turns.remove(topic)

    def _forget(self, message: Message) -> None:
        self._count -= 1
        self._bytes -= len(message.payload)

    def put_back(self, messages: Sequence[Message]) -> None:
        """Before everything else of their topics, in their order."""
        with self._changed:
            for message in reversed(messages):
                if message.topic not in self._waiting:
                    self._waiting[message.topic] = deque()
                    self._turns.appendleft(message.topic)
                self._waiting[message.topic].appendleft(message)
                self._count += 1
                self._bytes += len(message.payload)

    def take(self, most: int, wait: float) -> list[Message]:
        """Up to `most` that wait, one of each topic in turn; `wait` s for the first.

        Empty then, or once closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count or self.closed, wait)
            taken: list[Message] = []
            while self._count and len(taken) < most and not self.closed:
                topic = self._turns.popleft()
                waiting = self._waiting[topic]
                taken.append(waiting.popleft())
                self._forget(taken[-1])
                if waiting:
                    self._turns.append(topic)
                else:
                    del self._waiting[topic]
            return taken

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()
