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
    read_only: bool = False
    """The card cannot be written: the kernel remounted it after an error, or someone meant it."""
    written: int | None = None
    """Bytes written to cards and disks since the machine started."""
    worn: int | None = None
    """Percent of its life that the worst card says is used up, in steps of 10."""


def read_vitals(folder: Path, system: Path = Path("/sys")) -> Vitals:
    """What this machine says now; `folder` lies on the disk in question. Never raises."""
    return Vitals(
        clock_state(), read_throttled(system), _cpu_c(system), _disk_free(folder),
        _read_only(folder), _written(system), _worn(system),
    )  # fmt: skip


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


def _read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


SECTOR = 512
"""Bytes; what /sys/block/*/stat counts in, whatever the device's own sectors are."""
_REAL = ("mmcblk*", "sd*", "nvme*", "vd*")


def _written(system: Path) -> int | None:
    """Field 7 of each device's `stat` is sectors written (kernel, Documentation/block/stat)."""
    total, found = 0, False
    for pattern in _REAL:
        for stat in (system / "block").glob(f"{pattern}/stat"):
            try:
                total += int(stat.read_text().split()[6]) * SECTOR
                found = True
            except (OSError, ValueError, IndexError):
                continue
    return total if found else None


def _worn(system: Path) -> int | None:
    """eMMC and newer SD cards: `life_time` is two numbers in tenths, 0x0B is beyond its life."""
    tenths = []
    for path in (system / "block").glob("mmcblk*/device/life_time"):
        try:
            tenths += [int(word, 16) for word in path.read_text().split()]
        except (OSError, ValueError):
            continue
    known = [tenth for tenth in tenths if 0 < tenth <= 11]
    return min(100, max(known) * 10) if known else None
