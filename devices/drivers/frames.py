"""Wiegand frames: from timed pulses to card numbers, or to a reason why not (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

SILENCE_S = 0.025
"""The end of a frame; gaps within one are at most 20 ms."""
LENGTHS = (26, 34)
LONGEST_PULSE_S = 0.00015
"""A pulse is 20 to 100 µs low; a line that was not seen to rise is taken to have risen by then."""
MOST_PULSES = 256
"""Pulses kept of one frame: noise without pauses must not fill the memory."""


class Edge(NamedTuple):
    """A line (its bit, 0 or 1) that rose or fell at the kernel's second `at`."""

    at: float
    bit: int
    rose: bool


class Pulse(NamedTuple):
    """One bit; not `alone` where the other line was low at the same time."""

    at: float
    bit: int
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """A frame whose length and parity are right: its bits without the two parity bits."""

    length: int
    number: int

    @property
    def facility(self) -> int:
        return self.number >> 16

    @property
    def serial(self) -> int:
        return self.number & 0xFFFF

    def __repr__(self) -> str:
        # A card's number belongs into no log.
        return f"Card({self.length} bits)"


@dataclass(frozen=True, slots=True)
class Reject:
    """A frame that is none, with its pulses: by `length`, by `parity`, or by `overlap` where both
    lines were low at once, as no reader does."""

    reason: str
    pulses: int


def parse(bits: list[int], lengths: Iterable[int] = LENGTHS) -> Card | Reject:
    """Even parity over the first half with its parity bit, odd over the second (26 and 34)."""
    length = len(bits)
    if length not in lengths:
        return Reject("length", length)
    half = length // 2
    if sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
        return Reject("parity", length)
    number = 0
    for bit in bits[1:-1]:
        number = number << 1 | bit
    return Card(length, number)


class Lines:
    """Makes pulses of the edges of both lines, and sees where they are low together."""

    def __init__(self) -> None:
        self._fell: list[float | None] = [None, None]

    def pulses(self, edges: Iterable[Edge]) -> list[Pulse]:
        """The pulses that began with these edges, in the order of time."""
        found = []
        # A rise at the same moment as the other line's fall comes first.
        for at, bit, rose in sorted(edges, key=lambda edge: (edge.at, not edge.rose)):
            if rose:
                self._fell[bit] = None
                continue
            other = self._fell[1 - bit]
            alone = other is None or at - other > LONGEST_PULSE_S
            self._fell[bit] = at
            found.append(Pulse(at, bit, alone))
        return found


class Assembler:
    """Puts pulses together by their own times; they may come in batches and out of order."""

    def __init__(self, lengths: Iterable[int] = LENGTHS) -> None:
        self._lengths = tuple(lengths)
        self._pulses: list[Pulse] = []
        self._overflow = 0

    def add(self, pulses: list[Pulse]) -> Iterator[Card | Reject]:
        """New pulses; yields the frames that silence within them has ended."""
        for pulse in sorted(pulses):
            if self._pulses and pulse.at - self._pulses[-1].at > SILENCE_S:
                yield from self.end()
            if len(self._pulses) < MOST_PULSES:
                self._pulses.append(pulse)
            else:
                self._pulses[-1] = pulse
                self._overflow += 1

    def end(self) -> Iterator[Card | Reject]:
        """The frame in hand, once nothing has come for the time of silence."""
        if self._pulses:
            pulses, extra = sorted(self._pulses), self._overflow
            self._pulses, self._overflow = [], 0
            if extra:
                yield Reject("length", len(pulses) + extra)
            elif not all(pulse.alone for pulse in pulses):
                yield Reject("overlap", len(pulses))
            else:
                yield parse([pulse.bit for pulse in pulses], self._lengths)

    @property
    def complete(self) -> bool:
        """Whether the frame in hand has as many bits as a card."""
        return len(self._pulses) in self._lengths

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun that silence has not ended."""
        return bool(self._pulses)
