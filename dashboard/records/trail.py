"""操作记录: who did what and when; only added to, kept at least six months (网络安全法)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.database import RecordsError, open_database, trouble
from dashboard.records.accounts import MIGRATIONS
from dashboard.records.schema import TrailRow
from devices.model import from_ms, to_ms
from devices.service import Clock

MOST = 5000
"""Lines that one question is answered with; the newest of its period."""
LONGEST = {"who": 200, "about": 300, "address": 64}

log = logging.getLogger(__name__)


class Did(StrEnum):
    """What somebody did."""

    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    USER = "user"
    TOKEN = "token"
    WALL = "wall"
    SETTING = "setting"
    RECORD = "record"
    """A record of people's was written or signed, such as a sheet of the canteen."""
    EXPORT = "export"
    PRINT = "print"
    ALERT = "alert"
    ORDER = "order"
    MUTE = "mute"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class Line:
    """`about` says of what: a name, a path; `address` is where the browser was."""

    at: datetime
    who: str
    deed: Did
    about: str
    refused: bool = False
    address: str = ""


class Trail:
    """Keeps `days` days; a database that is away costs a line in the log, never the deed."""

    def __init__(self, url: str, clock: Clock, days: int) -> None:
        self._clock = clock
        self._kept = timedelta(days=days)
        self._url = url
        self._engine = open_database(url, "records.register", MIGRATIONS, "alembic_version")
        self._purged: datetime | None = None

    def close(self) -> None:
        self._engine.dispose()

    def note(
        self, who: str, deed: Did, about: str = "", *, refused: bool = False, address: str = ""
    ) -> None:
        """Add a line; once a day take out what is older than is kept."""
        now = self._clock.now()
        try:
            self._add(Line(now, who, deed, about, refused, address))
            if self._purged is None or now - self._purged >= timedelta(days=1):
                self._purged = now
                self._purge(now)
        except SQLAlchemyError as error:
            log.error("could not write the trail (%s): %s by %s", error, deed, who)

    def _add(self, line: Line) -> None:
        row = TrailRow(
            at=to_ms(line.at), who=_short(line.who, "who"), deed=line.deed.value,
            about=_short(line.about, "about"), refused=line.refused,
            address=_short(line.address, "address"),
        )  # fmt: skip
        with Session(self._engine) as db, db.begin():
            db.add(row)

    def _purge(self, now: datetime) -> None:
        oldest = now - self._kept
        with Session(self._engine) as db, db.begin():
            old = select(TrailRow.id).where(TrailRow.at < to_ms(oldest))
            gone = len(db.scalars(old).all())
            db.execute(delete(TrailRow).where(TrailRow.at < to_ms(oldest)))
        if gone:
            self._add(Line(now, "", Did.PURGE, f"{gone} < {oldest:%Y-%m-%d}"))
            log.info("took %d lines older than %s out of the trail", gone, oldest)

    def between(self, start: datetime, end: datetime) -> Sequence[Line]:
        """Newest first, MOST at most. Raises RecordsError where the register is away."""
        query = select(TrailRow).where(TrailRow.at >= to_ms(start), TrailRow.at < to_ms(end))
        query = query.order_by(TrailRow.at.desc(), TrailRow.id.desc()).limit(MOST)
        try:
            with Session(self._engine) as db:
                return [_line(row) for row in db.scalars(query)]
        except SQLAlchemyError as error:
            raise RecordsError(trouble(self._url, error)) from error


def _short(text: str, field: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[: LONGEST[field]]


def _line(row: TrailRow) -> Line:
    return Line(from_ms(row.at), row.who, Did(row.deed), row.about, row.refused, row.address)
