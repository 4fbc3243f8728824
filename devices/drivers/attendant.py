"""The one thread of a process that works off the edges of its pins and wakes drivers in time."""

import logging
import queue
import threading
from typing import Protocol

from devices.service import Clock

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """A driver that waits for edges or for a moment."""

    def attend(self, now: float) -> float | None:
        """Work off what came; the monotonic second at which to be called again, or None."""


class Attendant:
    """Calls `attend` of each watcher that was woken or whose moment has come.

    The thread begins with the first watcher and has ended when the last `leave` returns.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._thread: threading.Thread | None = None
        self._woken: queue.SimpleQueue[Watcher | None] = queue.SimpleQueue()

    def enter(self, watcher: Watcher) -> None:
        with self._lock:
            self._watchers.add(watcher)
            if self._thread is None:
                self._woken = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._run, name="pins", daemon=True)
                self._thread.start()

    def wake(self, watcher: Watcher) -> None:
        """From any thread, a pin's callback too: never blocks."""
        self._woken.put(watcher)

    def leave(self, watcher: Watcher) -> None:
        """Once it returned, `attend` is not called again. Not from within `attend`."""
        with self._lock:
            self._watchers.discard(watcher)
            ending = self._thread if not self._watchers else None
            if ending is not None:
                self._woken.put(None)
                ending.join()
                self._thread = None

    def _run(self) -> None:
        woken, due = self._woken, dict[Watcher, float]()
        while True:
            wait = min(due.values()) - self._clock.monotonic() if due else None
            try:
                first = woken.get(timeout=None if wait is None else max(wait, 0.0))
            except queue.Empty:
                pass
            else:
                if first is None:
                    return
                due[first] = 0.0
            now = self._clock.monotonic()
            for watcher in [watcher for watcher, at in due.items() if at <= now]:
                del due[watcher]
                if watcher in self._watchers:
                    again = self._attend(watcher, now)
                    if again is not None:
                        due[watcher] = again

    def _attend(self, watcher: Watcher, now: float) -> float | None:
        try:
            return watcher.attend(now)
        except Exception:
            log.exception("a driver stumbled over its pins")
            return None


ATTENDANT = Attendant(Clock())
