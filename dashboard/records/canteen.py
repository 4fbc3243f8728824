"""The canteen's own records: notes on a day's sheet, who signed it, and food samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from alerts.database import open_database
from dashboard.records.accounts import MIGRATIONS
from dashboard.records.schema import FoodSampleRow, SheetEntryRow, SignatureRow
from devices.errors import CampusError
from devices.model import from_ms, to_ms
from devices.service import Clock

KEPT = timedelta(hours=48)
"""Samples are kept at least so long (GB 31654-2021; 操作规范 2018); then they may be destroyed."""
LEAST_GRAMS = 125
LONGEST = 500


class CanteenError(CampusError, ValueError):
    """An entry that cannot be taken; `code` is a word of REFUSALS for the page."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Disposal(StrEnum):
    """What became of the food; the words of 食堂温度记录表."""

    NONE = ""
    CONTINUE = "continue"
    REHEAT = "reheat"
    DISCARD = "discard"


class Part(StrEnum):
    """Who signs a sheet."""

    RECORDER = "recorder"
    REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """Cause and corrective action for a unit on a day; never changed, only added to."""

    day: date
    point: str
    cause: str
    action: str
    disposal: Disposal
    shown: float | None
    """What the unit's own display showed, where somebody read it."""
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signature:
    day: date
    part: Part
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FoodSample:
    """One dish of one meal in the sample fridge (留样)."""

    id: int
    meal: str
    dish: str
    grams: int
    slot: str
    kept_at: datetime
    kept_by: str
    destroyed_at: datetime | None
    destroyed_by: str
    sealed_by: str
    """Who sealed it for an inquiry: it must not be destroyed."""
    note: str

    @property
    def due(self) -> datetime:
        """From when it may be destroyed; nothing destroys it by itself."""
        return self.kept_at + KEPT


class CanteenLog:
    """The canteen's records in the register; safe from several threads. Only ever added to."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        self._engine = open_database(url, "records.register", MIGRATIONS, "alembic_version")

    def close(self) -> None:
        self._engine.dispose()

    # --- the day's sheet -------------------------------------------------------------------

    def write(
        self, day: date, point: str, who: str, *, cause: str = "", action: str = "",
        disposal: str = "", shown: float | None = None,
    ) -> SheetEntry:  # fmt: skip
        """Raises CanteenError where nothing is said, or `disposal` is none of its words."""
        if disposal not in list(Disposal):
            raise CanteenError(
                "disposal", f"disposal: {disposal[:20]!r} is none of continue, reheat, discard"
            )
        cause, action = cause.strip()[:LONGEST], action.strip()[:LONGEST]
        if not (cause or action or disposal or shown is not None):
            raise CanteenError("empty", "action: write what was found or done")
        entry = SheetEntry(day, point, cause, action, Disposal(disposal), shown, who, self._now())
        self._add(
            SheetEntryRow(
                day=day.isoformat(), point=point, cause=cause, action=action, disposal=disposal,
                shown=shown, who=who, at=to_ms(entry.at),
            )
        )  # fmt: skip
        return entry

    def entries(self, day: date) -> Sequence[SheetEntry]:
        """Oldest first."""
        query = select(SheetEntryRow).where(SheetEntryRow.day == day.isoformat())
        return [
            SheetEntry(day, row.point, row.cause, row.action, Disposal(row.disposal), row.shown,
                       row.who, from_ms(row.at))
            for row in self._rows(query.order_by(SheetEntryRow.id))
        ]  # fmt: skip

    def sign(self, day: date, part: str, who: str) -> Signature:
        """Raises CanteenError where that part is signed already, or by the same person."""
        if part not in list(Part):
            raise CanteenError("part", f"part: {part[:20]!r} is neither recorder nor reviewer")
        for signed in self.signatures(day):
            if signed.part == part:
                raise CanteenError("signed", f"part: {signed.who} signed this already")
            if signed.who == who:
                raise CanteenError("same-person", "part: two different persons have to sign")
        signature = Signature(day, Part(part), who, self._now())
        self._add(SignatureRow(day=day.isoformat(), part=part, who=who, at=to_ms(signature.at)))
        return signature

    def signatures(self, day: date) -> Sequence[Signature]:
        query = select(SignatureRow).where(SignatureRow.day == day.isoformat())
        return [
            Signature(day, Part(row.part), row.who, from_ms(row.at))
            for row in self._rows(query.order_by(SignatureRow.id))
        ]

    # --- food samples ----------------------------------------------------------------------

    def keep(
        self, meal: str, dish: str, grams: int, who: str, slot: str = "", note: str = ""
    ) -> FoodSample:
        """A dish goes into the sample fridge. Raises CanteenError naming the field."""
        meal, dish = meal.strip()[:40], dish.strip()[:80]
        if not meal or not dish:
            raise CanteenError("dish", "dish: name the meal and the dish")
        if not LEAST_GRAMS <= grams <= 5000:
            raise CanteenError("grams", f"grams: at least {LEAST_GRAMS} g of each dish are kept")
        row = FoodSampleRow(
            meal=meal, dish=dish, grams=grams, slot=slot.strip()[:40], kept_at=to_ms(self._now()),
            kept_by=who, destroyed_at=None, destroyed_by="", sealed_by="", note=note[:LONGEST],
        )  # fmt: skip
        self._add(row)
        return _sample(row)

    def destroy(self, id: int, who: str) -> FoodSample:
        """Raises CanteenError before its time, twice, or where it is sealed."""
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = self._sample_row(db, id)
            sample = _sample(row)
            if sample.destroyed_at is not None:
                raise CanteenError(
                    "destroyed", f"id: {sample.destroyed_by} destroyed this sample already"
                )
            if sample.sealed_by:
                raise CanteenError("sealed", f"id: sealed by {sample.sealed_by}: it must be kept")
            if self._now() < sample.due:
                raise CanteenError("too-early", "id: samples are kept for at least 48 hours")
            row.destroyed_at, row.destroyed_by = to_ms(self._now()), who
        return _sample(row)

    def seal(self, id: int, who: str) -> FoodSample:
        """Keep it for an inquiry. Raises CanteenError where it is gone already."""
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = self._sample_row(db, id)
            if row.destroyed_at is not None:
                raise CanteenError("destroyed", "id: this sample is destroyed already")
            row.sealed_by = who
        return _sample(row)

    def samples(self, since: datetime) -> Sequence[FoodSample]:
        """Those in the fridge, and those kept since; the oldest first."""
        query = select(FoodSampleRow).where(
            FoodSampleRow.destroyed_at.is_(None) | (FoodSampleRow.kept_at >= to_ms(since))
        )
        return [_sample(row) for row in self._rows(query.order_by(FoodSampleRow.kept_at))]

    def _sample_row(self, db: Session, id: int) -> FoodSampleRow:
        row = db.get(FoodSampleRow, id)
        if row is None:
            raise CanteenError("unknown", f"id: there is no sample {id}")
        return row

    # --- the database ----------------------------------------------------------------------

    def _now(self) -> datetime:
        return from_ms(to_ms(self._clock.now()))

    def _add(self, row: object) -> None:
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            db.add(row)

    def _rows(self, query: "Select[Any]") -> list[Any]:
        with Session(self._engine, expire_on_commit=False) as db:
            return list(db.scalars(query))


def _sample(row: FoodSampleRow) -> FoodSample:
    return FoodSample(
        row.id, row.meal, row.dish, row.grams, row.slot, from_ms(row.kept_at), row.kept_by,
        from_ms(row.destroyed_at) if row.destroyed_at is not None else None, row.destroyed_by,
        row.sealed_by, row.note,
    )  # fmt: skip
