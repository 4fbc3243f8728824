"""Store and Query: where readings live, by URL; `open_store` picks the implementation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from devices.catalog import Site
from devices.errors import StoreMisconfigured
from devices.model import Fact, PointId, Reading
from devices.service import Health


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """One number point from `start` (in) to `end` (out), in at most `buckets` equal buckets."""

    point: PointId
    start: datetime
    end: datetime
    buckets: int = 300


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a point did in one bucket; empty buckets are left out, so gaps stay gaps."""

    at: datetime
    """The bucket's start."""
    min: float
    mean: float
    max: float
    count: int


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Single readings of any type from `start` (in) to `end` (out), oldest first."""

    points: Sequence[PointId]
    start: datetime
    end: datetime
    limit: int = 1000
    """At most so many; the newest ones where there are more."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A reading that the store will never take, and why."""

    reading: Reading
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: every reading not in `refused` is durable."""

    refused: Sequence[Refused] = field(default=())


class Store(Protocol):
    """Durable readings. A write returns only when durable and is idempotent on (point, at).

    A reading whose time is uncertain (quality `clock`) never takes the place of a good one.

    `write` raises StoreUnavailable (try again) or StoreMisconfigured (tell a person); then nothing
    is promised and the same readings may be written again.
    """

    lanes: int
    """So many writes may be under way at once and each helps."""

    def write(self, readings: Sequence[Reading]) -> Written: ...

    def put(self, facts: Sequence[Fact]) -> Written:
        """As `write`, quicker. Times are within the years 2000 to 2100."""

    def tend(self, now: datetime) -> bool:
        """A short piece of upkeep, between two writes; whether there is more to do.

        Raises as `write` does; nothing is lost by it.
        """

    def forget(self, moved: Sequence[tuple[PointId, int]]) -> None:
        """Remove readings of uncertain time that were stored there (ms); good ones stay.

        Raises as `write` does; then it is to be done again.
        """

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        """The newest reading by source time of each point that has one."""

    def series(self, query: SeriesQuery) -> list[Bucket]:
        """Buckets of the query's grid (collectors.store.grid), oldest first, empty ones left out.

        Only what an alarm may use counts; every reading counts once, exactly in its bucket, while
        the store still has it or its minute.
        """

    def events(self, query: EventQuery) -> list[Reading]: ...

    def health(self) -> Health: ...

    def close(self) -> None: ...


def open_store(site: Site, data: Path, *, readonly: bool = False) -> Store:
    """The store of the site file's `[store]`; imports only what that store needs.

    `readonly` is for the dashboard: an embedded store has exactly one writing process. Raises
    StoreMisconfigured where the address is no store's.
    """
    url = site.store.url
    if url.startswith("sqlite:"):
        from collectors.store.sqlite import SqliteStore

        return SqliteStore(data / url.removeprefix("sqlite:"), site, readonly=readonly)
    if url == "influxdb" or url.startswith(("http://", "https://")):
        from collectors.store.influx import InfluxStore

        return InfluxStore(site)
    raise StoreMisconfigured(
        f"store.url {url!r} is no store's address: use sqlite:PATH, http://HOST:8086 or influxdb"
    )
