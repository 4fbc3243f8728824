"""Level: is a sensor where its siblings, each freed of its usual difference, say it should be."""

from collections.abc import Sequence

from collectors.faults import figures as f
from collectors.faults.hours import between
from collectors.faults.track import Track

OFFSET = 0.01
"""Share of a bin in a sensor's usual difference from its siblings: about 17 hours."""
FLOOR = 0.1
SIBLINGS = 24
"""A sensor is compared with so many of the newest at most; more tell nothing new."""
MEMORY = 36
START_SCALE = 0.3


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) & 1 else (ordered[half - 1] + ordered[half]) / 2


def weighted_median(pairs: list[tuple[float, float]]) -> float:
    """The value below which half of the weight lies."""
    pairs.sort()
    half = sum(weight for _, weight in pairs) / 2
    gathered = 0.0
    for value, weight in pairs:
        gathered += weight
        if gathered >= half:
            return value
    return pairs[-1][0]


def judge(
    tracks: Sequence[Track], active: Sequence[Track], number: int, alike: bool = True
) -> None:
    """Set `level_score` (1: alarm) and `deviation` of those in bin `number`, and learn."""
    for track in active:
        _close(track, number)
    if not alike:
        return
    recent = [track for track in tracks if track.last_bin >= number - f.RECENT_BINS]
    for track in recent:
        track.centred = track.level - (track.offset or 0.0)
    rooted = any(track.offset is not None for track in tracks)
    for track in active:
        siblings = _siblings(track, recent)
        voices = _voices(track, siblings)
        track.residual = None
        if not voices:
            if track.offset is None and not rooted:
                track.offset, track.centred, rooted = track.level, 0.0, True
            continue
        reference = weighted_median(voices)
        if track.offset is None:
            track.offset = track.level - reference
            track.centred = reference
        track.residual = track.centred - reference
        if track.scale is None:
            track.scale = max(abs(track.residual), START_SCALE)
        healthy = sum(other.opened is None for other in siblings)
        if healthy >= 2 or (healthy and track.opened is not None):
            _score(track, siblings, number)
        else:
            track.level_score = track.deviation = 0.0


def _close(track: Track, number: int) -> None:
    track.level = median(track.values)
    track.last_bin = number
    track.bins += 1
    track.history.append((number, track.level))
    if len(track.history) > 4:
        track.history.pop(0)
    if track.bins == 1:
        track.own_mean = track.level
    off = abs(track.level - track.own_mean)
    if track.opened is None:
        track.own_mean += max(OFFSET, 1 / track.bins) * (track.level - track.own_mean)
        track.own += max(OFFSET / 2, 1 / (track.bins + 1)) * (1.25 * off - track.own)


def _siblings(track: Track, recent: Sequence[Track]) -> list[Track]:
    found = [other for other in recent if other is not track and other.offset is not None]
    return found if len(found) <= SIBLINGS else _nearest(track, found)


def _nearest(track: Track, found: list[Track]) -> list[Track]:
    """Those who went with it so far; the first ones while nothing is known."""
    known = [other for other in found if other.name in track.pairs]
    if len(known) < SIBLINGS:
        known += [other for other in found if other.name not in track.pairs]
    return known[:SIBLINGS]


def _voices(track: Track, siblings: Sequence[Track]) -> list[tuple[float, float]]:
    """What each sibling says, and how much its word counts: by how well it went along so far,
    and little while it is off or broken itself."""
    floor = FLOOR * (track.scale or 1.0) + 1e-3
    voices = []
    for other in siblings:
        weight = (track.pairs.get(other.name, 1.0) + floor) ** -2
        off = abs(other.deviation) / ((2 * (other.scale or 1.0) + 0.2) * 1.5)
        weight /= 1 + off**4
        if other.opened is not None:
            weight *= 0.02
        elif other.suspect:
            weight *= 0.2
        voices.append((other.centred, weight))
    return voices


