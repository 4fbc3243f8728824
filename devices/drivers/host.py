"""Host: the node's own machine: load, temperature, memory, disk, throttling, clock, backup age."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Emit
from devices.drivers.networked import Networked, why
from devices.errors import DeviceError
from devices.machine import UNKNOWN, kernel_clock, read_throttled
from devices.model import Sample, Value

ROOT_VARIABLE = "CAMPUS_SYSTEM_ROOT"
"""Where /proc and /sys of the machine are seen, such as /host in a container."""
UNFINISHED = (".part", ".tmp", ".partial", ".filepart", ".new")
NTP_PORT = 123
_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900, when NTP begins, to 1970 (RFC 5905)."""
_NTP_PATIENCE_S = 3.0
_BITS = ((0b0001, "under-voltage"), (0b0110, "throttled"), (0b1000, "hot"))


@dataclass(frozen=True, slots=True)
class HostOptions:
    path: str = field(
        default="/",
        metadata={"text": "of `disk-used`, a folder on that disk; of `backup-age`, the folder of "
                  "the backups, or a stamp file that each backup touches or writes its time into"},
    )  # fmt: skip
    pattern: Annotated[str, Limits(min_length=1, max_length=200)] = field(
        default="*",
        metadata={"text": "of `backup-age`, which files in the folder are backups, such as *.gz"},
    )
    ntp_server: str = field(
        default="",
        metadata={"text": "of `clock-offset`, whom to ask the time, as HOST or HOST:PORT; empty: "
                  "what the kernel still has to correct"},
    )  # fmt: skip


@DRIVERS.register("host")
class Host(Networked):
    """Reads /proc, /sys and the kernel; nothing is installed for it.

    CPU load is the mean since the last reading; a backup's age that of the newest file that is
    neither empty, hidden nor unfinished.
    """

    Options = HostOptions
    kinds = (
        "cpu-load", "cpu-temperature", "memory-used", "disk-used", "throttling", "clock-offset",
        "clock-state", "backup-age", "uptime",
    )  # fmt: skip

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._open = False
        self._ticks: tuple[int, int] | None = None
        self._doubt = ""

    def start(self, emit: Emit) -> None:
        self._open, self._ticks = True, None
        self._root = Path(os.environ.get(ROOT_VARIABLE) or "/")
        self._ask()

    def sample(self) -> Iterable[Sample]:
        if not self._open:
            raise DeviceError(f"{self.point.id} is not open")
        value = self._ask()
        return [] if value is None else [Sample(value)]

    def health(self) -> str:
        return self._doubt

    def close(self) -> None:
        self._open = False

    def _ask(self) -> Value | None:
        asked: dict[str, Callable[[], Value | None]] = {
            "cpu-load": self._cpu_load,
            "cpu-temperature": self._cpu_temperature,
            "memory-used": self._memory_used,
            "disk-used": self._disk_used,
            "throttling": self._throttling,
            "clock-offset": self._clock_offset,
            "clock-state": lambda: "synced" if kernel_clock().synced else "unsynced",
            "backup-age": self._backup_age,
            "uptime": self._uptime,
        }
        return asked[self.point.kind]()

    def _text(self, name: str) -> str:
        path = self._root / name
        try:
            return path.read_text("utf-8", errors="replace")
        except OSError as error:
            self.trouble(
                f"{path} cannot be read ({why(error)})",
                f"this needs Linux; in a container show the machine's own by {ROOT_VARIABLE}",
            )

    def _strange(self, name: str) -> DeviceError:
        return DeviceError(
            f"{self.point.id}: {self._root / name} says nothing that can be used: check the kernel"
        )

    def _cpu_load(self) -> Value | None:
        """%; None until two readings are apart."""
        words = self._text("proc/stat").partition("\n")[0].split()
        if len(words) < 6 or words[0] != "cpu" or not all(w.isdecimal() for w in words[1:]):
            raise self._strange("proc/stat")
        # user nice system idle iowait irq softirq steal; guests are counted in user already.
        counts = [int(word) for word in words[1:9]]
        idle, total = counts[3] + counts[4], sum(counts)
        before, self._ticks = self._ticks, (idle, total)
        if before is None or total <= before[1]:
            return None
        spent = (idle - before[0]) / (total - before[1])
        return round(100 * min(max(1 - spent, 0.0), 1.0), 1)

    def _cpu_temperature(self) -> Value:
        """°C of the hottest zone that tells one."""
        found = []
        for path in self._root.glob("sys/class/thermal/thermal_zone*/temp"):
            try:
                found.append(int(path.read_text("ascii")) / 1000)
            except (OSError, ValueError):
                continue
        if not found:
            self.trouble(
                f"{self._root / 'sys/class/thermal'} names no temperature",
                "this machine has no such sensor; remove the point",
            )
        return round(max(found), 1)

    def _memory_used(self) -> Value:
        lines = (line.partition(":") for line in self._text("proc/meminfo").splitlines())
        sizes = {name: rest.split()[0] for name, _, rest in lines if rest.split()}
        try:
            total, free = int(sizes["MemTotal"]), int(sizes["MemAvailable"])
            return round(100 * (1 - free / total), 1)
        except (KeyError, ValueError, ZeroDivisionError):
            raise self._strange("proc/meminfo") from None

    def _disk_used(self) -> Value:
        """% of what may be used, as `df` counts it."""
        try:
            disk = os.statvfs(self.options.path)
        except OSError as error:
            self.trouble(f"{self.options.path} cannot be asked for its disk ({why(error)})",
                         "mend option path")  # fmt: skip
        used = disk.f_blocks - disk.f_bfree
        return round(100 * used / max(used + disk.f_bavail, 1), 1)

    def _throttling(self) -> Value:
        said = read_throttled(self._root / "sys")
        if said == UNKNOWN:
            self.trouble(
                "the firmware does not tell whether it is throttled",
                "let the node's user run vcgencmd (group video)",
            )
        bits = int(said, 16)
        return next((word for mask, word in _BITS if bits & mask), "ok")

    def _clock_offset(self) -> Value:
        server = self.options.ntp_server
        if not server:
            return round(kernel_clock().offset, 6)
        host, _, port = server.partition(":")
        try:
            return round(ntp_offset(host, int(port or NTP_PORT)), 6)
        except (OSError, ValueError) as error:
            text = why(error) if isinstance(error, OSError) else str(error)
            self.trouble(f"the time server {server} does not answer ({text})",
                         "mend option ntp_server, or let UDP port 123 through")  # fmt: skip

    def _backup_age(self) -> Value:
        """Hours since the last backup."""
        made = _newest(Path(self.options.path), self.options.pattern)
        if made is None:
            self.trouble(
                f"{self.options.path} holds no backup that fits {self.options.pattern!r}",
                "look at the backup's log, and mend options path and pattern",
            )
        hours = (time.time() - made) / 3600
        ahead = hours < -0.1
        self._doubt = "the newest backup is from the future: check the clocks" if ahead else ""
        return round(max(hours, 0.0), 2)

    def _uptime(self) -> Value:
        try:
            return round(float(self._text("proc/uptime").split()[0]) / 3600, 2)
        except (IndexError, ValueError):
            raise self._strange("proc/uptime") from None


