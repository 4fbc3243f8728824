"""Ear: where the drivers of foreign devices hear what the bridge has understood.

One for each process that is a bridge, as a pin factory is one for each node.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from devices.foreign.said import Came, Family, Heard, Outcome, Told
from devices.service import Clock

BATTERY_LOW = 15.0
"""Percent; a coin cell does not last long below."""

BRIDGE = "bridge"
"""What a Zigbee2MQTT itself is called among its devices."""

Device = tuple[Family, str]
Listener = Callable[[Told], None]
RawListener = Callable[[bytes], None]


@dataclass(slots=True)
class _Known:
    """What was last heard of one device."""

    available: bool | None = None
    battery: float | None = None
    expires: float | None = None
    spoke: float | None = None
    listeners: list[Listener] = field(default_factory=list)


class Ear:
    """Passes values on to whoever listens to their device; any thread may ask how a device is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._devices: dict[Device, _Known] = {}
        self._topics: defaultdict[str, list[RawListener]] = defaultdict(list)

    def listen(self, device: Device, listener: Listener) -> None:
        with self._lock:
            known = self._devices.setdefault(device, _Known())
            known.listeners = [*known.listeners, listener]

    def listen_to_topic(self, topic: str, listener: RawListener) -> None:
        with self._lock:
            self._topics[topic] = [*self._topics[topic], listener]

    def drop(self, listener: Listener | RawListener) -> None:
        """Harmless when it listens no more."""
        with self._lock:
            for known in self._devices.values():
                known.listeners = [one for one in known.listeners if one != listener]
            for topic in list(self._topics):
                self._topics[topic] = [one for one in self._topics[topic] if one != listener]
                if not self._topics[topic]:
                    del self._topics[topic]

    def wanted(self, topic: str) -> bool:
        """Whether somebody listens to exactly this topic."""
        return topic in self._topics

    def tell(self, topic: str, payload: bytes, outcome: Outcome, *, retained: bool = False) -> None:
        """One message. A retained one may be of any age: it tells who is there, and no values."""
        now = self._clock.monotonic()
        for heard in outcome.heard:
            listeners = self._learn(heard, now, retained)
            if not retained and outcome.came is Came.READING:
                for value in heard.values:
                    for listener in listeners:
                        listener(value)
        if not retained:
            for raw in self._topics.get(topic, ()):
                raw(payload)

    def _learn(self, heard: Heard, now: float, retained: bool) -> list[Listener]:
        device = (heard.family, heard.device)
        with self._lock:
            known = self._devices.get(device)
            if known is None:
                if heard.available is None:
                    return []
                known = self._devices[device] = _Known()
            if heard.available is not None:
                known.available = heard.available
            elif not retained and heard.values:
                known.spoke = now
                # Who speaks is there, whatever an older last will says.
                known.available = None if known.available is False else known.available
            if heard.expires is not None:
                known.expires = heard.expires
            for sign in heard.signs:
                if sign.field == "battery" and not isinstance(sign.value, str):
                    known.battery = sign.value
            return known.listeners

    def away(self, family: Family, device: str) -> str:
        """Why nothing can come of a device now; empty where nothing is known against it."""
        known = self._devices.get((family, device))
        if known is not None and known.available is False:
            return f"the device {device} is offline: look whether it has power and network"
        if family is Family.ZIGBEE2MQTT and self._coordinator_gone(device):
            return "Zigbee2MQTT is offline, so none of its devices can be heard"
        if known is not None and known.expires and known.spoke is not None:
            silent = self._clock.monotonic() - known.spoke
            if silent > known.expires:
                return f"the device {device} has said nothing for over {known.expires:g} s"
        return ""

    def _coordinator_gone(self, device: str) -> bool:
        """Whether the Zigbee2MQTT of that device is known to be offline."""
        with self._lock:
            bridges = [
                name.removesuffix(BRIDGE)
                for family, name in self._devices
                if family is Family.ZIGBEE2MQTT and name.endswith(BRIDGE)
            ]
        own = max((base for base in bridges if device.startswith(base)), key=len, default=None)
        if own is None:
            return False
        return self._devices[Family.ZIGBEE2MQTT, own + BRIDGE].available is False

    def doubt(self, family: Family, device: str) -> str:
        """What is wrong with a device though it speaks."""
        known = self._devices.get((family, device))
        if known is None or known.battery is None or known.battery > BATTERY_LOW:
            return ""
        return f"the battery of {device} is at {known.battery:g} %: replace it soon"


_open: list[Ear] = []


@contextmanager
def hearing(ear: Ear) -> Iterator[Ear]:
    """Make this process a bridge while the block runs."""
    _open.append(ear)
    try:
        yield ear
    finally:
        _open.remove(ear)


def ear_here() -> Ear | None:
    """The ear of this process; None where it is no bridge."""
    return _open[-1] if _open else None
