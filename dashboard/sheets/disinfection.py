"""Disinfection cycles of a cabinet from its temperature: valid, too short or too cool; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.sheets.day import GAP_PERIODS, Seen
from devices.model import Reading

WARM_SHARE = 0.5
"""A cycle begins and ends where the cabinet passes half of its set point: well above a kitchen,
well below what disinfects."""


class Outcome(StrEnum):
    VALID = "valid"
    TOO_SHORT = "too-short"
    TOO_COOL = "too-cool"
    RUNNING = "running"
    UNKNOWN = "unknown"
    """Data are missing in the middle of it, so it cannot be said."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """`held` is the longest stretch on end at the set point or above."""

    start: datetime
    end: datetime
    peak: Seen
    held: timedelta
    outcome: Outcome


def cycles(
    readings: Sequence[Reading],
    now: datetime,
    *,
    setpoint: float,
    hold: timedelta,
    period: timedelta,
) -> tuple[Cycle, ...]:
    """The cycles in `readings` (in order of time). One that is still warm at `now` is running."""
    seen = [Seen(float(r.value), r.at) for r in readings if r.quality.usable]
    return tuple(_cycle(run, now, setpoint, hold, period) for run in _warm_runs(seen, setpoint))


def _warm_runs(seen: Sequence[Seen], setpoint: float) -> Iterator[list[Seen]]:
    run: list[Seen] = []
    for each in seen:
        if each.value >= WARM_SHARE * setpoint:
            run.append(each)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _cycle(
    run: Sequence[Seen], now: datetime, setpoint: float, hold: timedelta, period: timedelta
) -> Cycle:
    peak = max(run, key=lambda s: s.value)
    held, gap = _held(run, setpoint, period)
    if held >= hold:
        outcome = Outcome.VALID
    elif now - run[-1].at <= GAP_PERIODS * period:
        outcome = Outcome.RUNNING
    elif gap:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.TOO_COOL if peak.value < setpoint else Outcome.TOO_SHORT
    return Cycle(run[0].at, run[-1].at, peak, held, outcome)


def _held(run: Sequence[Seen], setpoint: float, period: timedelta) -> tuple[timedelta, bool]:
    """The longest stretch at the set point without a gap, and whether the run has gaps."""
    longest, since, before, gap = timedelta(0), None, None, False
    for each in run:
        if before is not None and each.at - before > GAP_PERIODS * period:
            gap, since = True, None
        if each.value < setpoint:
            since = None
        else:
            since = since or each.at
            longest = max(longest, each.at - since)
        before = each.at
    return longest, gap
