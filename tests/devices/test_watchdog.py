"""The hardware watchdog is fed while there is progress, and stopped by a magic close."""

import os
import threading
from pathlib import Path

import pytest

from devices.errors import DeviceError
from devices.service import Health, run_services
from devices.watchdog import HardwareWatchdog
from tests.support.waiting import eventually


def test_it_is_fed_and_closed_with_the_magic_letter(tmp_path: Path) -> None:
    device = tmp_path / "watchdog"
    device.touch()
    watchdog = HardwareWatchdog(device, lambda: True)
    watchdog.start()
    eventually(lambda: device.read_bytes() == b"\0")
    assert watchdog.health() == Health(True)
    watchdog.close()
    watchdog.close()
    assert device.read_bytes() == b"\0V"


def test_without_progress_it_is_not_fed(tmp_path: Path) -> None:
    device = tmp_path / "watchdog"
    device.touch()
    watchdog = HardwareWatchdog(device, lambda: False)
    watchdog.start()
    eventually(lambda: not watchdog.health().ok)
    assert device.read_bytes() == b""
    watchdog.close()


def test_one_that_is_not_there_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"dtparam=watchdog=on.*unset CAMPUS_WATCHDOG"):
        HardwareWatchdog(tmp_path / "none", lambda: True).start()


class Worker:
    """A service whose worker may hang."""

    name = "worker"

    def __init__(self, progressing: bool) -> None:
        self.asked = threading.Event()
        self._progressing = progressing

    def start(self) -> None:
        """Nothing to start."""

    def health(self) -> Health:
        return Health(True)

    def progressing(self) -> bool:
        self.asked.set()
        return self._progressing

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(("progressing", "fed"), [(True, True), (False, False)])
def test_systemd_hears_of_us_only_while_the_worker_makes_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progressing: bool, fed: bool
) -> None:
    import socket

    address = str(tmp_path / "notify")
    worker, stop, heard = Worker(progressing), threading.Event(), []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        runner = threading.Thread(target=run_services, args=([worker], stop))
        runner.start()
        assert worker.asked.wait(10)
        stop.set()
        runner.join()
        while not heard or heard[-1] != b"STOPPING=1":
            heard.append(systemd.recv(100))
    assert (b"WATCHDOG=1" in heard) is fed
    assert os.path.exists(address)
