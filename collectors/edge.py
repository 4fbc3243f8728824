"""EdgeRules: carries local rules out on a thread of its own, past disk, network, slow drivers."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from collectors.localrules import LocalRules, Switch
from devices.localrules import LocalRule
from devices.model import PointId, Value
from devices.service import Clock

log = logging.getLogger(__name__)

Carry = Callable[[PointId, str, Mapping[str, Any]], None]
"""Has an output's driver do something, in the caller's thread."""

POLL_S = 0.5


class EdgeRules:
    """Whoever hears a value only enqueues it here; within some milliseconds the output is on."""

    def __init__(
        self, rules: Iterable[LocalRule], kinds: Mapping[str, str], clock: Clock, carry: Carry
    ) -> None:
        self._rules = LocalRules(rules, kinds)
        self._kinds = kinds
        self._clock = clock
        self._carry = carry
        self._inputs, self.outputs = self._rules.inputs, self._rules.outputs
        self._jobs: queue.SimpleQueue[Callable[[float], list[Switch]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._causes: dict[str, str] = {}

    def adopt(self, rules: Iterable[LocalRule], kinds: Mapping[str, str]) -> None:
        """Other rules from now on; alarms of the old ones end."""
        fresh = LocalRules(rules, kinds)
        if self._thread is None:
            self._take(fresh, kinds)
            self.start()
        else:
            self._jobs.put(lambda _now: self._take(fresh, kinds))

    def _take(self, rules: LocalRules, kinds: Mapping[str, str]) -> list[Switch]:
        self._rules, self._kinds = rules, kinds
        self._inputs, self.outputs = rules.inputs, rules.outputs
        return []

    def start(self) -> None:
        if self.outputs:
            self._thread = threading.Thread(target=self._run, name="local-rules", daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(5.0)
            self._thread = None

    def hear(self, point: str, value: Value) -> None:
        """From any thread."""
        if point in self._inputs:
            self._jobs.put(lambda now: self._rules.hear(point, value, now))

    def opened(self, output: str) -> None:
        """The driver of an output was opened. From any thread."""
        if output in self.outputs:
            self._jobs.put(lambda _now: self._rules.opened(output))

    def engine_wishes(self, output: str, state: str) -> None:
        """A command of the engine for one of `outputs`. From any thread."""
        self._jobs.put(lambda _now: self._rules.engine_wishes(output, state))

    def cause(self, output: str) -> str:
        """The local rule that has an output on, or ""."""
        return self._causes.get(output, "")

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._wait())
                if job is None:
                    return
            except queue.Empty:
                job = self._rules.tick
            try:
                switches = job(self._clock.monotonic())
                self._causes = {output: self._rules.cause(output) for output in self.outputs}
                for switch in switches:
                    self._switch(switch)
            except Exception:
                log.exception("a local rule stumbled")

    def _wait(self) -> float | None:
        return None if self._rules.due() is None else POLL_S

    def _switch(self, switch: Switch) -> None:
        if switch.rule:
            log.warning("local rule %s switches %s %s", switch.rule, switch.point, switch.state)
        do = self._kinds[switch.point]
        self._carry(PointId(switch.point), do, {"state": switch.state})
