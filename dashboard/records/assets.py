"""固定资产卡片: what the school owns, where it is, in whose care, and what happened to it."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from dashboard.records.fields import BadField, Given, NotNow, day, number, text, word
from dashboard.records.register import AssetEventRow, AssetRow
from devices.model import from_ms, to_ms
from devices.service import Clock

NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class AssetStatus(StrEnum):
    """在用, 闲置, 待修, 待报废, 已处置."""

    IN_USE = "in-use"
    IDLE = "idle"
    REPAIR = "repair"
    TO_SCRAP = "to-scrap"
    DISPOSED = "disposed"


class Category(StrEnum):
    """What it is, with the years it serves at least; reaching them is no reason to scrap it.

    Years: 财会〔2017〕4号 表1 (as repeated by secondary sources), projectors, sound and furniture
    by the central standard for office equipment. They are defaults that a card may change.
    """

    COMPUTER = "computer"
    OFFICE = "office"
    PROJECTOR = "projector"
    SOUND = "sound"
    COMMUNICATION = "communication"
    ELECTRICAL = "electrical"
    INSTRUMENT = "instrument"
    KITCHEN = "kitchen"
    MACHINERY = "machinery"
    FURNITURE = "furniture"
    OTHER = "other"


LIFE_YEARS: dict[Category, float] = {
    Category.COMPUTER: 6, Category.OFFICE: 6, Category.PROJECTOR: 8, Category.SOUND: 13,
    Category.COMMUNICATION: 5, Category.ELECTRICAL: 5, Category.INSTRUMENT: 5,
    Category.KITCHEN: 10, Category.MACHINERY: 10, Category.FURNITURE: 15,
}  # fmt: skip


class Acquired(StrEnum):
    """取得方式."""

    BOUGHT = "bought"
    ALLOTTED = "allotted"
    DONATED = "donated"
    BUILT = "built"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Asset:
    """One card; `code` is of GB/T 14885 in `code_edition`, for the editions number differently."""

    number: str
    name: str
    created_at: datetime
    changed_at: datetime
    name_en: str = ""
    category: Category = Category.OTHER
    code: str = ""
    code_edition: str = ""
    brand: str = ""
    model: str = ""
    serial: str = ""
    value: float | None = None
    acquired_how: Acquired = Acquired.BOUGHT
    acquired_on: date | None = None
    department: str = ""
    user: str = ""
    place: str = ""
    keeper: str = ""
    status: AssetStatus = AssetStatus.IN_USE
    life_years: float | None = None
    warranty_until: date | None = None
    photo: str = ""
    note: str = ""

    @property
    def life_ends(self) -> date | None:
        """When it will have served its years."""
        if self.acquired_on is None or self.life_years is None:
            return None
        begun = self.acquired_on
        months = begun.year * 12 + begun.month - 1 + round(self.life_years * 12)
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(begun.day, monthrange(year, month)[1]))

    def as_json(self) -> dict[str, Any]:
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        ends = self.life_ends
        plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in found.items()}
        return {**plain, "life_ends": ends.isoformat() if ends else None}


@dataclass(frozen=True, slots=True)
class AssetEvent:
    """One thing that happened to an asset."""

    asset: str
    at: datetime
    who: str
    what: str
    note: str


TEXTS = {
    "name": 200, "name_en": 200, "code": 32, "code_edition": 32, "brand": 100, "model": 100,
    "serial": 100, "department": 100, "user": 100, "place": 64, "keeper": 100, "photo": 64,
    "note": 2000,
}  # fmt: skip
COLUMNS = (
    "number", "name", "name_en", "category", "code", "code_edition", "brand", "model", "serial",
    "value", "acquired_how", "acquired_on", "department", "user", "place", "keeper", "status",
    "life_years", "warranty_until", "note",
)  # fmt: skip
"""Of the file that is imported and exported."""


class Assets:
    """Raises BadField for a field that cannot be taken, NotNow where the card's state forbids."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def every(self) -> Sequence[Asset]:
        """By number."""
        with Session(self._engine) as db:
            return [_asset(row) for row in db.scalars(select(AssetRow).order_by(AssetRow.number))]

    def get(self, number: str) -> Asset | None:
        with Session(self._engine) as db:
            row = db.get(AssetRow, number)
        return _asset(row) if row else None

    def events(self, number: str) -> Sequence[AssetEvent]:
        """Oldest first."""
        query = select(AssetEventRow).where(AssetEventRow.asset == number)
        with Session(self._engine) as db:
            rows = db.scalars(query.order_by(AssetEventRow.id))
            return [AssetEvent(r.asset, from_ms(r.at), r.who, r.what, r.note) for r in rows]

    def save(self, given: Given, who: str) -> Asset:
        """A new card, or what is given of one that stands already."""
        with Session(self._engine) as db, db.begin():
            return self._save(db, given, who)

    def take_in(self, rows: Sequence[Given], who: str) -> int:
        """All rows of a file or none; a mistake names its line (the head is line 1)."""
        with Session(self._engine) as db, db.begin():
            for line, row in enumerate(rows, 2):
                try:
                    self._save(db, row, who)
                    db.flush()
                except (BadField, NotNow) as error:
                    raise BadField(f"第 {line} 行", str(error), f"line {line}") from None
        return len(rows)

    def note(self, number: str, what: str, who: str, note: str) -> None:
        """Something that happened to it elsewhere, such as a swap."""
        with Session(self._engine) as db, db.begin():
            self._event(db, number, what, who, note)

    def set_status(self, number: str, status: AssetStatus, who: str, note: str) -> None:
        """By a write-off; does nothing where there is no card."""
        with Session(self._engine) as db, db.begin():
            row = db.get(AssetRow, number)
            if row is not None and row.status != status:
                self._event(db, number, "status", who, f"{row.status} → {status} {note}".strip())
                row.status, row.changed_at = status, to_ms(self._clock.now())

    def _save(self, db: Session, given: Given, who: str) -> Asset:
        number_ = text(given, "number", 64, required=True)
        if not NUMBER.fullmatch(number_):
            raise BadField("number", "资产编号只能用字母、数字和 . _ -", "letters, digits, . _ -")
        row, now = db.get(AssetRow, number_), self._clock.now()
        old = _asset(row) if row else Asset(number_, "", now, now)
        if old.status is AssetStatus.DISPOSED and row is not None:
            raise NotNow(f"{number_} 已处置，卡片不能再改 (it is disposed of: its card is closed)")
        asset = replace(_filled(old, given), changed_at=now)
        values = {name: _plain(getattr(asset, name)) for name in _NAMES}
        if row is None:
            db.add(AssetRow(**values))
            self._event(db, number_, "created", who, asset.name)
            return asset
        changed = [
            f"{name}: {getattr(row, name)} → {value}"
            for name, value in values.items()
            if name != "changed_at" and getattr(row, name) != value
        ]
        if changed:
            for name, value in values.items():
                setattr(row, name, value)
            self._event(db, number_, "changed", who, "；".join(changed)[:2000])
        return asset

    def _event(self, db: Session, number: str, what: str, who: str, note: str) -> None:
        at = to_ms(self._clock.now())
        db.add(AssetEventRow(asset=number, at=at, who=who[:200], what=what, note=note))


