"""门卫交接班: what one guard hands to the next, signed by both; never changed afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.database import open_database
from dashboard.records.accounts import MIGRATIONS
from dashboard.records.fields import BadField, Given, NotNow, text, word
from dashboard.records.schema import HandoverRow
from devices.model import from_ms, to_ms
from devices.service import Clock

EQUIPMENT = ("radio", "fork", "shield", "helmet", "vest", "extinguisher", "keys")
"""器械清点: 对讲机, 钢叉, 盾牌, 头盔, 防刺服, 灭火器, 钥匙 (safety notes §5)."""
SYSTEMS = ("video", "panic", "access")
"""监控, 一键报警, 门禁."""


class Check(StrEnum):
    GOOD = "good"
    WRONG = "wrong"
    NONE = "none"
    """The post has none of it."""


@dataclass(frozen=True, slots=True)
class Handover:
    """`found` is what the monitor knew when it was written: open alerts and entries."""

    id: int
    gate: str
    shift: str
    outgoing: str
    incoming: str
    at: datetime
    signed_at: datetime | None
    """When the incoming guard signed; nothing may be added then."""
    checks: Mapping[str, Check]
    present: str
    events: str
    unfinished: str
    handling: str
    found: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "gate": self.gate, "shift": self.shift, "outgoing": self.outgoing,
            "incoming": self.incoming, "at": self.at.isoformat(),
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "checks": {name: check.value for name, check in self.checks.items()},
            "present": self.present, "events": self.events, "unfinished": self.unfinished,
            "handling": self.handling, "found": dict(self.found),
        }  # fmt: skip


class Handovers:
    """Raises RecordsError where the register cannot be used."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        self._engine = open_database(url, "records.register", MIGRATIONS, "alembic_version")

    def close(self) -> None:
        self._engine.dispose()

    def write(self, given: Given, gate: str, who: str, found: Mapping[str, Any]) -> Handover:
        """The outgoing guard writes and thereby signs. Raises BadField, and NotNow while the
        gate's last one waits for its signature."""
        checks = {name: word(Check, given, name, Check.GOOD) for name in (*EQUIPMENT, *SYSTEMS)}
        wrong = [name for name, check in checks.items() if check is Check.WRONG]
        row = HandoverRow(
            gate=gate, shift=text(given, "shift", 40, required=True), outgoing=who, incoming="",
            at=to_ms(self._clock.now()), signed_at=None, checks=orjson.dumps(checks).decode(),
            present=text(given, "present", 500), events=text(given, "events", 2000),
            unfinished=text(given, "unfinished", 2000), handling=text(given, "handling", 2000),
            found=orjson.dumps(dict(found)).decode(),
        )  # fmt: skip
        if wrong and not row.handling:
            raise BadField("handling", "有异常项但没有写处理情况", "say what was done")
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            waiting = select(HandoverRow.id).where(
                HandoverRow.gate == gate, HandoverRow.signed_at.is_(None)
            )
            if db.scalar(waiting) is not None:
                raise NotNow("上一次交接还没有接班人签名 (the last one is not signed yet)")
            db.add(row)
        return _handover(row)

    def sign(self, id: int, who: str) -> Handover:
        """The incoming guard takes over. Raises NotNow where it is signed, or by oneself."""
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = db.get(HandoverRow, id)
            if row is None:
                raise NotNow("没有这次交接 (there is no such handover)")
            if row.signed_at is not None:
                raise NotNow(f"{row.incoming} 已经签名 (signed already)")
            if row.outgoing == who:
                raise NotNow("交班人不能自己接班 (two different persons have to sign)")
            row.incoming, row.signed_at = who, to_ms(self._clock.now())
        return _handover(row)

    def get(self, id: int) -> Handover | None:
        with Session(self._engine) as db:
            row = db.get(HandoverRow, id)
        return _handover(row) if row is not None else None

    def every(self, gate: str = "", limit: int = 100) -> Sequence[Handover]:
        """Newest first."""
        query = select(HandoverRow).order_by(HandoverRow.id.desc()).limit(limit)
        if gate:
            query = query.where(HandoverRow.gate == gate)
        with Session(self._engine) as db:
            return [_handover(row) for row in db.scalars(query)]


def _handover(row: HandoverRow) -> Handover:
    checks = {name: Check(value) for name, value in orjson.loads(row.checks).items()}
    return Handover(
        row.id, row.gate, row.shift, row.outgoing, row.incoming, from_ms(row.at),
        from_ms(row.signed_at) if row.signed_at is not None else None, checks, row.present,
        row.events, row.unfinished, row.handling, orjson.loads(row.found),
    )  # fmt: skip
