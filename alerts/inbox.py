"""Inbox: what comes in from any thread waits for the engine's one worker; never more than fits."""

import queue
from collections.abc import Callable
from datetime import datetime

from alerts.book import Changes
from devices.service import Clock

Job = Callable[[Changes, datetime], None]

WAITING = 20_000
"""Messages that may wait; beyond, readings are left out of judging (the store has them)."""
ROUND = 100
"""Messages worked on before the next tick."""


class Inbox:
    """`dropped` counts what did not fit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.dropped = 0

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, job: Job) -> None:
        """From any thread; never waits."""
        if self._queue.qsize() < WAITING:
            self._queue.put(job)
        else:
            self.dropped += 1

    def wake(self) -> None:
        """The worker looks up, though nothing came."""
        self.put(lambda _changes, _now: None)

    def work(self, wait: float, act: Callable[[Job, datetime], bool]) -> None:
        """Do what waits, the first after up to `wait` seconds, but no more once `act` says that
        somebody has to be told or answered."""
        try:
            job = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            for _ in range(ROUND):
                if act(job, self._clock.now()):
                    return
                job = self._queue.get_nowait()
            act(job, self._clock.now())
        except queue.Empty:
            return
