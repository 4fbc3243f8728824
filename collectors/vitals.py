"""The state of the machine a node runs on: clock, throttling, temperature, free disk."""

import ctypes
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devices.model import ClockState

TRUSTED_VARIABLE = "CAMPUS_CLOCK_TRUSTED"
"""`1`: take the clock as set where the kernel cannot tell, as in a container."""

UNKNOWN = "unknown"
_THROTTLED = re.compile(r"(?:throttled=)?(?:0x)?([0-9a-f]{1,8})", re.IGNORECASE)

_STA_UNSYNC = 0x0040  # linux/timex.h


class _Timex(ctypes.Structure):
    """The head of the kernel's `struct timex`; the rest is only room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


@dataclass(frozen=True, slots=True)
class Vitals:
    """`throttled` is the Pi firmware's bit field, `disk_free` the free share of the card."""

    clock: ClockState
    throttled: str
    cpu_c: float | None
    disk_free: float | None


def read_vitals(folder: Path, system: Path = Path("/sys")) -> Vitals:
    """What this machine says now; `folder` lies on the disk in question. Never raises."""
    return Vitals(clock_state(), _throttled(system), _cpu_c(system), _disk_free(folder))


def clock_state() -> ClockState:
    """Whether NTP (or anything else) has set the clock, by the kernel's own flag."""
    if os.environ.get(TRUSTED_VARIABLE) == "1":
        return ClockState.SYNCED
    timex = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return ClockState.UNSYNCED
    set_by_ntp = answer >= 0 and not timex.status & _STA_UNSYNC
    return ClockState.SYNCED if set_by_ntp else ClockState.UNSYNCED


def throttled(text: str) -> str:
    """The bit field in `vcgencmd get_throttled`'s answer, such as 0x50005, or the kernel's own.

    Bits 0-3 now and 16-19 since boot: under-voltage, capped, throttled, hot (Pi firmware). What
    is no such answer (`volts=0x1`, words) is `unknown`, never 0x0: that would say all is well.
    """
    found = _THROTTLED.fullmatch(text.strip())
    return hex(int(found[1], 16)) if found else UNKNOWN


def _throttled(system: Path) -> str:
    """0x0 on a machine that has no such thing to tell; `unknown` where it should and does not."""
    try:
        path = system / "devices/platform/soc/soc:firmware/get_throttled"
        return throttled(path.read_text("ascii", errors="replace"))
    except OSError:
        pass
    command = shutil.which("vcgencmd")
    if command is None:
        return "0x0"
    try:
        said = subprocess.run(
            [command, "get_throttled"], capture_output=True, text=True, timeout=2, check=True
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return UNKNOWN
    return throttled(said.stdout)


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
