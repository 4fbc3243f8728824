"""What a node does by itself: pure state of its local rules and of the outputs they share."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from devices.drivers.twostate import CALM_WORDS
from devices.localrules import LocalRule
from devices.model import Value

LOUDNESS = {"off": 0, "silent": 1, "on": 2}
"""Of two wishes for an output the louder one counts."""


@dataclass(frozen=True, slots=True)
class Switch:
    """An output is to be put into a state."""

    point: str
    state: str
    rule: str
    """The local rule that wants it, or "": the engine's wish."""


@dataclass(slots=True)
class _Alarm:
    """A local rule that has fired and is not over."""

    until: float
    taken_over: bool = False
    """The engine has switched the outputs on itself: from now on its word counts."""


class LocalRules:
    """Alarms at once, and settles who has the say over an output.

    While a local alarm is on, an output is on whatever the engine wishes, until the engine takes
    over by switching one of the outputs on itself; from then on its wishes count. A button of the
    rule ends the local alarm, and quiets what the engine wished before (a beacon stays lit) until
    the engine says otherwise: so it works without a server too.
    """

    def __init__(self, rules: Iterable[LocalRule], kinds: Mapping[str, str]) -> None:
        """`kinds` are the kinds of the points, by id."""
        self._rules = {rule.id: rule for rule in rules}
        self._kinds = kinds
        self._alarms: dict[str, _Alarm] = {}
        self._last: dict[str, Value] = {}
        self._granted: dict[str, float] = {}
        self._wished: dict[str, str] = {}
        self._shown = dict.fromkeys(self.outputs, "off")

    @property
    def outputs(self) -> frozenset[str]:
        return frozenset(point for rule in self._rules.values() for point in rule.outputs)

    @property
    def inputs(self) -> frozenset[str]:
        """The points whose values matter here."""
        return frozenset(
            point for rule in self._rules.values()
            for point in (rule.point, *rule.grants, *rule.acknowledge)
        )  # fmt: skip

    def cause(self, output: str) -> str:
        """The local rule that has an output on, or ""."""
        for id in self._alarms:
            if output in self._rules[id].outputs and not self._alarms[id].taken_over:
                return id
        return ""

    def hear(self, point: str, value: Value, now: float) -> list[Switch]:
        """A value as its driver said it."""
        before = self._last.get(point)
        self._last[point] = value
        if value in ("granted", "pressed"):
            self._granted[point] = now
        for rule in self._rules.values():
            if point in rule.acknowledge and value == "pressed":
                self._acknowledge(rule)
            elif point == rule.point and self._fires(rule, before, value, now):
                self._alarms[rule.id] = _Alarm(now + rule.for_s)
        return list(self._changes())

    def _fires(self, rule: LocalRule, before: Value | None, value: Value, now: float) -> bool:
        if value in CALM_WORDS or value == before:
            return False
        if rule.when == "panic":
            return True
        if before is None:
            return False  # found open at the start: nobody has just opened it
        held = any(self._last.get(point) == "pressed" for point in rule.grants)
        newest = max(self._granted.get(point, -math.inf) for point in rule.grants)
        return not held and now - newest > rule.within_s

    def _acknowledge(self, rule: LocalRule) -> None:
        self._alarms.pop(rule.id, None)
        for output in rule.outputs:
            if self._wished.get(output) == "on":
                self._wished[output] = "silent" if self._kinds.get(output) == "beacon" else "off"

    def engine_wishes(self, output: str, state: str) -> list[Switch]:
        """A command of the engine for one of our outputs."""
        self._wished[output] = state
        if state == "on":
            for id, alarm in self._alarms.items():
                alarm.taken_over |= output in self._rules[id].outputs
        for id in [id for id, alarm in self._alarms.items() if alarm.taken_over]:
            outputs = self._rules[id].outputs
            # A siren that the engine knows nothing of sounds on until the beacon is answered.
            if all(self._wished.get(out, "off") != "on" for out in outputs):
                del self._alarms[id]
        self._shown.pop(output, None)  # said again, so that a driver that came back hears it
        return list(self._changes())

    def opened(self, output: str) -> list[Switch]:
        """The driver of an output was opened (again), and shows off."""
        self._shown[output] = "off"
        return list(self._changes())

    def tick(self, now: float) -> list[Switch]:
        """What time ends."""
        for id in [id for id, alarm in self._alarms.items() if now >= alarm.until]:
            del self._alarms[id]
        return list(self._changes())

    def due(self) -> float | None:
        """When `tick` has something to do; None: never."""
        return min((alarm.until for alarm in self._alarms.values()), default=None)

    def _changes(self) -> Iterator[Switch]:
        for output in sorted(self.outputs):
            state, rule = self._wanted(output)
            if self._shown.get(output) != state:
                self._shown[output] = state
                yield Switch(output, state, rule)

    def _wanted(self, output: str) -> tuple[str, str]:
        state, rule = self._wished.get(output, "off"), ""
        for id, alarm in self._alarms.items():
            ours = output in self._rules[id].outputs
            unknown = output not in self._wished
            if ours and (not alarm.taken_over or unknown) and LOUDNESS[state] < LOUDNESS["on"]:
                state, rule = "on", id
        return state, rule
