"""Health: a week of alarms by the figures of EEMUA 191 and ISA-18.2, and the mend they lead to.

Both books count alarms for one person at a desk: about one in ten minutes can be handled, more than
ten in ten minutes is a flood that is over below five, three of one kind in a minute is chatter, and
what stands longer than a day says nothing any more. Of all alarms about 80 % should be of low, 15 %
of middle and 5 % of high priority. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from alerts.model import Alert, Deed, Ending, Severity, Transition

TEN_MINUTES = timedelta(minutes=10)
MANAGEABLE = 1.0
FLOOD_BEGINS, FLOOD_ENDS = 10, 5
STANDING = timedelta(hours=24)
CHATTER_TIMES, CHATTER_WITHIN = 3, timedelta(minutes=1)
WORST = 10
HOLDS = tuple(timedelta(minutes=minutes) for minutes in (1, 3, 5, 10, 15, 30))
WORTH = 0.3
"""A longer hold is worth naming where it leaves out so much of what comes; our own figure."""

Key = tuple[str, str]
"""Rule and point (or node)."""


@dataclass(frozen=True, slots=True)
class Flood:
    start: datetime
    end: datetime
    alarms: int


@dataclass(frozen=True, slots=True)
class Mend:
    """With this hold time `share` of what came would not have been told."""

    hold: timedelta
    share: float


@dataclass(frozen=True, slots=True)
class Offender:
    """One rule at one point: how often it came, how it behaved, what would help."""

    rule: str
    key: str
    alarms: int
    share: float
    chattered: bool
    median_s: float | None
    """How long it lasted, in the middle; None where it never returned."""
    mend: Mend | None


@dataclass(frozen=True, slots=True)
class Answered:
    """How soon alarms of a severity were acknowledged."""

    alarms: int
    acknowledged: int
    median_s: float | None


@dataclass(frozen=True, slots=True)
class AlarmHealth:
    """The sheet of a time."""

    start: datetime
    end: datetime
    alarms: int
    per_day: float
    per_ten_minutes: float
    busiest: int
    """The most in any ten minutes by the clock."""
    floods: Sequence[Flood]
    in_flood: float
    """Share of the time."""
    standing: Sequence[Alert]
    chattering: int
    by_severity: Mapping[Severity, int]
    answered: Mapping[Severity, Answered]
    endings: Mapping[Ending, int]
    unended: int
    """Closed, and nobody has said what it was."""
    worst: Sequence[Offender]
    drills: Sequence[Alert] = field(default=())

    @property
    def manageable(self) -> bool:
        return self.per_ten_minutes <= MANAGEABLE and not self.floods


def alarm_health(
    steps: Sequence[Transition], alerts: Iterable[Alert], start: datetime, end: datetime,
    drills: Iterable[str] = (),
) -> AlarmHealth:  # fmt: skip
    """`steps` are those of the time in order, `alerts` all that were open in it; `drills` are the
    rules of exercises: they are listed and not counted."""
    exercises = set(drills)
    alerts = list(alerts)
    counted = [alert for alert in alerts if alert.rule not in exercises]
    steps = [step for step in steps if step.alert.rule not in exercises]
    calls = [step for step in steps if step.why in (Deed.RAISED, Deed.AGAIN)]
    times = [step.at for step in calls]
    span = max(end - start, TEN_MINUTES)
    floods = _floods(times)
    closed = [alert for alert in counted if not alert.state.open]
    by_key = _by_key(calls)
    chattering = {key for key, several in by_key.items() if _chatters(several)}
    return AlarmHealth(
        start, end, len(calls),
        per_day=len(calls) / (span / timedelta(days=1)),
        per_ten_minutes=len(calls) / (span / TEN_MINUTES),
        busiest=max(Counter(int(at.timestamp()) // 600 for at in times).values(), default=0),
        floods=floods,
        in_flood=sum((f.end - f.start for f in floods), timedelta()) / span,
        standing=[a for a in counted if a.state.open and end - a.raised_at > STANDING],
        chattering=len(chattering),
        by_severity=Counter(step.alert.severity for step in calls),
        answered=_answered(counted, start),
        endings=Counter(alert.ending for alert in counted if alert.ending is not None),
        unended=sum(1 for alert in closed if alert.ending is None),
        worst=_worst(by_key, _lasting(steps), chattering, len(calls)),
        drills=[alert for alert in alerts if alert.rule in exercises],
    )  # fmt: skip


def _by_key(calls: Iterable[Transition]) -> Mapping[Key, list[datetime]]:
    found: defaultdict[Key, list[datetime]] = defaultdict(list)
    for step in calls:
        found[step.alert.rule, step.alert.key].append(step.at)
    return found


def _floods(times: Sequence[datetime]) -> list[Flood]:
    """From the first alarm of ten minutes with more than ten until ten minutes with fewer than
    five."""
    floods: list[Flood] = []
    index = 0
    while index < len(times):
        last = index
        while last + 1 < len(times) and times[last + 1] - times[index] < TEN_MINUTES:
            last += 1
        if last - index + 1 <= FLOOD_BEGINS:
            index += 1
            continue
        first = index
        while last + 1 < len(times) and _within(times, last + 1) >= FLOOD_ENDS:
            last += 1
        floods.append(Flood(times[first], times[last], last - first + 1))
        index = last + 1
    return floods


def _within(times: Sequence[datetime], index: int) -> int:
    """How many came in the ten minutes up to one alarm, with it."""
    count = 0
    while index - count >= 0 and times[index] - times[index - count] < TEN_MINUTES:
        count += 1
    return count


def _chatters(times: Sequence[datetime]) -> bool:
    several = zip(times, times[CHATTER_TIMES - 1 :], strict=False)
    return any(last - first <= CHATTER_WITHIN for first, last in several)


def _lasting(steps: Iterable[Transition]) -> Mapping[Key, list[timedelta]]:
    """How long each occurrence lasted that returned to normal in this time."""
    began: dict[str, datetime] = {}
    found: defaultdict[Key, list[timedelta]] = defaultdict(list)
    for step in steps:
        if step.why in (Deed.RAISED, Deed.AGAIN):
            began[step.alert.id] = step.at
        elif step.why is Deed.RETURNED and step.alert.id in began:
            span = step.at - began.pop(step.alert.id)
            found[step.alert.rule, step.alert.key].append(span)
    return found


def _worst(
    by_key: Mapping[Key, list[datetime]], lasting: Mapping[Key, list[timedelta]],
    chattering: set[Key], all_calls: int,
) -> list[Offender]:  # fmt: skip
    ranked = sorted(by_key.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:WORST]
    return [
        Offender(
            rule, key, len(times), len(times) / all_calls, (rule, key) in chattering,
            median(span.total_seconds() for span in spans) if spans else None,
            _mend(spans, len(times)),
        )
        for (rule, key), times in ranked
        for spans in [lasting.get((rule, key), [])]
    ]  # fmt: skip


def _mend(spans: Sequence[timedelta], calls: int) -> Mend | None:
    """The shortest longer hold that leaves out most of what a longer one would."""
    if calls < CHATTER_TIMES:
        return None
    shares = [Mend(hold, sum(1 for span in spans if span < hold) / calls) for hold in HOLDS]
    best = max((mend.share for mend in shares), default=0.0)
    if best < WORTH:
        return None
    return next(mend for mend in shares if mend.share >= 0.8 * best)


def _answered(alerts: Iterable[Alert], start: datetime) -> Mapping[Severity, Answered]:
    found: dict[Severity, Answered] = {}
    alerts = [alert for alert in alerts if alert.raised_at >= start]
    for severity in Severity:
        own = [alert for alert in alerts if alert.severity is severity]
        waits = [
            max(0.0, (alert.acknowledged_at - alert.raised_at).total_seconds())
            for alert in own
            if alert.acknowledged_at is not None
        ]
        if own:
            found[severity] = Answered(len(own), len(waits), median(waits) if waits else None)
    return found