def _newest(path: Path, pattern: str) -> float | None:
    """When (seconds since 1970) the last whole backup was made; None without one."""
    try:
        if path.is_file():
            return _stamp(path)
        times = [
            file.stat().st_mtime
            for file in path.glob(pattern)
            if file.is_file() and not file.name.startswith(".")
            and not file.name.endswith(UNFINISHED) and file.stat().st_size
        ]  # fmt: skip
    except (OSError, ValueError, NotImplementedError):
        return None
    return max(times, default=None)


def _stamp(path: Path) -> float:
    """The time in a stamp file (ISO 8601 or seconds since 1970), else when it was touched."""
    try:
        text = path.read_text("utf-8", errors="replace")[:64].strip()
        return float(text) if text.isdecimal() else _local(text).timestamp()
    except ValueError:
        return path.stat().st_mtime


def _local(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def ntp_offset(host: str, port: int) -> float:
    """Seconds that our clock is behind the server's (RFC 5905, one question).

    Raises OSError without an answer, ValueError for one that is none.
    """
    address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(address[0], socket.SOCK_DGRAM) as asker:
        asker.settimeout(_NTP_PATIENCE_S)
        asker.connect(address[4])
        sent = datetime.now(UTC).timestamp()
        asker.send(b"\x23" + bytes(39) + struct.pack("!II", *_ntp(sent)))
        answer = asker.recv(256)
        came = datetime.now(UTC).timestamp()
    if len(answer) < 48 or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15:
        raise ValueError("it is no time server, or has not got the time itself")
    if answer[24:32] != struct.pack("!II", *_ntp(sent)):
        raise ValueError("it answers another question")
    received, transmitted = (
        high + low / 2**32 - _NTP_EPOCH
        for high, low in (struct.unpack("!II", answer[n : n + 8]) for n in (32, 40))
    )
    return float((received - sent) + (transmitted - came)) / 2


def _ntp(seconds: float) -> tuple[int, int]:
    whole = int(seconds)
    return whole + _NTP_EPOCH, int((seconds - whole) * 2**32)
