"""HardwareWatchdog: the machine restarts by itself when its service makes no progress any more."""

import fcntl
import logging
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from devices.errors import DeviceError
from devices.service import Health

log = logging.getLogger(__name__)

VARIABLE = "CAMPUS_WATCHDOG"
"""The device to feed, such as /dev/watchdog; it is opened only where this is set."""
PAT_S = 4.0
TIMEOUT_S = 15
"""The longest that a Raspberry Pi's timer (bcm2835_wdt) knows."""
_SET_TIMEOUT = 0xC0045706  # WDIOC_SETTIMEOUT, linux/watchdog.h
_MAGIC_CLOSE = b"V"


class HardwareWatchdog:
    """Feeds the timer while `progressing` says so; closing it stops the timer (magic close).

    A service that hangs, or a machine, leaves it unfed, and the machine restarts within 15 s.
    """

    name = "watchdog"

    def __init__(self, path: Path, progressing: Callable[[], bool]) -> None:
        self._path = path
        self._progressing = progressing
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._file = -1
        self._fed = True

    def start(self) -> None:
        """Raises DeviceError, naming the device and the remedy."""
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(
                f"the watchdog {self._path} cannot be opened ({error.strerror}): add "
                f"dtparam=watchdog=on to /boot/firmware/config.txt, or unset {VARIABLE}; only one "
                "program can have it, so set RuntimeWatchdogSec=off for systemd"
            ) from error
        try:
            fcntl.ioctl(self._file, _SET_TIMEOUT, struct.pack("I", TIMEOUT_S))
        except OSError as error:
            log.info("the watchdog keeps its own timeout: %s", error)
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def health(self) -> Health:
        return Health(self._fed, "" if self._fed else "no progress: the machine will restart")

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._file >= 0:
            os.write(self._file, _MAGIC_CLOSE)
            os.close(self._file)
            self._file = -1

    def _run(self) -> None:
        while True:
            self._fed = self._progressing()
            if self._fed:
                os.write(self._file, b"\0")
            else:
                log.error("the service makes no progress: the watchdog is not fed")
            if self._stop.wait(PAT_S):
                return
