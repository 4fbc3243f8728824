"""Sends an outbox's batches through a small window and again until they are acknowledged."""

import logging
from collections.abc import Sequence

from collectors.outbox import BatchKey, Outbox, Waiting
from collectors.transport import Transport
from devices.errors import TransportError
from devices.service import Clock

log = logging.getLogger(__name__)

WINDOW = 16
"""Batches on their way without acknowledgement while a backlog is sent, to begin with."""
LARGEST_WINDOW = 48
"""It grows by one for each full window that is answered in time, and halves when one is not."""
LIVE_WINDOW = 64
"""The same for batches that were committed just now; they need not queue behind a backlog."""
PATIENCE_S = 10.0
"""After so long without acknowledgement a batch is sent again."""


class Courier:
    """Knows what is on its way; everything else lies safely in the outbox."""

    def __init__(self, outbox: Outbox, transport: Transport, topic: str, clock: Clock) -> None:
        self._outbox = outbox
        self._transport = transport
        self._topic = topic
        self._clock = clock
        self._underway: dict[BatchKey, float] = {}
        self._outdated: set[BatchKey] = set()
        self._window = float(WINDOW)

    def send_now(self, waiting: Waiting) -> None:
        """A fresh batch at once; where that does not work, it goes with the backlog."""
        if len(self._underway) < LIVE_WINDOW:
            self._send(waiting)

    def top_up(self) -> None:
        """Send what waits as far as the window has room, and what stayed unanswered again."""
        if not self._transport.connected:
            return
        now = self._clock.monotonic()
        overdue = [key for key, sent in self._underway.items() if now - sent >= PATIENCE_S]
        for key in overdue:
            del self._underway[key]
        if overdue:
            log.info("%d batches were not acknowledged in time: sent again", len(overdue))
            self._window = max(1.0, self._window / 2)
        room = int(self._window) - len(self._underway)
        if room > 0 and self._outbox.depth():
            for waiting in self._outbox.pending(room, self._underway):
                if not self._send(waiting):
                    return

    def acknowledge(self, boot: str, seqs: Sequence[int]) -> None:
        """The server has stored these batches."""
        meant = []
        for seq in seqs:
            if (boot, seq) in self._outdated:
                self._outdated.discard((boot, seq))
                continue
            meant.append(seq)
            if self._underway.pop((boot, seq), None) is not None:
                self._window = min(LARGEST_WINDOW, self._window + 1 / self._window)
        self._outbox.acknowledge(boot, meant)
        self.top_up()

    def mended(self) -> None:
        """Times changed: what is on its way goes again, and an answer to it as it was is none."""
        self._outdated.update(self._underway)
        self._underway.clear()
        self.top_up()

    def resend(self, boot: str, ranges: Sequence[tuple[int, int]]) -> None:
        """The server misses these (first, last) numbers: what is still here goes next."""
        for waiting in self._outbox.among(boot, ranges, LARGEST_WINDOW):
            if not self._send(waiting):
                return

    def reconnected(self) -> None:
        """What was on its way may be lost: everything unacknowledged goes again."""
        self._underway.clear()
        self.top_up()

    def _send(self, waiting: Waiting) -> bool:
        try:
            self._transport.publish(self._topic, waiting.payload)
        except TransportError:
            return False
        self._underway[waiting.key] = self._clock.monotonic()
        return True
