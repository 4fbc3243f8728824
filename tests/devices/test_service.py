"""Services start in order, end in reverse, and tell systemd."""

import socket
import threading
from pathlib import Path

import pytest

from devices.service import Health, notify_systemd, run_services


class Part:
    """A service that writes down what happens to it."""

    def __init__(self, name: str, log: list[str], fails: bool = False) -> None:
        self.name, self.log, self.fails = name, log, fails

    def start(self) -> None:
        if self.fails:
            raise OSError(f"{self.name} has no pin")
        self.log.append(f"start {self.name}")

    def health(self) -> Health:
        return Health(True)

    def close(self) -> None:
        self.log.append(f"close {self.name}")
        if self.name == "broken":
            raise OSError("cannot close")


def test_services_end_in_reverse_even_when_one_cannot_close() -> None:
    log: list[str] = []
    stop = threading.Event()
    stop.set()
    run_services([Part("a", log), Part("broken", log), Part("c", log)], stop)
    assert log == ["start a", "start broken", "start c", "close c", "close broken", "close a"]


def test_a_failed_start_closes_what_had_started() -> None:
    log: list[str] = []
    with pytest.raises(OSError, match="b has no pin"):
        run_services([Part("a", log), Part("b", log, fails=True), Part("c", log)])
    assert log == ["start a", "close a"]


def test_systemd_hears_when_it_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify_systemd("READY=1")
        assert heard.recv(100) == b"READY=1"
