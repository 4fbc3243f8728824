"""Machine: what the kernel and the Pi's firmware tell of the clock and of throttling."""

import ctypes
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "unknown"
_THROTTLED = re.compile(r"(?:throttled=)?(?:0x)?([0-9a-f]{1,8})", re.IGNORECASE)
_STA_UNSYNC, _STA_NANO = 0x0040, 0x2000  # linux/timex.h


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
class KernelClock:
    """`offset` is what NTP still has to correct, in seconds; 0 where nothing sets the clock."""

    synced: bool
    offset: float


def kernel_clock() -> KernelClock:
    """What adjtimex(2) says; not synced where it cannot be asked, as in some containers."""
    timex = _Timex()
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return KernelClock(False, 0.0)
    unit = 1e9 if timex.status & _STA_NANO else 1e6
    synced = answer >= 0 and not timex.status & _STA_UNSYNC
    return KernelClock(synced, timex.offset / unit)


def throttled(text: str) -> str:
    """The bit field in `vcgencmd get_throttled`'s answer, such as 0x50005, or the kernel's own.

    Bits 0-3 now and 16-19 since boot: under-voltage, capped, throttled, hot (Pi firmware). What
    is no such answer (`volts=0x1`, words) is `unknown`, never 0x0: that would say all is well.
    """
    found = _THROTTLED.fullmatch(text.strip())
    return hex(int(found[1], 16)) if found else UNKNOWN


def read_throttled(system: Path) -> str:
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
