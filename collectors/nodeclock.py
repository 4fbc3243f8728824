"""NodeClock: the times of one node, and what waits in its outbox until they are known."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from collectors.outbox import Outbox
from collectors.timekeeping import Timekeeper
from collectors.vitals import clock_state
from devices import wire
from devices.model import ClockState, NodeFault, Sample
from devices.service import Clock

log = logging.getLogger(__name__)

HOLD_S = 3.0
"""So long after connecting, readings of unknown time wait for the server to say what time it is."""
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is before this program was written is believed."""
RUN_FILE = Path("/proc/sys/kernel/random/boot_id")


def run_of_machine() -> str:
    """The kernel's name of this run: within it the monotonic clock goes on."""
    try:
        return RUN_FILE.read_text("ascii").strip()
    except OSError:
        return ""


class NodeClock:
    """Used by the node's worker alone, except `moment`.

    `mended` is called after times in the outbox changed. While it is not known what time it is,
    batches are held back: for the moment after connecting in which the server tells its time, and
    while there is no connection, when holding costs nothing. Then they are sent marked, and moved
    in the store once the time is known.
    """

    def __init__(self, clock: Clock, outbox: Outbox, mended: Callable[[], None]) -> None:
        self._clock = clock
        self._outbox = outbox
        self._mended = mended
        self._keeper = Timekeeper(
            clock.now(), clock.monotonic(), clock_state(), max(outbox.newest(), EARLIEST)
        )
        self._released = False
        self._connected_at: float | None = None
        self._future = 0
        if self.state is ClockState.SYNCED:
            self._mend()

    @property
    def base(self) -> int:
        """What the times are counted from, in ms."""
        return self._keeper.base

    @property
    def state(self) -> ClockState:
        return self._keeper.state(self._clock.monotonic())

    def now(self) -> datetime:
        return self._keeper.at(self._clock.monotonic())

    def at(self, mono: float) -> datetime:
        return self._keeper.at(mono)

    def moment(self, sample: Sample) -> float:
        """The monotonic second of a sample that was just heard. From any thread."""
        mono = self._clock.monotonic()
        if sample.at is None:
            return mono
        return mono - (self._clock.now() - sample.at).total_seconds()

    @property
    def holding(self) -> bool:
        """Whether what is taken now must wait for its time."""
        return self.state is ClockState.UNSYNCED and not self._released

    def connected(self) -> None:
        """The server may tell us its time now."""
        self._released, self._connected_at = False, self._clock.monotonic()

    def look(self, connected: bool) -> None:
        """What the machine's clock says, and whether holding back has an end."""
        mono = self._clock.monotonic()
        if self._keeper.look(self._clock.now(), mono, clock_state()):
            self._mend()
        if not connected:
            self._released, self._connected_at = False, None
        elif self._connected_at is not None and mono - self._connected_at >= HOLD_S:
            self._release()

    def hear(self, answer: wire.Ack) -> None:
        """An acknowledgement, which may say what time it is at the server."""
        if answer.at is not None:
            if self._keeper.server_says(answer.at, self._clock.monotonic()):
                self._mend()
        elif answer.told:
            self._release()

    def faults(self) -> list[NodeFault]:
        found = self._keeper.faults(self._clock.monotonic())
        if self._future:
            text = (
                f"{self._future:,} readings of an earlier run lay in the future, since the clock "
                "was wrong then: they were put before this start, and marked"
            )
            found.append(NodeFault("", "clock-future", text))
        return found

    def _release(self) -> None:
        if self._released:
            return
        self._released = True
        if self.state is ClockState.UNSYNCED:
            log.warning("nobody says what time it is: readings are sent marked")
        self._outbox.release()

    def _mend(self) -> None:
        if self.state is ClockState.UNSYNCED:
            return
        count = self._outbox.mend(self.base)
        self._future += self._outbox.mend_earlier_runs(self.now())
        if count:
            log.info("the time is known: %d readings got their true times", count)
        self._mended()
