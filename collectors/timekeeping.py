"""Timekeeping: a node's own count of time, right or marked while the machine's clock is not (pure).

A Raspberry Pi has no clock of its own: after a power cut it begins at some time in the past until
NTP sets it. So a node counts from the kernel's monotonic clock, which never jumps; what is added to
that count, the base, is learnt from NTP or from the server. When it is learnt anew, everything that
was counted with another base can be given its true time.

Figures: an offset over 5 s is told and over 60 s is not believed (safety notes, §7).
"""

from dataclasses import dataclass
from datetime import datetime

from devices.model import ClockState, NodeFault, from_ms, to_ms

WARN_MS = 5_000
FAR_MS = 60_000
SETTLE_S = 600.0
"""A clock that jumped while NTP held it is believed after so long, if nobody contradicts it."""
AGREED_S = 3600.0
"""How long a comparison with the server's clock holds."""
TOLD_S = 3600.0
"""How long the status says that the clock had jumped, once it is clear what is true."""


@dataclass(frozen=True, slots=True)
class _Jump:
    since: float
    by_ms: int
    over: float | None = None


def ms(mono: float) -> int:
    """Monotonic seconds as whole milliseconds."""
    return round(mono * 1000)


class Timekeeper:
    """Monotonic seconds in, times out. `look` and `server_says` learn; True where the base is new
    or known again, so that what was taken before has to be mended."""

    def __init__(self, wall: datetime, mono: float, kernel: ClockState, floor: datetime) -> None:
        """`floor` is the newest time handed out before: an unset clock is later than that."""
        set_already = kernel is ClockState.SYNCED
        self.base = to_ms(wall if set_already else max(wall, floor)) - ms(mono)
        self._wall = to_ms(wall) - ms(mono)
        self._kernel = kernel
        self._known = set_already
        self._jump: _Jump | None = None
        self._server: tuple[float, int] | None = None

    def at(self, mono: float) -> datetime:
        """The time of a moment, by the present base."""
        return from_ms(self.base + ms(mono))

    def state(self, mono: float) -> ClockState:
        """Whether the times given now are right, as far as a node can know."""
        off = self._off_server(mono)
        if off is not None and abs(off) <= WARN_MS:
            return ClockState.SYNCED
        doubted = off is not None and abs(off) > FAR_MS
        held = self._kernel is ClockState.SYNCED and not self._jumping and not doubted
        return ClockState.SYNCED if held else ClockState.UNSYNCED

    @property
    def _jumping(self) -> bool:
        return self._jump is not None and self._jump.over is None

    def _off_server(self, mono: float) -> int | None:
        """Own time minus the server's, in ms; None where that was not compared lately."""
        if self._server is None or mono - self._server[0] > AGREED_S:
            return None
        return self._server[1]

    def look(self, wall: datetime, mono: float, kernel: ClockState) -> bool:
        """What the machine's clock and kernel say now."""
        before, was = self.state(mono), self._kernel
        now = to_ms(wall) - ms(mono)
        moved, self._wall, self._kernel = now - self._wall, now, kernel
        off = now - self.base
        if abs(moved) > WARN_MS and self._known:
            self._jump = _Jump(mono, moved)
        if kernel is ClockState.UNSYNCED:
            return False
        if abs(off) <= WARN_MS:
            self._settle(mono)
            self._follow(off)
        elif not self._known or self._is_right(mono, off, was):
            self._adopt(off, mono)
            return True
        elif not self._jumping:
            self._jump = _Jump(mono, off)
        return before is not self.state(mono)

    def _is_right(self, mono: float, off: int, was: ClockState) -> bool:
        """Whether a clock that is `off` from our count is the right one of the two."""
        server = self._off_server(mono)
        if server is not None:
            return abs(off + server) <= WARN_MS
        if was is ClockState.UNSYNCED:
            return True  # NTP set it just now
        return self._jump is not None and mono - self._jump.since >= SETTLE_S

    def server_says(self, server: datetime, mono: float) -> bool:
        """The time of a server whose own clock is set, heard at `mono`."""
        before = self.state(mono)
        off = self.base + ms(mono) - to_ms(server)
        self._server = (mono, off)
        if abs(off) <= WARN_MS:
            self._known = True
            self._settle(mono)
        elif self._kernel is ClockState.UNSYNCED or self._jumping:
            self._adopt(-off, mono)
            self._server = (mono, 0)
            return True
        return before is not self.state(mono)

    def _follow(self, off: int) -> None:
        if abs(off) >= 5:  # less is the time between reading two clocks
            self.base += off
        self._known = True

    def _adopt(self, off: int, mono: float) -> None:
        self.base += off
        self._known = True
        if self._server is not None:
            self._server = (self._server[0], self._server[1] + off)
        self._settle(mono)

    def _settle(self, mono: float) -> None:
        if self._jump is not None and self._jump.over is None:
            self._jump = _Jump(self._jump.since, self._jump.by_ms, mono)

    def faults(self, mono: float) -> list[NodeFault]:
        """What people should know of the clock, beside whether it is set."""
        found = []
        jump, off = self._jump, self._off_server(mono)
        if jump is not None and (jump.over is None or mono - jump.over < TOLD_S):
            found.append(NodeFault("", "clock-jumped", _told(jump, self.at(jump.since))))
        if off is not None and abs(off) > WARN_MS:
            text = f"the clock here and the server's are {duration(off)} apart: check NTP on both"
            found.append(NodeFault("", "clock-offset", text))
        return found


def _told(jump: _Jump, at: datetime) -> str:
    way = "forward" if jump.by_ms > 0 else "back"
    now = (
        "times go on by the node's own count until NTP or the server says which is right"
        if jump.over is None
        else "it is clear again which time is right"
    )
    return f"the clock was put {way} by {duration(jump.by_ms)} at {at:%Y-%m-%d %H:%M} UTC: {now}"


def duration(span_ms: int) -> str:
    """Such as `365 d`, `2 h 5 min` or `12 s`, without a sign."""
    seconds = abs(span_ms) // 1000
    for size, name, less, smaller in (
        (86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"),
    ):  # fmt: skip
        if seconds >= size:
            rest = seconds % size // less
            return f"{seconds // size} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"
