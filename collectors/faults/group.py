"""A group: sensors of one measurement that may be compared; closes bins and opens episodes."""

from collections.abc import Callable
from itertools import pairwise

from collectors.faults import figures as f
from collectors.faults import level, noise, steps
from collectors.faults.episode import Episode
from collectors.faults.opened import Opened
from collectors.faults.silence import Silence
from collectors.faults.track import Track

Limits = tuple[float | None, float | None, tuple[float, ...]]
NO_LIMITS: Limits = (None, None, ())
DAY = 86400.0
POWER_ON = 85.0
POWER_ON_NEAR = 5.0
"""85.0 is a DS18B20's power-on value, unless the value before was as hot."""


class Group:
    """Takes readings in the order of their time; memory is constant for each sensor."""

    def __init__(
        self,
        tell: Callable[[Episode], None],
        limits: Limits = NO_LIMITS,
        *,
        alike: bool = True,
        inert: bool = True,
        habits: bool = True,
        silence: Silence | None = None,
        everyone: list[Track] | None = None,
    ) -> None:
        """`alike`: the sensors share what they measure, so their levels may be compared. Where
        they do not, such as in fridges, only each one's own habits are judged. `inert`: what is
        measured cannot truly jump from one reading to the next, as temperature. Without `habits`
        only silence and values that cannot be are told. Groups may share who watches silence."""
        self._tell = tell
        self._alike = alike
        self._inert = inert
        self._habits = habits
        self._everyone: list[Track] = [] if everyone is None else everyone
        self._low, self._high, self._errors = limits
        self.tracks: dict[str, Track] = {}
        self._all: list[Track] = []
        self._pattern = noise.Pattern()
        self._silence = silence or Silence(tell)
        self._number: int | None = None
        self._pulse: list[tuple[int, float]] = []
        """Where the group as a whole was in the last six hours."""
        self._due = float("inf")
        self.now = float("-inf")

    def observe(self, name: str, at: float, value: float) -> Track:
        """One reading; one that is not newer than the sensor's last changes nothing."""
        track = self.tracks.get(name)
        if track is None:
            track = self.tracks[name] = Track(name)
            self._all.append(track)
            self._everyone.append(track)
        if at >= self._due or self._number is None:
            self._advance(at)
        if at <= track.at:
            return track
        if at > self.now:
            self.now = at
        if track.away:
            self._silence.heard(track, at)
        if self._refused(track, at, value):
            return track
        track.take(at, value)
        if track.tell:
            self._look(track)
        return track

    def finish(self, ended: bool = False) -> None:
        """Close what is open, at the end of the readings."""
        if self._number is not None:
            self._close(self._number)
        for track in self._all:
            self._end(track)
        if self._everyone[:1] == self._all[:1]:  # once, by the group of the first sensor
            self._silence.finish(self._everyone, max(t.at for t in self._everyone), ended)

    def _refused(self, track: Track, at: float, value: float) -> bool:
        """Whether a value cannot be; it then teaches nothing."""
        if value in self._errors:
            near = value == POWER_ON and track.seen and abs(value - track.value) <= POWER_ON_NEAR
            if not near:
                self._open(track, at, at).errors += 1
                track.opened.evidence["value"] = value  # type: ignore[union-attr]
                track.at = at
                return True
        if (self._low is not None and value < self._low) or (
            self._high is not None and value > self._high
        ):
            opened = self._open(track, at, at)
            opened.outside += 1
            opened.evidence["value"] = value
            track.at = at
            return True
        return False

    def _advance(self, at: float) -> None:
        number = int(at // f.BIN)
        if self._number is not None and number > self._number:
            self._close(self._number)
            self._silence.check(self._everyone, at)
        self._number = max(number, self._number or number)
        self._due = (self._number + 1) * f.BIN

    def _close(self, number: int) -> None:
        active = [track for track in self._all if track.bin == number and track.values]
        if active and self._habits:
            noise.judge(self._all, active, number, self._pattern)
            level.judge(self._all, active, number, self._alike)
            self._pulse.append((number, level.median([track.centred for track in active])))
            if len(self._pulse) > level.MEMORY:
                self._pulse.pop(0)
            for track in active:
                if self._switched(track):
                    track.noise_score = 0.0
                self._judge(track)
                steps.watch(track)
                track.values = []
        for track in self._all:
            if track.opened is not None and (track.bin != number or track.at < number * f.BIN):
                self._count_quiet(track, number)

    def _count_quiet(self, track: Track, number: int) -> None:
        """An episode of refused values only has no bins of its own."""
        opened = track.opened
        if opened is not None and number * f.BIN > opened.at and track.at > opened.at:
            track.quiet += 1
            if track.quiet >= f.GOOD_BINS:
                self._end(track)

    def _judge(self, track: Track) -> None:
        opened = track.opened
        warm = track.bins > f.WARM_BINS
        frozen = self._frozen(track)
        noisy = warm and track.noise_score > (f.NOISE_END if opened and opened.noisy else 1.0)
        displaced = opened is not None and (opened.off > 0 or bool(opened.step))
        off = warm and track.level_score > (f.LEVEL_END if displaced else 1.0)
        if frozen or noisy or off:
            track.quiet = 0
            since = track.since if frozen else track.at - f.NOISE_BINS * f.BIN / 2
            opened = self._open(track, max(track.first, since), track.at)
            opened.frozen += frozen
            opened.noisy += noisy
            if off:
                self._note_off(track, opened)
            self._note(track, opened)
        elif opened is not None and opened.held > 0:
            opened.held -= 1
        elif opened is not None:
            track.quiet += 1
            if track.quiet >= f.GOOD_BINS:
                self._end(track)
        track.suspect = (
            track.opened is not None
            or track.noise_score > f.SUSPECT
            or track.level_score > f.SUSPECT
        )

    def _frozen(self, track: Track) -> bool:
        lasts = track.at - track.since
        if (
            track.equal <= f.FROZEN_COUNT
            or lasts <= f.FROZEN_SECONDS
            or lasts <= f.FROZEN_TIMES * track.longest
        ):
            return False
        if track.opened is not None and track.opened.frozen:
            return True
        known = track.at - track.first > DAY
        moved = self._moved(track)
        if moved is None:
            return lasts > (f.FROZEN_ALONE if known else f.FROZEN_NEW)
        return moved >= (f.FROZEN_MOVED if known else f.FROZEN_MOVED_NEW) * track.unit

    def _switched(self, track: Track) -> bool:
        return len(self._all) < 3 and track.own > f.SWITCHED

    def _moved(self, track: Track) -> float | None:
        """How far the others went since the run of equal readings began; None where none speak."""
        since = track.since // f.BIN
        values = [value for number, value in self._pulse if number >= since]
        if not self._alike or len(self._all) < 3 or len(values) < 2:
            return None
        return max(values) - min(values)

    def _note_off(self, track: Track, opened: Opened) -> None:
        if not opened.off and not opened.step:
            opened.grown = _grown(track)
        opened.off += 1
        now = abs(track.moved[-1][1]) if track.moved else 0.0
        opened.rising += now > opened.last_off
        opened.most = max(opened.most, now)
        opened.least = min(opened.least, now)
        opened.above += track.deviation > 0
        opened.last_off = now

    def _note(self, track: Track, opened: Opened) -> None:
        opened.bins += 1
        evidence = opened.evidence
        if opened.frozen:
            evidence["equal_readings"] = track.equal
            evidence["for_min"] = round((track.at - track.since) / 60)
            evidence["longest_usual_min"] = round(track.longest / 60)
        if opened.noisy and track.excess is not None:
            evidence["noise_score"] = round(track.noise_score, 2)
        if opened.off:
            evidence["off_by"] = round(track.deviation, 3)
            evidence["usual_spread"] = round(track.scale or 0.0, 3)

    def _look(self, track: Track) -> None:
        """A movement has its three readings after: a step, a spike, or nothing."""
        assert self._number is not None
        if track.bins > f.WARM_BINS:
            score = 0.0
            if self._alike and len(self._all) >= 3:
                score = steps.step(track, self._all, self._number)
            elif self._inert and not self._switched(track):
                score = steps.lone_step(track)
            if score:
                back = steps.is_back(track, score)
                start = _began(track) if back else track.left
                opened = self._open(track, start, track.at)
                if not opened.step:
                    opened.back, opened.grown = back, back and _grown(track)
                opened.step = score
                opened.held = 0 if back else f.STEP_HELD
                opened.evidence["step"] = round(track.after[-1] - track.before[-1], 3)  # type: ignore[index]
                track.quiet = 0
            elif steps.spike(track):
                opened = self._open(track, track.left, track.at)
                opened.spikes += 1
                opened.evidence["height"] = round(track.after[0] - track.before[-1], 3)  # type: ignore[index]
        track.before, track.tell = None, False

    def _open(self, track: Track, start: float, at: float) -> Opened:
        if track.opened is None:
            track.opened = Opened(start, at)
            track.quiet = 0
        track.opened.at = max(track.opened.at, at)
        return track.opened

    def _end(self, track: Track) -> None:
        if track.opened is not None:
            self._tell(track.opened.episode(track.name))
            track.opened = None
            track.quiet = 0


def _grown(track: Track) -> bool:
    """Whether the deviation came little by little over hours: no half hour brought most of it."""
    moved = [off for _, off in track.moved[-21:]]
    means = [sum(moved[i : i + 3]) / 3 for i in range(len(moved) % 3, len(moved), 3)]
    if len(means) < 3:
        return False
    sign = 1 if means[-1] > 0 else -1
    least = min(sign * mean for mean in means)
    total = sign * means[-1] - least
    rises = [sign * (b - a) for a, b in pairwise(means)]
    return total > 0.5 * abs(means[-1]) and max(rises) < 0.7 * total


def _began(track: Track) -> float:
    """When the deviation that ended now had begun, as far as six hours back."""
    if not track.moved:
        return track.left
    sign = 1 if track.moved[-1][1] > 0 else -1
    least = 0.3 * sign * track.moved[-1][1]
    start = track.left
    for number, off in reversed(track.moved):
        if sign * off < least:
            break
        start = min(start, (number + 1) * f.BIN)
    return start
