"""Values as they are to be read: the store keeps what was measured, calibrations are added here."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from alerts.fittings import Calibration, Fitting, Fittings
from collectors.store import Bucket, EventQuery, SeriesQuery, Store, Written
from devices.catalog import Site
from devices.errors import CampusError
from devices.model import Fact, PointId, Reading
from devices.service import Clock, Health

log = logging.getLogger(__name__)

EVERY_S = 2.0


class FittingsBook(Protocol):
    """The part of the book that tells what sits where and how it is calibrated."""

    def fittings(self) -> Sequence[Fitting]: ...
    def calibrations(self) -> Sequence[Calibration]: ...


class Corrections:
    """What the book says of calibrations, looked up again every few seconds by `look`."""

    def __init__(self, site: Site, book: FittingsBook, clock: Clock) -> None:
        self._site, self._book, self._clock = site, book, clock
        self._looked_at: float | None = None
        self.fittings = Fittings(site, (), ())
        """As last looked up; reading it asks nobody."""

    def look(self) -> Fittings:
        """The newest, where the book can be read; what was known before, where it cannot."""
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at >= EVERY_S:
            self._looked_at = now
            try:
                self.fittings = Fittings(
                    self._site, self._book.fittings(), self._book.calibrations()
                )
            except CampusError as error:
                log.warning("calibrations are taken as they were: %s", error)
        return self.fittings

    def forget(self) -> None:
        """Something changed: the next look asks the book."""
        self._looked_at = None


class CorrectedStore:
    """A store whose answers have the offset of their own time added; see `Store`."""

    def __init__(self, store: Store, corrections: Corrections) -> None:
        self._store, self._corrections = store, corrections
        self.lanes = store.lanes

    def write(self, readings: Sequence[Reading]) -> Written:
        """As measured."""
        return self._store.write(readings)

    def put(self, facts: Sequence[Fact]) -> Written:
        return self._store.put(facts)

    def tend(self, now: datetime) -> bool:
        return self._store.tend(now)

    def forget(self, moved: Sequence[tuple[PointId, int]]) -> None:
        self._store.forget(moved)

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        known = self._corrections.look()
        return {id: known.corrected(r) for id, r in self._store.latest(points).items()}

    def events(self, query: EventQuery) -> list[Reading]:
        known = self._corrections.look()
        return [known.corrected(reading) for reading in self._store.events(query)]

    def series(self, query: SeriesQuery) -> list[Bucket]:
        """A bucket in which the offset changes is asked for in pieces."""
        known, point = self._corrections.look(), query.point
        found, length = self._store.series(query), (query.end - query.start) / query.buckets
        if not known.calibrations(point):
            return found
        made: list[Bucket] = []
        for bucket in found:
            end = min(bucket.at + length, query.end)
            changes = known.changes(point, bucket.at, end)
            if changes:
                made.append(self._in_pieces(known, point, bucket.at, [*changes, end]))
            else:
                made.append(_moved(bucket, known.offset(point, bucket.at)))
        return made

    def _in_pieces(
        self, known: Fittings, point: PointId, start: datetime, ends: Sequence[datetime]
    ) -> Bucket:
        pieces, begun = list[Bucket](), start
        for end in ends:
            for piece in self._store.series(SeriesQuery(point, begun, end, 1)):
                pieces.append(_moved(piece, known.offset(point, begun)))
            begun = end
        count = sum(piece.count for piece in pieces)
        mean = sum(piece.mean * piece.count for piece in pieces) / count
        return Bucket(
            start, min(p.min for p in pieces), mean, max(p.max for p in pieces), count
        )  # fmt: skip

    def health(self) -> Health:
        return self._store.health()

    def close(self) -> None:
        self._store.close()


def _moved(bucket: Bucket, offset: float) -> Bucket:
    if not offset:
        return bucket
    return replace(
        bucket, min=round(bucket.min + offset, 6), mean=bucket.mean + offset,
        max=round(bucket.max + offset, 6),
    )  # fmt: skip
