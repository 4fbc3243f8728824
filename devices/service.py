"""Clock, Service and run_services: how every long-running part starts, tells health and ends."""

import contextlib
import ctypes
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

log = logging.getLogger(__name__)

OFFSET_VARIABLE = "CAMPUS_CLOCK_OFFSET"
"""Seconds that the clock of every service is shifted by: a demonstration at another hour."""


SUPERVISED_VARIABLE = "CAMPUS_SUPERVISED"
"""Set by `campus up` for its children: they end when it is gone, even by kill -9."""


class Clock:
    """The time of this machine; the only place that reads it. A test gives its own."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    @classmethod
    def from_environment(cls) -> "Clock":
        return cls(timedelta(seconds=float(os.environ.get(OFFSET_VARIABLE, "0"))))

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a part works, and in words for a person why not."""

    ok: bool
    text: str = ""


class Service(Protocol):
    """A long-running part; `start` returns at once, `close` may be called twice.

    One with a worker may also have `progressing`: whether that has just done a turn of its work.
    """

    name: str

    def start(self) -> None: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...


def notify_systemd(message: str) -> None:
    """Tell systemd (READY=1, WATCHDOG=1) where it asked for it; silent elsewhere.

    Nobody need be there any more: a supervisor that was killed must not keep us from closing.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
        contextlib.suppress(OSError),
    ):
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(message.encode())


def end_with_parent() -> None:
    """Have the kernel send us SIGTERM when our supervisor dies; nothing without a supervisor."""
    parent = os.environ.get(SUPERVISED_VARIABLE)
    if parent is None:
        return
    set_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)


def _progressing(service: Service) -> bool:
    says = getattr(service, "progressing", None)
    return True if says is None else bool(says())


def run_services(services: Sequence[Service], stop: threading.Event | None = None) -> None:
    """Start all in order, run until SIGINT, SIGTERM or `stop`, close the started ones last first.

    The watchdog of systemd is fed only while every service answers `health()` and those with a
    worker make progress.
    """
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        end_with_parent()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _n, _f: stop.set())
    started: list[Service] = []
    try:
        for service in services:
            service.start()
            started.append(service)
        notify_systemd("READY=1")
        told: dict[str, str] = {}
        while not stop.wait(5.0):
            for service in started:
                health = service.health()
                if told.get(service.name, "") != health.text:
                    told[service.name] = health.text
                    level = logging.INFO if health.ok else logging.WARNING
                    log.log(level, "%s: %s", service.name, health.text or "works again")
            stuck = [service.name for service in started if not _progressing(service)]
            if stuck:
                log.error("%s: no progress, so the watchdog is not fed", ", ".join(stuck))
            else:
                notify_systemd("WATCHDOG=1")
    finally:
        notify_systemd("STOPPING=1")
        for service in reversed(started):
            try:
                service.close()
            except Exception:
                log.exception("%s did not close cleanly", service.name)
