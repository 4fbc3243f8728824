"""What is remembered of one sensor, a few numbers; the cheap part of each reading."""

from math import exp, log

from collectors.faults.figures import BIN, LARGE_RATE, LARGE_SHARE, LONGEST_PAUSE, SPARSE
from collectors.faults.hours import Hours
from collectors.faults.opened import Opened

_UP = 1 + LARGE_SHARE * LARGE_RATE
_DOWN = 1 - (1 - LARGE_SHARE) * LARGE_RATE
NEVER = -1e18


class Track:
    """One sensor. `take` costs the same for every reading; bins are worked on by the group."""

    __slots__ = (
        "after", "again", "at", "away", "before", "bin", "bins", "centred", "deviation",
        "equal", "excess", "excess_bin", "fast", "first", "heard", "history", "hours_level",
        "hours_noise", "informative", "kept", "large", "last_bin", "left", "level",
        "level_score", "limit", "line", "log_sum", "logs", "longest", "moved", "name",
        "noise", "noise_score", "noises", "offset", "opened", "own", "own_mean", "pairs",
        "pause", "period", "previous", "products", "quiet", "residual", "residuals",
        "scale", "seen", "since", "spikes", "squares", "suspect", "tell", "thin_at",
        "thin_move", "thin_value", "trembling", "twice", "unit", "usual_level", "value",
        "values", "white",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self._forget_readings()
        self._forget_bins()

    def _forget_readings(self) -> None:
        self.at, self.value, self.first = NEVER, 0.0, NEVER
        self.previous, self.twice = 0.0, 0.0
        """The two readings before the newest."""
        self.heard = (NEVER, NEVER, NEVER)
        self.seen = 0
        self.period = 0.0
        self.pause = 0.0
        """The longest usual time between two readings."""
        self.equal, self.since, self.longest, self.unit = 1, NEVER, 0.0, 0.0
        self.fast, self.large, self.limit = 0.0, 0.0, float("inf")
        """Recent movement; the size that 2 % of movements exceed; what asks for a look."""
        self.before: tuple[float, float, float] | None = None
        self.after: list[float] = []
        self.left = NEVER
        self.spikes: list[float] = []
        self.tell = False
        self.away = False
        """Told to be silent."""

    def _forget_bins(self) -> None:
        self.thin_at, self.thin_value, self.thin_move = NEVER, 0.0, float("nan")
        self.again = NEVER
        self.bin = -1
        self.values: list[float] = []
        self.log_sum, self.logs, self.products, self.squares = 0.0, 0, 0.0, 1e-12
        self.last_bin, self.bins = -99, 0
        self.noise: float | None = None
        self.hours_noise, self.hours_level = Hours(), Hours()
        self.noises: list[tuple[int, float, float, int, float, float]] = []
        self.excess: float | None = None
        self.trembling = 0.0
        self.excess_bin, self.white, self.noise_score = -99, 0.5, 0.0
        self.line = 0.0
        self.level, self.centred, self.kept = 0.0, 0.0, 0.0
        self.offset: float | None = None
        self.residual: float | None = None
        self.residuals: list[tuple[int, float]] = []
        self.history: list[tuple[int, float]] = []
        """Levels of the last four bins."""
        self.moved: list[tuple[int, float]] = []
        """Deviations of the last six hours."""
        self.scale: float | None = None
        self.own, self.own_mean, self.informative = 0.0, 0.0, False
        self.usual_level, self.deviation, self.level_score = 0.0, 0.0, 0.0
        self.pairs: dict[str, float] = {}
        self.suspect = False
        self.quiet = 0
        self.opened: Opened | None = None

    def take(self, at: float, value: float) -> None:
        """One reading; its time is later than that of the one before."""
        gap = at - self.at
        move = value - self.value
        size = abs(move)
        if self.seen:
            if not self.period:
                self.period = gap
            elif gap < 5 * self.period:
                self.period += 0.02 * (gap - self.period)
            else:
                self.period *= 1.002
            if move:
                if self.at - self.since > self.longest and self.opened is None:
                    self.longest = self.at - self.since
                self.equal, self.since = 1, at
                if size < self.unit or not self.unit:
                    self.unit = size
            else:
                self.equal += 1
            if gap < 3 * self.period:
                if self.before is not None:
                    self.after.append(value)
                    self.tell = len(self.after) >= 3
                elif size > self.limit and self.seen > 12 and at - self.heard[0] < 9 * self.period:
                    self.before = (self.twice, self.previous, self.value)
                    self.after = [value]
                    self.left = at
                if not self.fast:
                    self.fast, self.large = size, max(size, 1e-9)
                else:
                    if self.opened is None:
                        self.large *= _UP if size > self.large else _DOWN
                    self.fast += 0.12 * (
                        min(size, 4 * self.fast + 0.1 * (self.scale or 0.1)) - self.fast
                    )
            else:
                self.before = None
                if gap > 5 * self.period:
                    self.equal, self.since = 1, at  # what was in between is not known
                    self.pause = max(0.9 * self.pause, min(gap, LONGEST_PAUSE))
        else:
            self.first = self.since = at
        self.seen += 1
        self.twice, self.previous = self.previous, self.value
        self.heard = (self.heard[1], self.heard[2], at)
        self.at, self.value = at, value
        if at >= self.again:
            self._keep(at, value)

    def _keep(self, at: float, value: float) -> None:
        """A reading that goes into the statistics."""
        self.again = at + SPARSE - 1e-6 if self.period < SPARSE else at
        number = int(at // BIN)
        if number != self.bin:
            self.bin, self.values = number, []
            self.log_sum, self.logs, self.products, self.squares = 0.0, 0, 0.0, 1e-12
        if at - self.thin_at < 3 * max(self.period, SPARSE):
            move = value - self.thin_value
            if self.thin_move == self.thin_move:
                least = 0.5 * self.unit if self.unit else 1e-3
                if self.noise is not None:
                    usual = exp(self.noise)
                    least = max(least, 0.1 * usual)
                    cut = 4 * usual
                    now, then = max(-cut, min(cut, move)), max(-cut, min(cut, self.thin_move))
                    self.products -= now * then
                    self.squares += now * now
                self.log_sum += log(abs(move - self.thin_move) + least)
                self.logs += 1
            self.thin_move = move
        else:
            self.thin_move = float("nan")
        self.thin_at, self.thin_value = at, value
        self.values.append(value)
