"""Noise: is a sensor's trembling beyond what it, at this hour, and its siblings now, usually do."""

from collections.abc import Sequence
from math import log

from collectors.faults import figures as f
from collectors.faults.hours import Hours, between
from collectors.faults.track import Track

PRIOR = 1.5
"""The group's pattern of the day stands for so many days of an hour."""
GROUP_PRIOR = 0.5
OVERALL = 0.007
"""Share of a bin in the sensor's overall noise: about a day."""
LIMIT = 2.0


class Pattern:
    """How noise goes over the day in the whole group, for those who have not seen a day yet."""

    def __init__(self) -> None:
        self.value = [0.0] * 24
        self.seen = [0.0] * 24

    def learn(self, hour: int, off: float, members: int) -> None:
        self.value[hour] += 0.1 * (max(-1.5, min(1.5, off - self.value[hour])))
        self.seen[hour] += 1 / max(1, members)


def judge(tracks: Sequence[Track], active: Sequence[Track], number: int, pattern: Pattern) -> None:
    """Set `noise_score` (1: alarm) of those with data in bin `number`, and learn."""
    at = number * f.BIN
    first, second, share = between(at)
    means: list[tuple[Track, float]] = []
    for track in active:
        if not track.logs:
            track.excess = None
            continue
        mean = track.log_sum / track.logs
        if track.noise is None:
            track.noise = mean
        usual = (1 - share) * _usual(track, first, pattern) + share * _usual(track, second, pattern)
        _gather(track, number, mean, mean - usual)
        means.append((track, mean))
    excesses = sorted(
        (track.excess, track.name, track.opened is not None, track.trembling)
        for track in tracks
        if track.excess is not None and track.excess_bin >= number - f.RECENT_BINS
    )
    for track, mean in means:
        others = [e for e, name, broken, _ in excesses if not broken and name != track.name]
        near = sorted(t for _, name, broken, t in excesses if not broken and name != track.name)
        beyond = len(near) >= 3 and track.trembling > near[-2] + f.NOISE_BEYOND
        track.noise_score = _score(track, others, beyond, between(at), pattern)
        _learn(track, mean, int(at % 86400 // 3600), pattern, len(tracks))


def _usual(track: Track, hour: int, pattern: Pattern) -> float:
    hours = track.hours_noise
    seen = hours.seen[hour]
    believed = (track.noise or 0.0) + pattern.value[hour]
    return (seen * hours.value[hour] + PRIOR * believed) / (seen + PRIOR)


def _gather(track: Track, number: int, mean: float, off: float) -> None:
    """The mean noise and excess of the last two hours, and how white it was."""
    noises, logs = track.noises, track.logs
    noises.append((number, mean * logs, off * logs, logs, track.products, track.squares))
    while noises[0][0] <= number - f.NOISE_BINS:
        noises.pop(0)
    whole, total, count, products, squares = 0.0, 0.0, 0, 0.0, 0.0
    for _, level, part, logs, product, square in noises:
        whole += level
        total += part
        count += logs
        products += product
        squares += square
    track.white = products / squares
    track.trembling = whole / count
    track.excess = total / count if count >= f.NOISE_LEAST else None
    track.excess_bin = number


def _score(
    track: Track,
    others: list[float],
    beyond: bool,
    moment: tuple[int, int, float],
    pattern: Pattern,
) -> float:
    first, second, share = moment
    if track.excess is None or track.trembling < log(track.unit or 1e-9):
        return 0.0  # flipping between two steps of the resolution
    hours: Hours = track.hours_noise
    days = min(hours.seen[first], hours.seen[second])
    days += GROUP_PRIOR * min(pattern.seen[first], pattern.seen[second], 10)
    limit = f.NOISE_EXCESS + (0.5 if beyond else 1.0) * f.NOISE_UNKNOWN / (1 + days)
    limit += f.NOISE_SPREAD * ((1 - share) * hours.spread[first] + share * hours.spread[second])
    shared = 0.0
    if len(others) >= 2:
        rank = min(len(others) - 1, int(f.NOISE_SIBLING_QUANTILE * len(others)))
        shared = min(f.NOISE_SHARED, max(0.0, others[rank]))
    smooth = f.WHITE_COST * max(0.0, f.WHITE_LEAST - track.white)
    return (track.excess - shared - smooth) / limit


def _learn(track: Track, mean: float, hour: int, pattern: Pattern, members: int) -> None:
    assert track.noise is not None
    weight = 1.0
    if track.opened is not None:
        weight = f.SLOW
    elif track.noise_score > f.SUSPECT:
        weight = f.SLOWER
    hours = track.hours_noise
    before = hours.hour
    prior = track.noise + pattern.value[before]
    learned = hours.add(hour, mean, weight, prior, LIMIT)
    if learned and track.opened is None:
        pattern.learn(before, learned - track.noise, members)
    rate = max(OVERALL, 1 / (track.bins + 1)) * (f.SLOW if track.opened is not None else 1.0)
    track.noise += rate * max(-1.5, min(1.5, mean - track.noise))
