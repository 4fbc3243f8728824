"""TwoState: a digital input with two words, settled by our own clock; contacts and buttons."""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

from devices.catalog import Point
from devices.driver import Driver, Emit
from devices.drivers.attendant import ATTENDANT
from devices.drivers.pins import InputPin, open_input
from devices.drivers.settling import Settling, Times
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.model import Sample, ValueType
from devices.service import Clock

CALM_WORDS = ("closed", "dry", "released", "mains", "up", "clear", "stopped")
"""The words of a kind that mean rest; its other word is the alarming one."""

CLOCK = Clock()


class TwoState(Driver):
    """An input pulled up, with a switch to ground; emits its level at start and when it changes.

    gpiozero's own `bounce_time` is not used: mock pins ignore it, and a level that is active at
    start fires nothing.
    """

    value_type = ValueType.TEXT

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._lock = threading.Lock()
        self._pin: InputPin | None = None
        self._edges: deque[tuple[float, bool]] = deque()
        self._emit: Emit | None = None
        self._settling: Settling | None = None
        self._moved_at = 0.0

    @property
    def gpio(self) -> int:
        """The BCM number of its pin."""
        return int(self.options.gpio)

    @property
    def closed_is_calm(self) -> bool:
        """Whether current flows through the switch while all is well (so a cut wire alarms)."""
        return bool(self.options.normally_closed)

    def times(self) -> Times:
        """How it settles."""
        raise DeviceError(f"{self.point.id} does not say how it settles")

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"GPIO{options.gpio}",)

    def start(self, emit: Emit) -> None:
        self._calm, self._alarming = words(self.point)
        pin = open_input(self.point.id, self.gpio, self._on_edge)
        with self._lock:
            self._pin, self._emit = pin, emit
            self._moved_at = CLOCK.monotonic()
            self._settling = Settling(self.times(), self._tripped(pin.level()), self._moved_at)
            emit(self._sample(self._settling))
        ATTENDANT.enter(self)
        ATTENDANT.wake(self)

    def sample(self) -> Iterable[Sample]:
        """The settled level again; reads the pin too, in case an edge was never told."""
        # The lock stays held while the caller takes the value: an edge that settles meanwhile
        # must be told after it, or the older level would stand as the newest.
        with self._lock:
            if self._settling is None or self._pin is None:
                return
            self._edges.append((CLOCK.monotonic(), self._pin.level()))
            yield self._sample(self._settling)
        ATTENDANT.wake(self)

    def attend(self, now: float) -> float | None:
        """On the attendant's thread: settle what moved, tell what changed."""
        with self._lock:
            settling, emit = self._settling, self._emit
            if settling is None or emit is None:
                return None
            while self._edges:
                at, level = self._edges.popleft()
                # We may come late: what had settled before this edge is told, not passed over.
                if settling.settle(at):
                    emit(self._sample(settling))
                settling.see(self._tripped(level), at)
            if settling.settle(now):
                self._moved_at = now
                emit(self._sample(settling))
            return settling.due()

    def health(self) -> str:
        with self._lock:
            if self._settling is None or not self._settling.chatters(CLOCK.monotonic()):
                return ""
        return (
            f"the contact on GPIO{self.gpio} chatters, over {self.times().chatter} changes in a "
            "minute: check its magnet, screws and cable"
        )

    def tripped_for(self) -> float:
        """Seconds that the alarming level has lasted; 0 while it is calm."""
        with self._lock:
            tripped = self._settling is not None and self._settling.level
            return CLOCK.monotonic() - self._moved_at if tripped else 0.0

    def close(self) -> None:
        with self._lock:
            pin, self._pin, self._settling, self._emit = self._pin, None, None, None
        if pin is not None:
            ATTENDANT.leave(self)
            pin.close()

    def _on_edge(self, _ticks: float, level: int) -> None:
        self._edges.append((CLOCK.monotonic(), bool(level)))
        ATTENDANT.wake(self)

    def _tripped(self, high: bool) -> bool:
        """The pull-up makes an open switch high."""
        return high == self.closed_is_calm

    def _sample(self, settling: Settling) -> Sample:
        return Sample(self._alarming if settling.level else self._calm)


def words(point: Point) -> tuple[str, str]:
    """The calm and the alarming word of a point's kind. Raises DeviceError without such two."""
    values = KINDS[point.kind].values
    calm = [word for word in values if word in CALM_WORDS]
    alarming = [word for word in values if word not in CALM_WORDS]
    if len(calm) != 1 or len(alarming) != 1:
        raise DeviceError(
            f"{point.id}: kind {point.kind} does not have two states: use a kind such as contact, "
            "gate, water-leak or panic"
        )
    return calm[0], alarming[0]
