"""Runs the services of one machine as child processes, restarts those that die, and shows it."""

import contextlib
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path

import orjson

from devices.service import SUPERVISED_VARIABLE, Clock

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SETTLED_S = 60.0
"""A child that ran so long is taken as healthy: its next restart comes at once again."""
SILENCE_S = 60.0
"""A started child that has not fed its watchdog for so long is stuck, and is restarted."""
PATIENCE_S = 15.0
"""How long a child may take to end after SIGTERM, before it is killed."""


class State(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Job:
    """One child: its name for people and the words of its `campus` command."""

    name: str
    words: Sequence[str]


@dataclass(slots=True)
class _Child:
    job: Job
    notify: socket.socket
    address: str
    process: subprocess.Popen[bytes] | None = None
    state: State = State.STOPPED
    since: float = 0.0
    heard: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE_S
    restarts: int = 0
    last_exit: str = ""
    tail: list[str] = field(default_factory=list)


Report = Callable[[str, State, str], None]
"""Told of each change: the job's name, its new state, and why in words."""


class Supervisor:
    """Starts jobs one after the other, each once the one before is ready; ends them in reverse.

    Readiness and liveness come by systemd's own protocol (READY=1, WATCHDOG=1), so the same
    services run under systemd or here. What they log goes to `log/campus.log`, their states to
    `run/supervisor.json` for the dashboard.
    """

    def __init__(self, jobs: Sequence[Job], data: Path, clock: Clock, report: Report) -> None:
        self._data = data
        self._clock = clock
        self._report = report
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self._started = clock.now()
        (data / "run").mkdir(parents=True, exist_ok=True)
        (data / "log").mkdir(parents=True, exist_ok=True)
        self._log = _log_file(data / "log" / "campus.log")
        self._children = [self._child(job) for job in jobs]

    def _child(self, job: Job) -> _Child:
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.setblocking(False)
        # An abstract address: a path in a deep data folder would be longer than 107 bytes.
        address = f"@campus-{os.getpid()}-{id(self)}-{job.name}"
        notify.bind("\0" + address[1:])
        child = _Child(job, notify, address)
        self._selector.register(notify, selectors.EVENT_READ, lambda: self._hear(child))
        return child

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Until `stop`; `started` is called once when every job has been ready."""
        try:
            for child in self._children:
                self._spawn(child)
                while child.state is State.STARTING and not self._stop.is_set():
                    self._turn()
            if not self._stop.is_set():
                started()
            while not self._stop.is_set():
                self._turn()
        finally:
            self._end()

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._stop.set()

    def _turn(self) -> None:
        for key, _ in self._selector.select(timeout=0.2):
            key.data()
        now = time.monotonic()
        for child in self._children:
            self._look_after(child, now)

    def _look_after(self, child: _Child, now: float) -> None:
        process = child.process
        if process is not None and process.poll() is not None:
            self._release(child)
            self._ended(child, now, _how_it_ended(process.returncode))
        elif process is not None and now - child.heard > SILENCE_S:
            child.heard = now
            self._write(child.job.name, f"silent for {SILENCE_S:g} s: killed")
            process.kill()
        elif child.state is State.RESTARTING and now >= child.due:
            self._spawn(child)

    def _ended(self, child: _Child, now: float, how: str) -> None:
        child.restarts += 1
        reason = next((line for line in reversed(child.tail) if line.strip()), "")
        child.last_exit = f"{how}: {reason}" if reason else how
        if now - child.since > SETTLED_S:
            child.pause = FIRST_PAUSE_S
        child.due = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE_S)
        self._change(child, State.RESTARTING, child.last_exit)

    def _spawn(self, child: _Child) -> None:
        environment = {
            **os.environ, "NOTIFY_SOCKET": child.address, SUPERVISED_VARIABLE: str(os.getpid()),
        }  # fmt: skip
        child.tail.clear()
        child.since = child.heard = time.monotonic()
        # A session of its own: Ctrl-C reaches the supervisor alone, which ends all in order.
        child.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", *child.job.words], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(
            child.process.stdout, selectors.EVENT_READ, lambda: self._drain(child)
        )
        self._change(child, State.STARTING, "")

    def _hear(self, child: _Child) -> None:
        with contextlib.suppress(BlockingIOError):
            message = child.notify.recv(4096)
            child.heard = time.monotonic()
            if message == b"READY=1" and child.state is State.STARTING:
                self._change(child, State.RUNNING, "")

    def _drain(self, child: _Child) -> None:
        stream = child.process.stdout if child.process else None
        if stream is None or stream.closed:
            return
        text = stream.read()
        if text is None:
            return
        if text == b"":
            self._selector.unregister(stream)
            stream.close()
            return
        lines = text.decode("utf-8", "replace").splitlines()
        child.tail = [*child.tail, *lines][-5:]
        for line in lines:
            self._write(child.job.name, line)

    def _write(self, name: str, line: str) -> None:
        self._log.info("%s [%s] %s", self._clock.now().isoformat(timespec="seconds"), name, line)

    def _change(self, child: _Child, state: State, why: str) -> None:
        child.state = state
        self._report(child.job.name, state, why)
        self._write(child.job.name, f"{state}{': ' + why if why else ''}")
        self._save()

    def _save(self) -> None:
        now, monotonic = self._clock.now(), time.monotonic()
        state = {
            "started": int(self._started.timestamp() * 1000),
            "pid": os.getpid(),
            "services": {
                child.job.name: {
                    "pid": child.process.pid if child.process else None,
                    "state": child.state,
                    "restarts": child.restarts,
                    "last_exit": child.last_exit,
                    "since": int((now.timestamp() - (monotonic - child.since)) * 1000),
                }
                for child in self._children
            },
        }
        path = self._data / "run" / "supervisor.json"
        draft = path.with_suffix(".new")
        draft.write_bytes(orjson.dumps(state))
        draft.replace(path)

    def _end(self) -> None:
        """Nodes and services first, the broker (the first job) last, each with time to finish."""
        first, rest = self._children[:1], self._children[1:]
        for group in (rest, first):
            for child in group:
                self._terminate(child)
            deadline = time.monotonic() + PATIENCE_S
            while any(child.process for child in group):
                for key, _ in self._selector.select(timeout=0.1):
                    key.data()
                for child in group:
                    self._bury(child, kill=time.monotonic() > deadline)
        for child in self._children:
            child.notify.close()
        self._selector.close()
        for handler in self._log.handlers[:]:
            handler.close()
            self._log.removeHandler(handler)

    def _terminate(self, child: _Child) -> None:
        if child.process is not None:
            child.process.send_signal(signal.SIGTERM)
        child.due = float("inf")

    def _bury(self, child: _Child, kill: bool) -> None:
        process = child.process
        if process is None:
            return
        if kill:
            process.kill()
        if process.poll() is not None:
            self._release(child)
            self._change(child, State.STOPPED, "")

    def _release(self, child: _Child) -> None:
        """Read what a dead child left in its pipe, and close it even if a grandchild holds it."""
        self._drain(child)
        stream = child.process.stdout if child.process else None
        if stream is not None and not stream.closed:
            self._selector.unregister(stream)
            stream.close()
        child.process = None


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _log_file(path: Path) -> logging.Logger:
    log = logging.Logger(f"campus.{id(path)}", logging.INFO)
    handler = RotatingFileHandler(path, maxBytes=5_000_000, backupCount=5, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    return log
