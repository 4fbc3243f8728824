"""Warm-up: whether a heated gas sensor has been warm for long enough, over restarts (pure)."""

from collections.abc import Mapping
from typing import Any

FULL_S = 24 * 3600.0
"""First heating, and after a long outage (safety notes §7)."""
SHORT_S = 300.0
"""After a short outage."""
SHORT_OUTAGE_S = 3600.0
"""Our own figure: an outage up to this is short."""


class WarmUp:
    """Seconds are the wall clock's. A Pi's clock may be set late: then everything since the start
    counts anew from the mended start.

    `boot` names the machine's start: the heater hangs on its supply, so within one boot a restart
    of the program leaves it warm.
    """

    def __init__(self, kept: Mapping[str, Any], boot: str) -> None:
        self._boot = boot
        self._seen: float | None = kept.get("seen")
        self._ready_at = float(kept.get("ready_at", 0.0))
        self._same = bool(boot) and kept.get("boot") == boot

    def left(self, now: float, running: float) -> float:
        """Seconds of warm-up to go at `now`, `running` seconds after the start; 0: warm."""
        return max(self._due(now - running) - now, 0.0)

    def to_keep(self, now: float, running: float) -> dict[str, Any]:
        return {"seen": now, "ready_at": self._due(now - running), "boot": self._boot}

    def _due(self, start: float) -> float:
        """When it is warm, where it was switched on at `start`."""
        if self._seen is None:
            return start + FULL_S
        if self._same:
            return self._ready_at
        outage = max(start - self._seen, 0.0)
        if outage > SHORT_OUTAGE_S:
            return start + FULL_S
        return max(self._ready_at + outage, start + SHORT_S)
