"""Waveform: the effective value of an alternating voltage from samples of it (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDEST_GAP = 1 / 12
"""Of a period: samples further apart than this do not show its shape."""


@dataclass(frozen=True, slots=True)
class Wave:
    """In the samples' unit: the effective value around `bias`, and the outermost samples."""

    rms: float
    bias: float
    low: float
    high: float


def measure(samples: Sequence[tuple[float, float]], period: float) -> Wave:
    """The wave of (seconds, value) samples of at least one whole `period`, at uneven times.

    All periods are laid over each other, so that a pause in one is filled by the others, and the
    straight lines between neighbours are integrated over exactly one period: no window, no even
    spacing, any harmonics. Raises ValueError where a part of the period has no sample.
    """
    start = samples[0][0] if samples else 0.0
    folded = sorted(((at - start) % period, value) for at, value in samples)
    if not folded or samples[-1][0] - start < period:
        raise ValueError("not one whole period was sampled")
    around = [*folded, (folded[0][0] + period, folded[0][1])]
    steps = [(b[0] - a[0], a[1], b[1]) for a, b in pairwise(around)]
    if max(step[0] for step in steps) > period * WIDEST_GAP:
        raise ValueError("a part of the period was not sampled")
    bias = sum(width * (a + b) / 2 for width, a, b in steps) / period
    square = sum(
        width * ((a - bias) ** 2 + (a - bias) * (b - bias) + (b - bias) ** 2) / 3
        for width, a, b in steps
    )
    values = [value for _, value in folded]
    return Wave(math.sqrt(square / period), bias, min(values), max(values))
