"""Trials: what a rule would have told in the last 30 days, worked out beside the web service.

In a process of its own with low priority: replaying a month must not slow the live pages.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

SPAN = timedelta(days=30)
PATIENCE_S = 900.0
KEPT = 50


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of one rule; `result` is what `campus plan backtest` and `test` said."""

    rule: str
    hold_s: float | None
    started: datetime
    running: bool = True
    trouble: str = ""
    counts: Mapping[str, int] | None = None
    """By hold time as text ("" is the rule's own), how often it would have called."""
    readings: int = 0
    stories: Sequence[Mapping[str, Any]] = ()


class Trials:
    """One at a time; any thread may ask."""

    def __init__(self, config: Path, data: Path) -> None:
        self._place = ["--config", str(config), "--data", str(data)]
        self._found: dict[str, Trial] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def of(self, rule: str) -> Trial | None:
        with self._lock:
            return self._found.get(rule)

    def start(self, rule: str, hold_s: float | None, now: datetime) -> bool:
        """Whether it was begun; False while another one runs."""
        with self._lock:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return False
            while len(self._found) >= KEPT:
                del self._found[next(iter(self._found))]
            trial = self._found[rule] = Trial(rule, hold_s, now)
            self._thread = threading.Thread(target=self._run, args=(trial,), name="trial")
            self._thread.start()
            return True

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
            thread = self._thread
        if thread is not None:
            thread.join(10)

    def _run(self, trial: Trial) -> None:
        try:
            hold = [] if trial.hold_s is None else ["--hold", f"{trial.hold_s:g}"]
            past = self._ask("backtest", "--rule", trial.rule, *hold)
            told = self._ask("test", "--rule", trial.rule)
            trial = replace(
                trial, running=False, counts=past["by_hold"], readings=past["readings"],
                stories=told["scenarios"],
            )  # fmt: skip
        except (OSError, ValueError, KeyError) as error:
            trial = replace(trial, running=False, trouble=str(error) or type(error).__name__)
        with self._lock:
            self._found[trial.rule] = trial

    def _ask(self, *words: str) -> Any:
        """What the command says as JSON. Raises ValueError with its words where it fails."""
        command = [sys.executable, "-m", "dashboard", "plan", *words, *self._place, "--json"]
        with self._lock:
            if self._closed:
                raise ValueError("the web service is ending")
            self._process = process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                preexec_fn=_yield_to_others,
            )  # fmt: skip
        try:
            out, said = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise ValueError(f"it took more than {PATIENCE_S / 60:g} minutes") from None
        lines = out.splitlines()
        if not lines:
            raise ValueError(said.decode(errors="replace").strip()[-500:] or "no answer")
        return orjson.loads(lines[-1])


def _yield_to_others() -> None:
    os.nice(10)
