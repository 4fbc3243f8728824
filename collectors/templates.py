"""Renders strangers' templates in a process apart, which is ended when it takes too long."""

import contextlib
import importlib.util
import os
import select
import signal
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import orjson

from devices.foreign.haentities import TemplateError

SANDBOX = "collectors.sandbox"
WAIT_S = 10.0
"""Longest wait for an answer, for a machine that is busy with other things."""
STRIKES = 3
"""A template that had to be ended so often is not tried again until the bridge starts anew."""
MAX_ANSWER = 1024 * 1024


class SandboxedTemplates:
    """Templates as `devices.foreign.haentities` wants them; the process starts with the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._strikes: Counter[str] = Counter()

    def render(self, template: str, text: str, json: Any, has_json: bool) -> str:
        request: dict[str, Any] = {"template": template, "value": text}
        if has_json:
            request["json"] = json
        with self._lock:
            if self._strikes[template] >= STRIKES:
                raise TemplateError("the template took too long several times: switched off")
            answer = self._ask(orjson.dumps(request) + b"\n")
            if answer is None:
                self._strikes[template] += 1
                raise TemplateError(self._why_it_ended())
        if "out" not in answer:
            raise TemplateError(str(answer.get("no", "no answer")))
        return str(answer["out"])

    def close(self) -> None:
        with self._lock:
            self._end()

    def _start(self) -> "subprocess.Popen[bytes]":
        if importlib.util.find_spec("jinja2") is None:
            raise TemplateError(
                "templates need jinja2: install campus-monitor with its extra [bridge]"
            )
        # Nothing of our environment, which may hold secrets, goes in with the strangers.
        path = os.environ.get("PATH", "")
        return subprocess.Popen(
            [sys.executable, "-P", "-m", SANDBOX], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def _ask(self, request: bytes) -> dict[str, Any] | None:
        """The answer; None where the process ended over it, or had to be ended."""
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = self._start()
        child = self._child
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(request)
            child.stdin.flush()
        except BrokenPipeError:
            return None
        line = _read_line(child.stdout.fileno())
        if not line.endswith(b"\n"):
            return None
        try:
            answer = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        return answer if isinstance(answer, dict) else None

    def _why_it_ended(self) -> str:
        child = self._child
        code = None
        if child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(0.5)
        self._end()
        if code in (-signal.SIGPROF, None):
            return "the template took too long and was stopped"
        return "the template broke its sandbox's limits and was stopped"

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _read_line(handle: int) -> bytes:
    """A whole line, or what came until the end, the limit or the wait's end."""
    line = b""
    while not line.endswith(b"\n") and len(line) < MAX_ANSWER:
        ready, _, _ = select.select([handle], [], [], WAIT_S)
        part = os.read(handle, 65536) if ready else b""
        if not part:
            break
        line += part
    return line
