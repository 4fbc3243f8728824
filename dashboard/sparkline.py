"""Sparklines: a day of one point as SVG paths, with its limits, and gaps left as gaps; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.plan import Limit
from collectors.store import Bucket

WIDTH, HEIGHT, MARGIN = 240.0, 48.0, 4.0


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Paths in a box of WIDTH x HEIGHT; `bad` are the areas beyond the limits, as (y, height)."""

    line: str
    band: str
    limits: tuple[float, ...]
    bad: tuple[tuple[float, float], ...]
    low: float
    high: float
    width: float = WIDTH
    height: float = HEIGHT


def sparkline(
    buckets: Sequence[Bucket], start: datetime, end: datetime, count: int, limits: Sequence[Limit]
) -> Sparkline | None:
    """A picture of `buckets` between `start` and `end`, cut in `count`; None without data."""
    if not buckets:
        return None
    # One limit a side is drawn: the one that is met first.
    above = min((limit.value for limit in limits if limit.side == "above"), default=None)
    below = max((limit.value for limit in limits if limit.side == "below"), default=None)
    drawn = [value for value in (above, below) if value is not None]
    low = min([bucket.min for bucket in buckets] + drawn)
    high = max([bucket.max for bucket in buckets] + drawn)
    span = max(high - low, 1.0)
    seconds = (end - start).total_seconds()
    step = seconds / count

    def x(at: datetime) -> float:
        return ((at - start).total_seconds() + step / 2) / seconds * WIDTH

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (value - low) / span * (HEIGHT - 2 * MARGIN)

    line: list[str] = []
    band: list[str] = []
    for run in _runs(buckets, step):
        middle = [f"{x(b.at):.1f} {y(b.mean):.1f}" for b in run]
        line.append("M" + "L".join(middle if len(run) > 1 else middle * 2))
        upper = [f"{x(b.at):.1f} {y(b.max):.1f}" for b in run]
        lower = [f"{x(b.at):.1f} {y(b.min):.1f}" for b in reversed(run)]
        band.append("M" + "L".join(upper + lower) + "Z")
    bad = []
    if above is not None:
        bad.append((0.0, max(0.0, y(above))))
    if below is not None:
        bad.append((y(below), max(0.0, HEIGHT - y(below))))
    edges = tuple(round(y(value), 1) for value in drawn)
    return Sparkline("".join(line), "".join(band), edges,
                     tuple((round(a, 1), round(b, 1)) for a, b in bad), low, high)  # fmt: skip


def _runs(buckets: Sequence[Bucket], step: float) -> list[list[Bucket]]:
    """Buckets that follow each other; a missing bucket or two starts a new run."""
    runs: list[list[Bucket]] = []
    for bucket in buckets:
        if runs and (bucket.at - runs[-1][-1].at).total_seconds() <= step * 2.5:
            runs[-1].append(bucket)
        else:
            runs.append([bucket])
    return runs
