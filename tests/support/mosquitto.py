"""A bare mosquitto as somebody else may have installed it; stopped by its process id."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import eventually


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def bare_mosquitto(folder: Path, extra: str = "allow_anonymous true\n") -> Iterator[int]:
    """The port of a mosquitto with its own defaults and the lines of `extra`."""
    port = free_port()
    path = folder / "bare.conf"
    path.write_text(f"user root\nlistener {port} 127.0.0.1\n{extra}")
    process = subprocess.Popen(
        ["/usr/sbin/mosquitto", "-c", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _listens(port), what="mosquitto listens")
        yield port
    finally:
        process.terminate()
        process.wait(10)