_NAMES = tuple(each.name for each in fields(Asset))


def _filled(old: Asset, given: Given) -> Asset:
    texts: dict[str, Any] = {
        name: text(given, name, most, required=name == "name", old=getattr(old, name))
        for name, most in TEXTS.items()
    }
    category = word(Category, given, "category", old.category)
    life = number(given, "life_years", 0, 100, old=old.life_years)
    status = word(AssetStatus, given, "status", old.status)
    if status is AssetStatus.DISPOSED:
        raise BadField("status", "处置要走报废流程", "write it off instead")
    return replace(
        old, **texts, category=category, status=status,
        value=number(given, "value", 0, 1e9, old=old.value),
        acquired_how=word(Acquired, given, "acquired_how", old.acquired_how),
        acquired_on=day(given, "acquired_on", old.acquired_on),
        life_years=life if life is not None else LIFE_YEARS.get(category),
        warranty_until=day(given, "warranty_until", old.warranty_until),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _asset(row: AssetRow) -> Asset:
    given = {name: getattr(row, name) for name in _NAMES}
    for name in ("created_at", "changed_at"):
        given[name] = from_ms(given[name])
    for name in ("acquired_on", "warranty_until"):
        given[name] = date.fromisoformat(given[name]) if given[name] else None
    for name, kind in (("category", Category), ("status", AssetStatus), ("acquired_how", Acquired)):
        given[name] = kind(given[name])
    return Asset(**given)
