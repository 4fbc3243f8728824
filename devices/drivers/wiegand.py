"""Wiegand: a badge reader's two data lines, 26 or 34 bits, to a decision on a card token."""

import os
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, Emit
from devices.drivers.attendant import ATTENDANT
from devices.drivers.cards import ALLOW_FILE_VARIABLE, AllowList, card_key, card_token
from devices.drivers.frames import LENGTHS, Assembler, Card, Edge, Lines, Reject, parse
from devices.drivers.pins import Gpio, InputPin, open_input
from devices.errors import DeviceError
from devices.model import Sample, ValueType
from devices.service import Clock

CLOCK = Clock()
WAIT_S = 0.05
"""After the last pulse of a card arrived: 25 ms of silence and room for a late callback."""
LATE_S = 0.25
"""The same for a frame that is too short yet: its rest may wait on a busy machine."""
REPEAT_S = 2.0
"""The same card again within this time is the same passage (safety notes §7)."""
NOISY = 3
NOISY_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class WiegandOptions:
    d0: Gpio = field(metadata={"text": "BCM number of the line DATA0 (through a level shifter)"})
    d1: Gpio = field(metadata={"text": "BCM number of the line DATA1 (through a level shifter)"})
    direction: Literal["in", "out"] = field(
        default="in", metadata={"text": "which way a person goes past this reader"}
    )
    bits: Literal["26", "34", "both"] = field(
        default="both",
        metadata={"text": "length of this reader's frames; naming it also refuses the other one"},
    )
    allow_file: str = field(
        default="",
        metadata={"text": "file of card tokens, one a line, `denied` after a blocked one; empty: "
                  f"`{ALLOW_FILE_VARIABLE}`, else every card is unknown"},
    )  # fmt: skip


def decode(bits: str) -> Card:
    """The card of a frame such as `00101101000000001010001000`; its `facility` and `serial`.

    Raises ValueError with the reason it is none.
    """
    text = bits.replace(" ", "")
    if set(text) - {"0", "1"}:
        raise ValueError("a frame consists of the bits 0 and 1")
    found = parse([int(bit) for bit in text])
    if isinstance(found, Card):
        return found
    if found.reason == "length":
        raise ValueError(f"{found.pulses} bits are no frame, which has 26 or 34")
    raise ValueError("the parity is wrong: even over the first half, odd over the second")


@DRIVERS.register("wiegand")
class Wiegand(Driver):
    """Tells granted, denied or unknown for each card; a frame that does not parse is only counted.

    A card leaves this driver as a keyed token in the detail `card`, never as its number.
    """

    Options = WiegandOptions
    value_type = ValueType.TEXT

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self.rejects: Counter[str] = Counter()
        """Frames refused since the start, by reason: `length`, `parity`, `overlap`."""
        self._lines: list[InputPin] = []
        self._edges: deque[Edge] = deque()
        wanted = self.options.bits
        self._assembler = Assembler(LENGTHS if wanted == "both" else (int(wanted),))
        self._both_lines = Lines()
        self._arrived = 0.0
        self._told: dict[str, float] = {}
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        self._trouble = ""

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"GPIO{options.d0}", f"GPIO{options.d1}")

    def start(self, emit: Emit) -> None:
        options: WiegandOptions = self.options
        self._key = card_key(self.point.id)
        path = options.allow_file or os.environ.get(ALLOW_FILE_VARIABLE, "")
        self._allowed = AllowList(Path(path) if path else None)
        try:
            self._allowed.refresh()
        except OSError as error:
            raise DeviceError(
                f"{self.point.id}: the list of cards {path} cannot be read ({error.strerror}): "
                f"mend allow_file or {ALLOW_FILE_VARIABLE}"
            ) from error
        self._emit = emit
        try:
            for gpio, handler in ((options.d0, self._on_d0), (options.d1, self._on_d1)):
                self._lines.append(open_input(self.point.id, gpio, handler))
        except DeviceError:
            self._release()
            raise
        ATTENDANT.enter(self)

    def attend(self, now: float) -> float | None:
        """On the attendant's thread: assemble, judge, tell."""
        edges = []
        while self._edges:
            edges.append(self._edges.popleft())
        if edges:
            self._arrived = now
            for frame in self._assembler.add(self._both_lines.pulses(edges)):
                self._take(frame, now)
        elif now >= self._over_at():
            for frame in self._assembler.end():
                self._take(frame, now)
        return self._over_at() if self._assembler.waiting else None

    def _over_at(self) -> float:
        return self._arrived + (WAIT_S if self._assembler.complete else LATE_S)

    def health(self) -> str:
        with self._lock:
            now = CLOCK.monotonic()
            while self._recent and now - self._recent[0] > NOISY_WITHIN_S:
                self._recent.popleft()
            if len(self._recent) < NOISY:
                return self._trouble
            reasons = ", ".join(f"{n} by {why}" for why, n in sorted(self.rejects.items()))
        return (
            f"the reader on GPIO{self.options.d0}/GPIO{self.options.d1} sends frames that are no "
            f"cards ({reasons} since the start): check its cable, ground and level shifter"
        )

    def close(self) -> None:
        if self._lines:
            ATTENDANT.leave(self)
        self._release()

    def _release(self) -> None:
        while self._lines:
            self._lines.pop().close()

    # These two run on gpiozero's thread, at up to 245,000 edges a second: nothing more in them.

    def _on_d0(self, ticks: float, level: int) -> None:
        self._edges.append(Edge(ticks, 0, bool(level)))
        if len(self._edges) == 1:
            ATTENDANT.wake(self)

    def _on_d1(self, ticks: float, level: int) -> None:
        self._edges.append(Edge(ticks, 1, bool(level)))
        if len(self._edges) == 1:
            ATTENDANT.wake(self)

    def _take(self, frame: Card | Reject, now: float) -> None:
        if isinstance(frame, Reject):
            with self._lock:
                self.rejects[frame.reason] += 1
                self._recent.append(now)
            return
        token = card_token(self._key, frame)
        self._told = {card: at for card, at in self._told.items() if now - at < REPEAT_S}
        if token in self._told:
            return
        self._told[token] = now
        verdict, detail = self._verdict(token), {"card": token, "direction": self._direction}
        holder = self._allowed.holder(token)
        self._emit(Sample(verdict, detail=detail | ({"role": holder} if holder else {})))

    @property
    def _direction(self) -> str:
        return str(self.options.direction)

    def _verdict(self, token: str) -> str:
        try:
            verdict = self._allowed.verdict(token)
        except OSError as error:
            self._trouble = f"the list of cards cannot be read ({error.strerror}): mend allow_file"
            return "unknown"
        self._trouble = ""
        return verdict
