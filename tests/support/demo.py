"""The monitor as its users start it: `campus up` in a process of its own, on free ports."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.waiting import eventually


class Running:
    """One `campus up`; `output` grows as it speaks."""

    def __init__(self, data: Path, *words: str, ready_within: float = 60.0) -> None:
        self.data = data
        self.http = f"127.0.0.1:{free_port()}"
        self.mqtt_port = free_port()
        self.output: list[str] = []
        command = [
            sys.executable, "-m", "dashboard", "up", "--data", str(data), "--http", self.http,
            "--mqtt", f"127.0.0.1:{self.mqtt_port}", *words,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            eventually(self._spoke_up, within=ready_within, what="campus up says it is ready")
        except AssertionError:
            self.stop()
            raise AssertionError("campus up did not get ready:\n" + self.said) from None

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)

    def _spoke_up(self) -> bool:
        assert self.process.poll() is None, "campus up ended:\n" + self.said
        return "Ctrl-C" in self.said

    @property
    def said(self) -> str:
        return "".join(self.output)

    @property
    def password(self) -> str:
        found = re.search(r"admin / (\S+)", self.said)
        assert found, self.said
        return found[1]

    def services(self) -> dict[str, Any]:
        """What the supervisor says of its children."""
        state: dict[str, Any] = json.loads((self.data / "run" / "supervisor.json").read_text())
        services: dict[str, Any] = state["services"]
        return services

    def pid(self, service: str) -> int:
        pid: int | None = self.services()[service]["pid"]
        assert pid is not None
        return pid

    def kill(self, service: str) -> None:
        """kill -9, and wait until the supervisor has started it anew."""
        before = self.services()[service]
        os.kill(before["pid"], signal.SIGKILL)

        def back() -> bool:
            now = self.services()[service]
            return bool(now["restarts"] > before["restarts"] and now["state"] == "running")

        eventually(back, within=60, what=f"{service} is running again")

    def campus(self, *words: str) -> str:
        """Another `campus` command on the same data and broker; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "dashboard", *words, "--data", str(self.data),
             "--mqtt", f"127.0.0.1:{self.mqtt_port}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str, token: str = "") -> Any:
        """The JSON of a GET."""
        return self.ask("GET", path, token=token)

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        request = urllib.request.Request(f"http://{self.http}{path}", method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=10) as answer:
            return json.load(answer)

    def token(self, role: str = "admin") -> str:
        """A new API token of a role."""
        made = self.campus("token", "add", f"test-{role}", "--role", role, "--json")
        token: str = json.loads(made)["token"]
        return token

    def stop(self, how: int = signal.SIGINT) -> int:
        """Ctrl-C; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(10)
            if self.process.stdout is not None:
                self.process.stdout.close()
        return self.process.returncode


def children_of(pid: int) -> set[int]:
    """Every process below `pid`, however deep, by /proc."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
    found: set[int] = set()
    front: Sequence[int] = [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found.update(front)
    return found