def _score(track: Track, siblings: Sequence[Track], number: int) -> None:
    assert track.residual is not None and track.scale is not None
    hours, scale, residual = track.hours_level, track.scale, track.residual
    first, second, share = between(number * f.BIN)
    usual = (1 - share) * _expected(track, first) + share * _expected(track, second)
    spread = max(
        _spread(track, first), _spread(track, second),
        0.7 * _spread(track, first - 1), 0.7 * _spread(track, (second + 1) % 24),
    )  # fmt: skip
    track.usual_level, track.kept, track.line = usual, track.centred - usual, number
    track.residuals.append((number, residual))
    while track.residuals[0][0] <= number - f.LEVEL_BINS:
        track.residuals.pop(0)
    track.moved.append((number, residual - usual))
    if len(track.moved) > MEMORY:
        track.moved.pop(0)
    track.informative = scale < f.INFORMATIVE * track.own or track.opened is not None
    track.level_score, track.deviation = 0.0, 0.0
    off = residual - usual
    if len(track.residuals) >= 3:
        mean = sum(value for _, value in track.residuals) / len(track.residuals)
        track.deviation = mean - usual
        days = min(hours.seen[first], hours.seen[second])
        limit = (f.LEVEL_SCALES + f.LEVEL_UNKNOWN / (1 + days)) * (scale + FLOOR)
        track.level_score = (abs(track.deviation) - f.LEVEL_SPREADS * spread) / limit
    new = f.LEVEL_NEW * track.own / (1 + min(hours.seen[first], hours.seen[second]))
    far = f.FAR_SCALES * (scale + FLOOR + new) + f.FAR_SPREADS * spread
    if track.bins > f.WARM_BINS and abs(off) > far:
        track.level_score = max(track.level_score, 1.01)
        track.deviation = off
    if (track.level_score > 1 and track.opened is None) and (
        not track.informative or _vouched(track, siblings, number, off, abs(off) > far)
    ):
        track.level_score = 0.99
    _learn(track, siblings, number)


def _expected(track: Track, hour: int) -> float:
    seen = track.hours_level.seen[hour]
    return track.hours_level.value[hour] * seen / (seen + 1)


def _spread(track: Track, hour: int) -> float:
    seen = track.hours_level.seen[hour]
    return (1.25 * track.hours_level.spread[hour] * seen + 2 * (track.scale or 0.0)) / (seen + 2)


def _vouched(
    track: Track, siblings: Sequence[Track], number: int, off: float, far: bool
) -> bool:  # fmt: skip
    """Whether siblings went the same way: then it is weather, or the reference that is broken."""
    asked = agreeing = 0
    for other in siblings:
        if other.opened is not None or other.line < number - f.RECENT_BINS:
            continue
        asked += 1
        agreeing += abs(track.kept - other.kept) < f.AGREE * abs(off)
    if asked < f.FEW:
        return agreeing >= 1
    return agreeing >= max(1.0, asked / (2.2 if far else 3.0))


def _learn(track: Track, siblings: Sequence[Track], number: int) -> None:
    assert track.residual is not None and track.scale is not None and track.offset is not None
    weight = 1.0
    if track.opened is not None:
        weight = f.SLOW
    elif track.level_score > f.SUSPECT:
        weight = f.SLOWER
    limit = 3 * (track.scale + 0.05)
    news = max(-limit, min(limit, track.residual))
    track.offset += max(OFFSET, 1 / (track.bins + 1)) * weight * news
    rate = max(OFFSET / 2, 1 / (track.bins + 2)) * weight
    track.scale += rate * (1.25 * abs(news) - track.scale)
    hour = int(number * f.BIN % 86400 // 3600)
    track.hours_level.add(hour, track.residual, weight, 0.0, 3 * track.scale)
    if track.opened is not None:
        return
    pairs = track.pairs
    for other in siblings:
        if other.opened is None:
            apart = abs(track.centred - other.centred)
            usual = pairs.get(other.name)
            if usual is None:
                pairs[other.name] = apart
            else:
                pairs[other.name] = usual + 0.02 * (min(apart, 4 * usual + 0.2) - usual)
