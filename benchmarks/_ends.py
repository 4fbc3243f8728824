"""The ends of a latency measurement, seen from the benchmark: what moves, and who sees it."""

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._bare import BACK, connected
from devices import wire

PATIENCE_S = 10.0
HERE = Path(__file__).parent


class Mover:
    """A process that makes so many things happen at a steady rate and says when each did."""

    def __init__(self, script: str, *words: object) -> None:
        command = [sys.executable, str(HERE / script), *map(str, words)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        if "ready" not in self._lines.readline():
            raise RuntimeError(f"{script} did not start")

    def moves(self, count: int) -> list[int]:
        """When each was, by the monotonic clock in ns."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        found = []
        for line in self._lines:
            if line.startswith("over"):
                return found
            found.append(int(line))
        raise RuntimeError("what moves has ended")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._lines.close()


@contextmanager
def running(script: str, *words: object) -> Iterator[None]:
    """A process of its own that works until it is ended."""
    command = [sys.executable, str(HERE / script), *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


class Observer:
    """One bare client that hears both sides: the script's messages, and each change of the gate's
    alert as a guard post gets it."""

    def __init__(self, port: int) -> None:
        self.echoes: list[int] = []
        self.alerts: list[int] = []
        self._active = False
        listening = threading.Event()
        self.client = connected(port, listening.set)
        self.client.on_message = self._hear
        self.client.subscribe([(wire.ALERT_FILTER, 1), (BACK, 1)])
        self.client.loop_start()
        listening.wait(PATIENCE_S)

    def _hear(self, _client: Any, _data: Any, message: Any) -> None:
        at = time.monotonic_ns()
        if message.topic == BACK:
            self.echoes.append(at)
            return
        active = b'"active":true' in message.payload
        if active is not self._active:
            self._active = active
            self.alerts.append(at)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Page:
    """An open page: when each change of the gate's alert came as an event of /live."""

    def __init__(self, port: int, token: str) -> None:
        self.alerts: list[int] = []
        self._active = False
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        self._connection.request("GET", "/live", headers=headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"/live answered {answer.status}")
        self._thread = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._thread.start()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        event = b""
        try:
            while line := answer.readline():
                if line.startswith(b"event:"):
                    event = line[6:].strip()
                elif line.startswith(b"data:") and event == b"alert":
                    at, active = time.monotonic_ns(), b'"active":true' in line
                    if active is not self._active:
                        self._active = active
                        self.alerts.append(at)
        except (OSError, ValueError, AttributeError):
            return  # closed under us

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.close()
        self._connection.close()
