"""Lockout: after wrong passwords a name or an address waits, each time twice as long; pure."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
FORGET_S = 3600.0
MOST_KEYS = 10_000
"""What a flood of made-up names can fill at most."""
FREE_TRIES = {"pair": 5, "name": 20, "address": 30}
"""Wrong passwords before waiting: of one name at one address, of a name, of an address."""


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Lockout:
    """Counts wrong passwords; `now` is in seconds that never jump."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str, address: str, now: float) -> float:
        """Seconds until the next try is allowed; 0 when it is now."""
        with self._lock:
            return max(self._wait(key, now) for key in _keys(name, address))

    def _wait(self, key: tuple[str, str], now: float) -> float:
        known = self._failures.get(key)
        if known is None or now - known.last > FORGET_S:
            return 0.0
        over = known.count - FREE_TRIES[key[0]]
        if over < 0:
            return 0.0
        wait = min(FIRST_WAIT_S * 2.0 ** min(over, 16), LONGEST_WAIT_S)
        return max(0.0, known.last + wait - now)

    def failed(self, name: str, address: str, now: float) -> None:
        with self._lock:
            for key in _keys(name, address):
                known = self._failures.pop(key, None)
                fresh = known is None or now - known.last > FORGET_S
                count = 1 if fresh or known is None else known.count + 1
                self._failures[key] = _Failures(count, now)
            while len(self._failures) > MOST_KEYS:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """The right password ends the waiting of this name here, not of the whole address."""
        with self._lock:
            self._failures.pop(_keys(name, address)[0], None)


def _keys(name: str, address: str) -> list[tuple[str, str]]:
    name = name.casefold()[:64]
    return [("pair", f"{name}\n{address}"), ("name", name), ("address", address)]
