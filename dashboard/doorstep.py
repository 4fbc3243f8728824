"""Doorstep: how many reports come in from people who are not logged in; pure, holds back floods."""

import threading
from collections import OrderedDict, deque
from ipaddress import ip_address

PER_ADDRESS, ADDRESS_S = 6, 600.0
"""Reports of one address within ten minutes; a whole staff room may stand behind one."""
PER_DEVICE, DEVICE_S = 4, 3600.0
OF_ALL, ALL_S = 60, 3600.0
MOST_KEYS = 5000


class Doorstep:
    """`now` is in seconds that never jump. Any thread may ask."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, device: str, now: float) -> float:
        """Seconds until another report is taken; 0: now, and it is counted."""
        limits = (
            (("address", address), PER_ADDRESS, ADDRESS_S),
            (("device", device), PER_DEVICE, DEVICE_S), (("all", ""), OF_ALL, ALL_S),
        )  # fmt: skip
        with self._lock:
            wait = max(self._wait(key, most, span, now) for key, most, span in limits)
            if wait <= 0:
                for key, most, _ in limits:
                    self._seen.setdefault(key, deque(maxlen=most)).append(now)
                    self._seen.move_to_end(key)
                while len(self._seen) > MOST_KEYS:
                    self._seen.popitem(last=False)
        return wait

    def _wait(self, key: tuple[str, str], most: int, span: float, now: float) -> float:
        seen = self._seen.get(key, ())
        recent = [at for at in seen if now - at < span]
        return recent[-most] + span - now if len(recent) >= most else 0.0


def at_home(address: str) -> bool:
    """Whether it is on the school's own network."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return bool(plain.is_private or plain.is_loopback or plain.is_link_local)
