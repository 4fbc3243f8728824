"""Judge: every rule of a plan over readings and passing time; deterministic, without a clock.

The engine feeds it what happens now; the same judge replays what the store holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from alerts.calendar import ALWAYS
from alerts.model import Verdict
from alerts.plan import Plan
from alerts.rule import NOTHING, Joint, Memory, Outcome, Rule, Step
from alerts.view import LiveView
from devices.model import PointId, Reading

SWEEP = timedelta(seconds=5)
"""How often all keys of rules that time alone can breach are asked; those in hand each tick."""


_Name = tuple[str, str]
"""Rule and key."""
_Way = tuple[Rule, _Name, bool, bool]
"""A rule of a point, its name with the key, whether it wants good data, whether it is joint."""


class Judge:
    """Owns what the rules remember; `changed` is what has to be saved, until it is taken."""

    def __init__(
        self,
        plan: Plan,
        view: LiveView,
        memories: Mapping[tuple[str, str], Memory],
        sweep: timedelta = SWEEP,
    ) -> None:
        self._sweep_every = sweep
        self.changed: dict[tuple[str, str], Memory] = {}
        self._view = view
        self._memories = dict(memories)
        self.adopt(plan)

    def adopt(self, plan: Plan) -> None:
        """This plan is at work from now on; what its rules know already they remember."""
        self._plan = plan
        self._ways: dict[PointId, tuple[_Way, ...]] = {}
        known = {(r.file.id, key) for r in plan.rules for key in plan.keys(r)}
        for name in self._memories.keys() - known:
            # Else a rule that is taken out and put in again would think that it has told.
            del self._memories[name]
            self.changed[name] = NOTHING
        self._rules = {rule.file.id: rule for rule in plan.rules}
        self._busy = {name for name, memory in self._memories.items() if _busy(memory)}
        self._often = [rule for rule in plan.rules if rule.always_ticks]
        self._windowed = [
            rule for rule in plan.rules if rule.outcome is Outcome.ALERT and _has_windows(rule)
        ]
        self._swept_minute = -1
        self._swept_at: datetime | None = None

    def forget(self, rule: str, key: str) -> None:
        """As if it had judged nothing of that point yet."""
        if self._memories.pop((rule, key), None) is not None:
            self.changed[rule, key] = NOTHING
            self._busy.discard((rule, key))

    def remembers(self, rule: str, key: str) -> Memory:
        return self._memories.get((rule, key), NOTHING)

    def take_changed(self) -> dict[tuple[str, str], Memory]:
        changed, self.changed = self.changed, {}
        return changed

    def check(self, reading: Reading, now: datetime | None) -> list[tuple[Rule, Verdict]]:
        """The verdicts of one reading; none where it is not newer than what is known.

        `now` is when it arrived; None: it comes from the store.
        """
        known = self._view.newest(reading.point)
        if known is not None and reading.at <= known.at:
            return []
        found: list[tuple[Rule, Verdict]] = []
        ways = self._ways.get(reading.point)
        if ways is None:
            ways = self._ways[reading.point] = self._ways_of(reading.point)
        usable, live, memories = reading.quality.usable, now is not None, self._memories
        for rule, name, wants_good, joint in ways:
            if wants_good and not usable:
                continue
            memory = memories.get(name, NOTHING)
            # Points judged together come from several nodes, so not in the order of their times.
            if reading.at > memory.at or (joint and live):
                step = rule.check(reading, memory, self._view)
                if step is not None:
                    found += self._taken(rule, name, step)
        self._view.keep(reading, now)
        return found

    def tick(self, now: datetime) -> list[tuple[Rule, Verdict]]:
        """The verdicts of time alone: stretches held, windows begun, points and nodes silent."""
        found: list[tuple[Rule, Verdict]] = []
        for rule, key in self._due(now):
            step = rule.tick(key, self.remembers(rule.file.id, key), now, self._view)
            if step is not None:
                found += self._taken(rule, (rule.file.id, key), step)
        return found

    def _due(self, now: datetime) -> Iterable[tuple[Rule, str]]:
        due = {(id, key): None for id, key in sorted(self._busy)}
        for rule in self._sweep(now):
            due |= {(rule.file.id, key): None for key in self._plan.keys(rule)}
        return [(self._rules[id], key) for id, key in due]

    def _sweep(self, now: datetime) -> Iterator[Rule]:
        """The rules of which every key is asked this time; at first all, for a plan may be new."""
        minute = int(now.timestamp()) // 60
        new_minute, self._swept_minute = minute != self._swept_minute, minute
        last = self._swept_at
        often = last is None or not timedelta() <= now - last < self._sweep_every
        if often:
            self._swept_at = now
        if last is None:
            yield from self._plan.rules
            return
        if often:
            yield from self._often
        if new_minute:  # windows begin and end at whole minutes
            yield from self._windowed

    def _ways_of(self, point: PointId) -> tuple[_Way, ...]:
        """What each reading of a point needs of its rules, looked up once a plan."""
        return tuple(
            (rule, (rule.file.id, rule.key_of(point)), rule.needs_good_data,
             rule.joint is not Joint.NONE)
            for rule in self._plan.rules_for(point)
        )  # fmt: skip

    def _taken(self, rule: Rule, name: _Name, step: Step) -> list[tuple[Rule, Verdict]]:
        memory, verdict = step
        self._memories[name] = self.changed[name] = memory
        if _busy(memory) and (rule.ticks_in_breach or not memory.breached):
            self._busy.add(name)
        else:
            self._busy.discard(name)
        return [(rule, verdict)] if verdict is not None else []


def _busy(memory: Memory) -> bool:
    return memory.since is not None or memory.breached


def _has_windows(rule: Rule) -> bool:
    return bool(rule.file.unless) or ALWAYS not in rule.file.when
