"""A unit's day from its readings: what it kept, where data are missing, when it left its range."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from devices.model import Reading

GAP_PERIODS = 2.5
"""Readings further apart than so many periods leave a gap; one late reading does not."""
SPOT_TOLERANCE = timedelta(minutes=10)
"""A scheduled entry takes the nearest reading within so long, else it stays empty."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Standard:
    """The range that a unit has to keep; None where that side is free. An excursion of up to
    `tolerated`, such as a defrost or a delivery, is shown but is no breach."""

    low: float | None
    high: float | None
    tolerated: timedelta = timedelta(0)

    def beyond(self, value: float) -> bool:
        too_low = self.low is not None and value < self.low
        return too_low or (self.high is not None and value > self.high)

    def distance(self, value: float) -> float:
        """How far beyond the range; negative within it."""
        over = value - self.high if self.high is not None else float("-inf")
        under = self.low - value if self.low is not None else float("-inf")
        return max(over, under)


@dataclass(frozen=True, slots=True)
class Seen:
    """One value and when."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of whole minutes without a usable value; `sensor` where unusable ones came."""

    start: datetime
    end: datetime
    sensor: bool = False

    @property
    def minutes(self) -> int:
        return (self.end - self.start) // _MINUTE


@dataclass(frozen=True, slots=True)
class Excursion:
    """A stretch beyond the range. `end` is when it was back, or the last value seen of it where
    data or the day ended first (`open`)."""

    start: datetime
    end: datetime
    worst: Seen
    open: bool = False

    @property
    def minutes(self) -> int:
        """Between the two times as the sheet prints them, to the minute."""
        return (_minute(self.end) - _minute(self.start)) // _MINUTE


class Verdict(StrEnum):
    GOOD = "good"
    BREACHED = "breached"
    INCOMPLETE = "incomplete"
    """Nothing was seen beyond the range, but data are missing."""
    NO_DATA = "no-data"
    UNUSED = "unused"
    """The standard did not count on that day: no food was served."""


@dataclass(frozen=True, slots=True)
class UnitDay:
    """`spots` are the scheduled entries in the order asked for; None where there was no value.

    `least`, `most` and `mean` are of the stretches in which the standard counts; `expected` and
    `received` count the whole minutes of the day. `brief` of the excursions were tolerated.
    """

    spots: tuple[Seen | None, ...]
    least: Seen | None
    most: Seen | None
    mean: float | None
    expected: int
    received: int
    gaps: tuple[Gap, ...]
    excursions: tuple[Excursion, ...]
    brief: tuple[Excursion, ...]
    verdict: Verdict


Stretch = tuple[datetime, datetime]


def unit_day(
    readings: Sequence[Reading],
    start: datetime,
    end: datetime,
    *,
    period: timedelta,
    standard: Standard,
    spots: Sequence[datetime] = (),
    judged: Sequence[Stretch] | None = None,
) -> UnitDay:
    """The day from `start` (in) to `end` (out, now for today) of a point of numbers.

    `readings` are in order of time. Values that a broken sensor gave count as missing. `judged`
    None: the standard counts all day.
    """
    seen = [Seen(float(r.value), r.at) for r in readings if r.quality.usable]
    gaps = tuple(_gaps(seen, readings, start, end, period))
    expected = max(0, (end - start) // _MINUTE)
    spans = [(start, end)] if judged is None else list(judged)
    beyond = [e for span in spans for e in _excursions(seen, span, period, standard)]
    excursions = tuple(e for e in beyond if e.end - e.start >= standard.tolerated)
    brief = tuple(e for e in beyond if e.end - e.start < standard.tolerated)
    counted = [s for s in seen if any(a <= s.at < b for a, b in spans)]
    missing = sum(gap.minutes for gap in gaps)
    return UnitDay(
        spots=tuple(_nearest(seen, at) for at in spots),
        least=min(counted, key=lambda s: s.value, default=None),
        most=max(counted, key=lambda s: s.value, default=None),
        mean=sum(s.value for s in counted) / len(counted) if counted else None,
        expected=expected,
        received=max(0, expected - missing) if seen else 0,
        gaps=gaps,
        excursions=excursions,
        brief=brief,
        verdict=_verdict(counted, gaps, excursions, spans),
    )


def _verdict(
    seen: Sequence[Seen], gaps: Sequence[Gap], excursions: Sequence[Excursion],
    spans: Sequence[Stretch],
) -> Verdict:  # fmt: skip
    if not seen:
        return Verdict.NO_DATA if spans else Verdict.UNUSED
    if excursions:
        return Verdict.BREACHED
    missing = any(gap.start < e and s < gap.end for gap in gaps for s, e in spans)
    return Verdict.INCOMPLETE if missing else Verdict.GOOD


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _nearest(seen: Sequence[Seen], at: datetime) -> Seen | None:
    near = min(seen, key=lambda s: abs(s.at - at), default=None)
    return near if near is not None and abs(near.at - at) <= SPOT_TOLERANCE else None


def _gaps(
    seen: Sequence[Seen], readings: Sequence[Reading], start: datetime, end: datetime,
    period: timedelta,
) -> Iterator[Gap]:  # fmt: skip
    """From the minute after the last value to the minute of the next one."""
    broken = [r.at for r in readings if not r.quality.usable]
    before = start - _MINUTE
    for after in (*(s.at for s in seen), None):
        reached = after if after is not None else end
        if reached - before > GAP_PERIODS * period:
            gap_start, gap_end = max(start, _minute(before) + _MINUTE), _minute(reached)
            if gap_end > gap_start:
                yield Gap(gap_start, gap_end, any(before < at < reached for at in broken))
        before = reached


def _excursions(
    seen: Sequence[Seen], span: Stretch, period: timedelta, standard: Standard
) -> Iterator[Excursion]:
    run: list[Seen] = []
    for each in (s for s in seen if span[0] <= s.at < span[1]):
        if run and each.at - run[-1].at > GAP_PERIODS * period:
            yield _excursion(run, run[-1].at, standard, cut=True)
            run = []
        if standard.beyond(each.value):
            run.append(each)
        elif run:
            yield _excursion(run, each.at, standard)
            run = []
    if run:
        yield _excursion(run, run[-1].at, standard, cut=True)


def _excursion(
    run: Sequence[Seen], until: datetime, standard: Standard, cut: bool = False
) -> Excursion:
    worst = max(run, key=lambda s: standard.distance(s.value))
    return Excursion(run[0].at, until, worst, cut)
