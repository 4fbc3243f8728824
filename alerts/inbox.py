"""Inbox: what comes in from any thread waits for the engine's one worker; never more than fits."""

import queue
import threading
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
    """`dropped` counts what did not fit. Whoever holds `turn` owns what the worker owns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._counting = threading.Lock()
        self._waiting = 0
        self.turn = threading.Lock()
        self.open = False
        """Whether an idle worker's turn may be taken; not before it has caught up."""
        self.dropped = 0

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, job: Job) -> None:
        """From any thread; never waits."""
        with self._counting:
            if self._waiting >= WAITING:
                self.dropped += 1
                return
            self._waiting += 1
        self._queue.put(job)

    def offer(self, job: Job, act: Callable[[Job], None]) -> None:
        """Carry a job out at once where the worker has nothing to do, else let it wait.

        Waking another thread costs as long as the whole judging of a reading, and the order is
        kept: while anything waits or is in work, what comes waits behind it.
        """
        if self.open and not self._waiting and self.turn.acquire(blocking=False):
            try:
                if self.open and not self._waiting:
                    act(job)
                    return
            finally:
                self.turn.release()
        self.put(job)

    def wake(self) -> None:
        """The worker looks up, though nothing came."""
        self.put(lambda _changes, _now: None)

    def first(self, wait: float) -> Job | None:
        """What has waited longest; the worker waits up to `wait` seconds for it."""
        try:
            return self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
        except queue.Empty:
            return None

    def work(self, job: Job | None, act: Callable[[Job, datetime], bool]) -> None:
        """Do `job` and what waits behind it, but no more once `act` says that somebody has to be
        told or answered. Only while holding `turn`."""
        for _ in range(ROUND):
            if job is None:
                return
            told = act(job, self._clock.now())
            with self._counting:
                self._waiting -= 1
            if told:
                return
            job = self.first(0.0)
        if job is not None:
            act(job, self._clock.now())
            with self._counting:
                self._waiting -= 1
