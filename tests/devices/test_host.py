"""The machine's own state, from files as the kernel writes them, and from a time server."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.errors import DeviceError
from tests.support.networked import asking, values

NTP_EPOCH = 2_208_988_800


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPUS_SYSTEM_ROOT", str(tmp_path))
    for folder in ("proc", "sys/class/thermal/thermal_zone0", "sys/class/thermal/thermal_zone1"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sys/devices/platform/soc/soc:firmware").mkdir(parents=True)
    return tmp_path


def test_cpu_load_is_the_mean_between_two_readings(system: Path) -> None:
    stat = system / "proc/stat"
    stat.write_text("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n")
    with asking("host", "cpu-load") as (driver, _):
        assert values(driver) == []
        stat.write_text("cpu  150 0 125 840 5 0 0 0 0 0\n")
        assert values(driver) == [62.5]


def test_the_hottest_zone_counts(system: Path) -> None:
    (system / "sys/class/thermal/thermal_zone0/temp").write_text("48250\n")
    (system / "sys/class/thermal/thermal_zone1/temp").write_text("61800\n")
    with asking("host", "cpu-temperature") as (driver, _):
        assert values(driver) == [61.8]


def test_memory_is_what_is_not_available(system: Path) -> None:
    (system / "proc/meminfo").write_text("MemTotal: 4000 kB\nMemAvailable: 1000 kB\n")
    with asking("host", "memory-used") as (driver, _):
        assert values(driver) == [75.0]


def test_uptime_in_hours(system: Path) -> None:
    (system / "proc/uptime").write_text("90000.12 1234.5\n")
    with asking("host", "uptime") as (driver, _):
        assert values(driver) == [25.0]


@pytest.mark.parametrize(
    ("bits", "word"),
    [("0", "ok"), ("50000", "ok"), ("50005", "under-voltage"), ("4", "throttled"), ("8", "hot")],
)
def test_throttling_is_of_now_and_not_since_the_start(system: Path, bits: str, word: str) -> None:
    (system / "sys/devices/platform/soc/soc:firmware/get_throttled").write_text(bits + "\n")
    with asking("host", "throttling") as (driver, _):
        assert values(driver) == [word]


@pytest.mark.parametrize("kind", ["cpu-load", "memory-used", "uptime"])
def test_a_file_that_says_nothing_is_named(system: Path, kind: str) -> None:
    for name in ("stat", "meminfo", "uptime"):
        (system / "proc" / name).write_text("nonsense\n")
    with pytest.raises(DeviceError, match=str(system)), asking("host", kind):
        pass


def test_the_real_machine_answers() -> None:
    for kind in ("disk-used", "memory-used", "uptime"):
        with asking("host", kind) as (driver, _):
            assert float(values(driver)[0]) >= 0
    with asking("host", "clock-state") as (driver, _):
        assert values(driver)[0] in ("synced", "unsynced")


# --- backups -----------------------------------------------------------------------------------


def made(path: Path, hours_ago: float, text: str = "data") -> None:
    path.write_text(text)
    when = time.time() - 3600 * hours_ago
    os.utime(path, (when, when))


def test_a_backup_is_as_old_as_its_newest_whole_file(tmp_path: Path) -> None:
    made(tmp_path / "monday.tar.gz", 50)
    made(tmp_path / "tuesday.tar.gz", 26)
    made(tmp_path / "wednesday.tar.gz.part", 0.1)
    made(tmp_path / ".hidden.tar.gz", 0.1)
    made(tmp_path / "empty.tar.gz", 0.1, "")
    made(tmp_path / "notes.txt", 0.1)
    with asking("host", "backup-age", path=str(tmp_path), pattern="*.tar.gz*") as (driver, _):
        assert values(driver) == [pytest.approx(26, abs=0.02)]


@pytest.mark.parametrize(
    ("text", "age"), [("", 5.0), ("{iso}", 2.0), ("{seconds}", 2.0), ("done", 5.0)]
)
def test_a_stamp_file_says_when_or_was_touched_then(tmp_path: Path, text: str, age: float) -> None:
    then = time.time() - 7200
    iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(then))
    made(tmp_path / "stamp", 5, text.format(iso=iso, seconds=int(then)))
    with asking("host", "backup-age", path=str(tmp_path / "stamp")) as (driver, _):
        assert values(driver) == [pytest.approx(age, abs=0.02)]


@pytest.mark.parametrize("folder", ["", "not-there"])
def test_no_backup_at_all_is_named(tmp_path: Path, folder: str) -> None:
    path = str(tmp_path / folder)
    with (
        pytest.raises(DeviceError, match=f"{path} holds no backup.*backup's log"),
        asking("host", "backup-age", path=path),
    ):
        pass


def test_a_backup_from_the_future_raises_a_doubt(tmp_path: Path) -> None:
    made(tmp_path / "b.gz", -30)
    with asking("host", "backup-age", path=str(tmp_path)) as (driver, _):
        assert values(driver) == [0.0]
        assert "from the future" in driver.health()


# --- time servers ------------------------------------------------------------------------------


@contextmanager
def time_server(ahead: float, stratum: int = 2) -> Iterator[str]:
    """Answers one question as a server whose clock is `ahead` seconds before ours."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(10)

    def answer() -> None:
        for _ in range(2):
            asked, sender = server.recvfrom(256)
            if not asked:
                return
            now = time.time() + ahead + NTP_EPOCH
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            server.sendto(bytes((0x24, stratum)) + bytes(22) + asked[40:48] + stamp + stamp, sender)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.getsockname())
        thread.join()
        server.close()


@pytest.mark.parametrize("ahead", [0.0, 7.5, -90.0])
def test_the_offset_is_how_far_we_are_behind_a_time_server(ahead: float) -> None:
    with (
        time_server(ahead) as server,
        asking("host", "clock-offset", ntp_server=server) as (driver, _),
    ):
        assert values(driver) == [pytest.approx(ahead, abs=0.3)]


def test_a_server_that_has_not_got_the_time_is_no_measure() -> None:
    with (
        time_server(0.0, stratum=0) as server,
        pytest.raises(DeviceError, match="has not got the time itself"),
        asking("host", "clock-offset", ntp_server=server),
    ):
        pass
