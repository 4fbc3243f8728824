"""Wiegand frames: from timed pulses to card numbers, or to a reason why not (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass

SILENCE_S = 0.025
"""The end of a frame; gaps within one are at most 20 ms."""
LENGTHS = (26, 34)
MOST_PULSES = 256
"""Pulses kept of one frame: noise without pauses must not fill the memory."""


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
    """A frame that is none: `length` (with its pulses) or `parity`."""

    reason: str
    pulses: int


def parse(bits: list[int]) -> Card | Reject:
    """Even parity over the first half with its parity bit, odd over the second (26 and 34)."""
    length = len(bits)
    if length not in LENGTHS:
        return Reject("length", length)
    half = length // 2
    if sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
        return Reject("parity", length)
    number = 0
    for bit in bits[1:-1]:
        number = number << 1 | bit
    return Card(length, number)


class Assembler:
    """Puts pulses together by their own times; they may come in batches and out of order."""

    def __init__(self) -> None:
        self._pulses: list[tuple[float, int]] = []
        self._overflow = 0

    def add(self, pulses: list[tuple[float, int]]) -> Iterator[Card | Reject]:
        """(seconds, bit) of new pulses; yields the frames that silence within them has ended."""
        for at, bit in sorted(pulses):
            if self._pulses and at - self._pulses[-1][0] > SILENCE_S:
                yield from self.end()
            if len(self._pulses) < MOST_PULSES:
                self._pulses.append((at, bit))
            else:
                self._pulses[-1] = (at, bit)
                self._overflow += 1

    def end(self) -> Iterator[Card | Reject]:
        """The frame in hand, once nothing has come for the time of silence."""
        if self._pulses:
            bits = [bit for _, bit in sorted(self._pulses)]
            extra, self._overflow = self._overflow, 0
            self._pulses = []
            yield Reject("length", len(bits) + extra) if extra else parse(bits)

    @property
    def complete(self) -> bool:
        """Whether the frame in hand has as many bits as a card."""
        return len(self._pulses) in LENGTHS

    @property
    def waiting(self) -> bool:
        """Whether a frame has begun that silence has not ended."""
        return bool(self._pulses)
