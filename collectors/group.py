"""A group of batches on its way into the store: good readings, refusals, and whom to answer."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta

from collectors.ledger import DeadLetter, Receipt
from collectors.transport import Message
from devices import wire
from devices.model import (
    ClockState,
    Fact,
    Kind,
    Origin,
    PointId,
    Reading,
    ValueType,
    from_ms,
    reading_of,
    to_ms,
)

TOO_FAR_AHEAD = timedelta(days=1)

Grade = Callable[[Sequence[Fact], int], list[Fact]]
"""Facts that arrived at a time (ms), each with its quality: the seam of fault detection."""


class Group:
    """What one write is about; made by one thread, then carried through by another."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.facts: list[Fact] = []
        self.receipts: list[Receipt] = []
        self.letters: list[DeadLetter] = []
        self.counts: Counter[str] = Counter()
        self.messages: list[Message] = []
        self.origins: list[Origin] = []
        self.moved: list[tuple[PointId, int]] = []
        """Where (ms) readings were stored before the clock of their node was set."""

    def refuse(self, reading: Reading, reason: str) -> None:
        batch = wire.Batch(reading.origin, ClockState.SYNCED, [reading])
        self.bury(DeadLetter(self.now, reading.origin.node, reason, wire.encode_batch(batch)))

    def bury(self, letter: DeadLetter) -> None:
        self.letters.append(letter)
        self.counts["refused"] += 1

    def acknowledgements(self) -> dict[tuple[str, str], list[int]]:
        """Batch numbers by node and boot."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for origin in self.origins:
            found[origin.node, origin.boot].append(origin.seq)
        return found


class Sorter:
    """Makes groups of messages: decodes, judges times, grades."""

    def __init__(self, kinds: Mapping[PointId, Kind], grade: Grade) -> None:
        self._kinds = kinds
        self._grade = grade
        self.renew()

    def renew(self) -> None:
        """The points have changed."""
        self._numbers: Container[str] = frozenset(
            point for point, kind in self._kinds.items() if kind.value_type is ValueType.NUMBER
        )

    def add(self, group: Group, message: Message) -> None:
        """What `message` says becomes part of `group`."""
        found = wire.decode_facts(message.topic, message.payload, self._kinds, self._numbers)
        group.messages.append(message)
        for refusal in found.refusals:
            group.bury(DeadLetter(group.now, found.node, refusal.reason, refusal.raw))
        if found.origin is None:
            return
        group.moved += found.moved
        group.counts["moved"] += len(found.moved)
        facts, newest = found.facts, 0
        if facts:
            newest = max([fact[1] for fact in facts])
            far = to_ms(group.now + TOO_FAR_AHEAD)
            if newest > far:
                facts = self._refuse_future(group, found, far)
                newest = max([fact[1] for fact in facts], default=0)
            group.facts += self._grade(facts, to_ms(group.now))
        at = from_ms(newest)
        if not newest or found.clock is ClockState.UNSYNCED:
            at = group.now  # the day of a clock that was never set would be any day
        group.origins.append(found.origin)
        group.receipts.append(Receipt(found.origin, at, len(facts)))

    def _refuse_future(self, group: Group, found: wire.Facts, far: int) -> list[Fact]:
        for fact in found.facts:
            if fact[1] > far:
                ahead = (from_ms(fact[1]) - group.now).days
                reason = f"its time is {ahead} days ahead of the server's clock"
                group.refuse(reading_of(fact, found.origin), reason)
        return [fact for fact in found.facts if fact[1] <= far]
