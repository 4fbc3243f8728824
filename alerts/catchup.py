"""CatchUp: what was stored while the engine was away is judged at its next start."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from alerts.book import Book
from collectors.store import EventQuery, Store
from devices.catalog import Site
from devices.errors import StoreError
from devices.model import Reading

log = logging.getLogger(__name__)

READINGS = "readings"
LONGEST = timedelta(days=1)
"""What is older is history; nobody is called for it."""
OVERLAP = timedelta(minutes=45)
"""Before the checkpoint, so that the rules know what was so when it was set, and how long a door
that puts off an alarm has been open."""
STRETCH = timedelta(hours=1)
STRETCH_LIMIT = 200_000
EVERY = timedelta(seconds=10)
AGAIN_S = 10.0


class CatchUp:
    """Keeps the checkpoint: the newest source time that was judged and saved."""

    def __init__(self, site: Site, store: Store, book: Book) -> None:
        self.trouble = ""
        self.behind = True
        """What was stored has not been judged yet; the checkpoint stays where it is."""
        self._tried_at = 0.0
        self._site = site
        self._store = store
        self._since = book.checkpoint(READINGS)
        self._newest = self._since
        self._noted = self._since

    def readings(self, now: datetime) -> Iterator[tuple[Reading, bool]]:
        """In the order of their times, each with whether it has to be judged; none without a
        store, and then `trouble` says so and it is to be tried again."""
        try:
            yield from self._readings(now)
            self.trouble, self.behind = "", False
        except StoreError as error:
            self.trouble = f"what came while the alarm engine was away is not judged: {error}"
            log.warning("%s", self.trouble)

    def _readings(self, now: datetime) -> Iterator[tuple[Reading, bool]]:
        latest = self._store.latest(self._site.points)
        since = self._since
        if since is None:
            yield from ((reading, True) for reading in _ordered(latest.values()))
            return
        start = max(since - OVERLAP, now - LONGEST)
        yield from ((r, False) for r in _ordered(latest.values()) if r.at < start)
        while start < now:
            end = min(start + STRETCH, now + timedelta(minutes=1))
            query = EventQuery(list(self._site.points), start, end, STRETCH_LIMIT)
            yield from ((r, r.at > since) for r in _ordered(self._store.events(query)))
            start = end

    def again(self, monotonic: float) -> bool:
        """Whether it is time to try once more."""
        if not self.behind or monotonic - self._tried_at < AGAIN_S:
            return False
        self._tried_at = monotonic
        return True

    def judged(self, reading: Reading, now: datetime) -> None:
        """A source that is ahead must not move the checkpoint past what others will say."""
        at = min(reading.at, now)
        if self._newest is None or at > self._newest:
            self._newest = at

    def due(self) -> datetime | None:
        """The checkpoint, where it is time to save it."""
        newest, noted = self._newest, self._noted
        if self.behind or newest is None or (noted is not None and newest - noted < EVERY):
            return None
        self._noted = newest
        return newest


def _ordered(readings: Iterable[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda reading: reading.at)
