"""Steps and spikes: a gap between the readings before and after, that no sibling shares."""

from collections.abc import Sequence

from collectors.faults import figures as f
from collectors.faults.level import median
from collectors.faults.track import Track


def watch(track: Track) -> None:
    """Set the size of movement from which on a reading is looked at more closely."""
    track.limit = 0.8 * min(f.STEP, f.STEP_BACK) * (0.8 * track.fast + track.large)


def step(track: Track, tracks: Sequence[Track], number: int) -> float:
    """The score of the candidate that has its three readings after, signed; 0 where it is none.

    A step is real where the smallest reading after lies above the largest before (or the other
    way round), less what siblings moved, in units of the sensor's own movement.
    """
    before, after = track.before, track.after
    assert before is not None
    up = median(after) > median(before)
    gap = min(after) - max(before) if up else min(before) - max(after)
    if gap <= 0:
        return 0.0
    shared = _shared(track, tracks, number, up)
    if shared > f.STEP_TOGETHER * gap or gap < f.STEP_SCALES * (track.scale or 0.0):
        return 0.0
    gap -= f.STEP_SHARED * shared
    score = gap / (track.fast + track.large + track.unit)
    if score <= f.STEP_BACK:
        return 0.0
    if score <= max(f.STEP_BACK, f.STEP * (1 - f.STEP_BACK_EASE * _back(track, gap, up))):
        return 0.0
    return score if up else -score


def lone_step(track: Track) -> float:
    """The score of a step that no sibling can speak to: far beyond all that the sensor ever did
    between two readings, with quiet before and after; heat does not come like that."""
    before, after = track.before, track.after
    assert before is not None
    up = median(after) > median(before)
    gap = min(after) - max(before) if up else min(before) - max(after)
    quiet = max(max(before) - min(before), max(after) - min(after))
    score = gap / (track.fast + track.large + track.unit)
    if score < f.STEP_ALONE or quiet > f.STEP_QUIET * gap:
        return 0.0
    return score if up else -score


def is_back(track: Track, score: float) -> bool:
    """Whether a step of this sign brought a deviating sensor back."""
    before, after = track.before, track.after
    assert before is not None
    return _back(track, abs(median(after) - median(before)), score > 0) > f.STEP_BACK_SHARE


def _back(track: Track, gap: float, up: bool) -> float:
    """The share of a step that a deviation from the siblings explains, which it takes back."""
    sign = -1 if up else 1
    deviation, residual = sign * track.deviation, sign * (track.residual or 0.0)
    return (deviation + residual) / (2 * gap) if min(deviation, residual) > 0 else 0.0


def _shared(track: Track, tracks: Sequence[Track], number: int, up: bool) -> float:
    """How far the second most moving sibling went the same way within half an hour."""
    moves = []
    for other in tracks:
        if other is track or len(other.history) < 4:
            continue
        if other.opened is not None and other.opened.start < track.left - 3 * track.period:
            continue
        if track.at - other.at < 1800 and other.history[0][0] >= number - 8:
            now = median((other.value, other.previous, other.twice))
            move = now - other.history[0][1]
            moves.append(move if up else -move)
    if not moves:
        return 0.0
    moves.sort()
    return max(0.0, moves[-2] if len(moves) >= 3 else moves[len(moves) // 2])


def spike(track: Track) -> bool:
    """Whether the candidate was a spike: one or two readings far off, the third back."""
    before, after = track.before, track.after
    assert before is not None
    usual = median(before)
    unit = track.fast + track.large + track.unit
    height = after[0] - usual
    if abs(height) < f.SPIKE * unit or abs(after[2] - usual) > 0.3 * abs(height):
        return False
    if abs(before[2] - usual) > 0.3 * abs(height):
        return False
    spikes = [at for at in track.spikes if track.at - at < f.SPIKE_WITHIN]
    spikes.append(track.left)
    track.spikes = spikes[-f.SPIKE_COUNT :]
    return abs(height) >= f.SPIKE_LONE * unit or len(spikes) >= f.SPIKE_COUNT
