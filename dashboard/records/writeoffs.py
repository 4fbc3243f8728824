"""报废流程: draft, appraised, approved, disposed, closed; no step is left out, all are kept.

Reasons and order by 国务院令738 第21条 and common practice; whose approval is needed is local.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from dashboard.records.assets import Assets, AssetStatus
from dashboard.records.fields import BadField, Given, NotNow, number, text, word
from dashboard.records.register import WriteOffEventRow, WriteOffRow
from devices.model import from_ms, to_ms
from devices.service import Clock

SIGNATURES = 3
"""So many different people have to sign the technical appraisal (技术鉴定)."""


class WriteOffState(StrEnum):
    DRAFT = "draft"
    APPRAISED = "appraised"
    APPROVED = "approved"
    DISPOSED = "disposed"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why; reaching its years is none by itself."""

    WORN = "worn"
    """Beyond its life and unfit for use."""
    UNECONOMIC = "uneconomic"
    OBSOLETE = "obsolete"
    UNSAFE = "unsafe"


class Disposal(StrEnum):
    RECYCLED = "recycled"
    AUCTIONED = "auctioned"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class WriteOffEvent:
    at: datetime
    state: WriteOffState
    what: str
    who: str
    signer: str
    note: str


@dataclass(frozen=True, slots=True)
class WriteOff:
    """One case; `signers` have signed the appraisal."""

    id: str
    asset: str
    state: WriteOffState
    reason: Reason
    detail: str
    photo: str
    who: str
    at: datetime
    approval: str
    disposal: str
    data_wiped: bool
    proceeds: float | None
    events: tuple[WriteOffEvent, ...]

    @property
    def signers(self) -> tuple[str, ...]:
        return tuple(event.signer for event in self.events if event.what == "sign")

    def as_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        events = [
            {name: getattr(e, name) for name in ("state", "what", "who", "signer", "note")}
            | {"at": e.at.isoformat()}
            for e in self.events
        ]
        return {**plain, "at": self.at.isoformat(), "events": events, "signers": self.signers}


