"""The state of the machine a node runs on: clock, throttling, temperature, free disk."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from devices.machine import UNKNOWN, kernel_clock, read_throttled, throttled
from devices.model import ClockState

__all__ = ["UNKNOWN", "Vitals", "clock_state", "read_vitals", "throttled"]

TRUSTED_VARIABLE = "CAMPUS_CLOCK_TRUSTED"
"""`1`: take the clock as set where the kernel cannot tell, as in a container."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """`throttled` is the Pi firmware's bit field, `disk_free` the free share of the card."""

    clock: ClockState
    throttled: str
    cpu_c: float | None
    disk_free: float | None


def read_vitals(folder: Path, system: Path = Path("/sys")) -> Vitals:
    """What this machine says now; `folder` lies on the disk in question. Never raises."""
    return Vitals(clock_state(), read_throttled(system), _cpu_c(system), _disk_free(folder))


def clock_state() -> ClockState:
    """Whether NTP (or anything else) has set the clock, by the kernel's own flag."""
    if os.environ.get(TRUSTED_VARIABLE) == "1":
        return ClockState.SYNCED
    return ClockState.SYNCED if kernel_clock().synced else ClockState.UNSYNCED


def _cpu_c(system: Path) -> float | None:
    try:
        millidegrees = int((system / "class/thermal/thermal_zone0/temp").read_text())
    except (OSError, ValueError):
        return None
    return round(millidegrees / 1000, 1)


def _disk_free(folder: Path) -> float | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return round(usage.free / usage.total, 3) if usage.total else None
