"""Backtest: what the plan would have told over stored history, by the very rules that run live."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.model import Deed, Transition
from alerts.order import WorkOrder
from alerts.plan import Plan
from alerts.replay import Replay
from collectors.store import EventQuery, Store
from devices.catalog import Site
from devices.model import PointId

TICK = timedelta(seconds=10)
"""Coarser than live; a hold time is told at most so much later."""
STRETCH = timedelta(hours=6)
LIMIT = 2_000_000

Progress = Callable[[datetime, int], None]
"""How far it has come, and how many readings were judged."""


@dataclass(frozen=True, slots=True)
class History:
    """What would have happened between two moments."""

    start: datetime
    end: datetime
    readings: int
    transitions: list[Transition]
    orders: list[WorkOrder]

    @property
    def raised(self) -> Counter[str]:
        """How often each rule would have called."""
        return Counter(t.alert.rule for t in self.transitions if t.why in (Deed.RAISED, Deed.AGAIN))


def backtest(
    site: Site, plan: Plan, store: Store, start: datetime, end: datetime, progress: Progress
) -> History:
    """Raises StoreError. Nodes are taken to live as long as their points speak."""
    replay = Replay(site, plan, start, TICK, site.nodes)
    count, points = 0, _points(site, plan)
    for stretch in _stretches(start, end):
        query = EventQuery(points, *stretch, LIMIT)
        readings = sorted(store.events(query), key=lambda reading: reading.at)
        replay.play(readings)
        count += len(readings)
        progress(stretch[1], count)
    replay.advance(end)
    return History(start, end, count, replay.happened.transitions, replay.happened.orders)


def _stretches(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + STRETCH, end)
        start += STRETCH


def _points(site: Site, plan: Plan) -> list[PointId]:
    """What the plan's rules watch, and what is beside it: a rule may look at its room."""
    keys = {key for rule in plan.rules for key in plan.keys(rule)}
    rooms = {plan.place_of(key) for key in keys}
    return [id for id, point in site.points.items() if point.room in rooms or point.node in keys]