class WriteOffs:
    """Raises BadField for a field that cannot be taken, NotNow for a step out of turn."""

    def __init__(self, engine: Engine, clock: Clock, assets: Assets) -> None:
        self._engine, self._clock, self._assets = engine, clock, assets

    def every(self) -> Sequence[WriteOff]:
        """Newest first."""
        query = select(WriteOffRow).order_by(WriteOffRow.at.desc(), WriteOffRow.id)
        with Session(self._engine) as db:
            return [_case(db, row) for row in db.scalars(query)]

    def get(self, id: str) -> WriteOff | None:
        with Session(self._engine) as db:
            row = db.get(WriteOffRow, id)
            return _case(db, row) if row else None

    def begin(self, given: Given, who: str) -> WriteOff:
        """A draft, for an asset that has a card and no open case."""
        asset = text(given, "asset", 64, required=True)
        card = self._assets.get(asset)
        if card is None:
            raise BadField("asset", "没有这张卡片", "there is no such card")
        if card.status is AssetStatus.DISPOSED:
            raise NotNow("已处置 (it is disposed of)")
        if not given.get("reason"):
            raise BadField("reason", "没有填写", f"one of {', '.join(Reason)}")
        now = to_ms(self._clock.now())
        row = WriteOffRow(
            id=secrets.token_hex(6), asset=asset, state=WriteOffState.DRAFT,
            reason=word(Reason, given, "reason", Reason.WORN),
            detail=text(given, "detail", 2000, required=True), photo=text(given, "photo", 64),
            who=who[:200], at=now, changed_at=now, approval="", disposal="", data_wiped=False,
            proceeds=None,
        )  # fmt: skip
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            open_ones = select(WriteOffRow.id).where(
                WriteOffRow.asset == asset, WriteOffRow.state != WriteOffState.CLOSED
            )
            if db.scalar(open_ones) is not None:
                raise NotNow("已有未结束的报废申请 (there is an open case)")
            db.add(row)
            db.flush()
            self._event(db, row, "draft", who, "", row.detail)
            case = _case(db, row)
        self._assets.set_status(asset, AssetStatus.TO_SCRAP, who, "")
        return case

    def step(self, id: str, do: str, given: Given, who: str) -> WriteOff:
        """sign, approve, dispose, close or withdraw."""
        deeds = {"sign": self._sign, "approve": self._approve, "dispose": self._dispose,
                 "close": self._close, "withdraw": self._withdraw}  # fmt: skip
        if do not in deeds:
            raise BadField("do", f"不认识的操作 {do[:40]!r}", f"one of {', '.join(deeds)}")
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = db.get(WriteOffRow, id, with_for_update=True)
            if row is None:
                raise BadField("id", "没有这个申请", "there is no such case")
            deeds[do](db, row, given, who)
            row.changed_at = to_ms(self._clock.now())
            db.flush()
            case = _case(db, row)
        if do == "withdraw":
            self._assets.set_status(case.asset, AssetStatus.IDLE, who, "")
        if do == "dispose":
            self._assets.set_status(case.asset, AssetStatus.DISPOSED, who, "")
        return case

    def _sign(self, db: Session, row: WriteOffRow, given: Given, who: str) -> None:
        _needs(row, WriteOffState.DRAFT)
        signer = text(given, "signer", 100) or who
        case = _case(db, row)
        if signer.casefold() in (name.casefold() for name in case.signers):
            raise NotNow(f"{signer} 已签过，要 {SIGNATURES} 个不同的人 (has signed already)")
        if len(case.signers) + 1 >= SIGNATURES:
            row.state = WriteOffState.APPRAISED
        self._event(db, row, "sign", who, signer, text(given, "note", 500, required=True))

    def _approve(self, db: Session, row: WriteOffRow, given: Given, who: str) -> None:
        _needs(row, WriteOffState.APPRAISED)
        row.state, row.approval = (
            WriteOffState.APPROVED,
            text(given, "approval", 200, required=True),
        )
        self._event(db, row, "approve", who, text(given, "signer", 100) or who, row.approval)

    def _dispose(self, db: Session, row: WriteOffRow, given: Given, who: str) -> None:
        _needs(row, WriteOffState.APPROVED)
        if not given.get("disposal"):
            raise BadField("disposal", "没有填写", f"one of {', '.join(Disposal)}")
        if str(given.get("data_wiped", "")).lower() not in ("1", "on", "true", "yes"):
            raise BadField(
                "data_wiped", "先清除数据；没有数据的也要确认", "confirm that no data is left"
            )
        row.disposal, row.data_wiped = word(Disposal, given, "disposal", Disposal.RECYCLED), True
        row.state = WriteOffState.DISPOSED
        self._event(db, row, "dispose", who, who, text(given, "note", 500))

    def _close(self, db: Session, row: WriteOffRow, given: Given, who: str) -> None:
        _needs(row, WriteOffState.DISPOSED)
        proceeds = number(given, "proceeds", 0, 1e9)
        if proceeds is None:
            raise BadField("proceeds", "写残值收入，没有就写 0", "what it brought, 0 for nothing")
        row.proceeds, row.state = proceeds, WriteOffState.CLOSED
        self._event(db, row, "close", who, who, text(given, "note", 500))

    def _withdraw(self, db: Session, row: WriteOffRow, given: Given, who: str) -> None:
        _needs(row, WriteOffState.DRAFT, WriteOffState.APPRAISED)
        row.state = WriteOffState.CLOSED
        self._event(db, row, "withdraw", who, who, text(given, "note", 500, required=True))

    def _event(
        self, db: Session, row: WriteOffRow, what: str, who: str, signer: str, note: str
    ) -> None:  # fmt: skip
        db.add(WriteOffEventRow(
            write_off=row.id, at=to_ms(self._clock.now()), state=row.state, what=what,
            who=who[:200], signer=signer[:100], note=note,
        ))  # fmt: skip


def _needs(row: WriteOffRow, *states: WriteOffState) -> None:
    if row.state not in states:
        raise NotNow(
            f"现在是 {row.state}，不能这样做 (it is {row.state}, not {' or '.join(states)})"
        )


def _case(db: Session, row: WriteOffRow) -> WriteOff:
    query = select(WriteOffEventRow).where(WriteOffEventRow.write_off == row.id)
    events = tuple(
        WriteOffEvent(from_ms(e.at), WriteOffState(e.state), e.what, e.who, e.signer, e.note)
        for e in db.scalars(query.order_by(WriteOffEventRow.id))
    )
    return WriteOff(
        row.id, row.asset, WriteOffState(row.state), Reason(row.reason), row.detail, row.photo,
        row.who, from_ms(row.at), row.approval, row.disposal, row.data_wiped, row.proceeds, events,
    )  # fmt: skip
