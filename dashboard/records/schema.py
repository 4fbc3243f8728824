"""The tables of the register: users, sessions, tokens, the canteen's records; times in ms UTC."""

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """All tables of the register."""


class UserRow(Table):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display: Mapped[str] = mapped_column(String(64), default="")
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(256))
    """An argon2 hash with its own parameters."""
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(BigInteger)


class SessionRow(Table):
    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the secret in the browser's cookie."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class TokenRow(Table):
    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger, default=None)


class SheetEntryRow(Table):
    """What people wrote on a day's canteen sheet."""

    __tablename__ = "sheet_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), index=True)
    point: Mapped[str] = mapped_column(String(120))
    cause: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    disposal: Mapped[str] = mapped_column(String(16))
    shown: Mapped[float | None]
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BigInteger)


class SignatureRow(Table):
    """Who signed a day's canteen sheet."""

    __tablename__ = "sheet_signatures"
    __table_args__ = (UniqueConstraint("day", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), index=True)
    part: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BigInteger)


class FoodSampleRow(Table):
    """One dish of one meal in the sample fridge."""

    __tablename__ = "food_samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    meal: Mapped[str] = mapped_column(String(40))
    dish: Mapped[str] = mapped_column(String(80))
    grams: Mapped[int]
    slot: Mapped[str] = mapped_column(String(40))
    kept_at: Mapped[int] = mapped_column(BigInteger, index=True)
    kept_by: Mapped[str] = mapped_column(String(64))
    destroyed_at: Mapped[int | None] = mapped_column(BigInteger)
    destroyed_by: Mapped[str] = mapped_column(String(64))
    sealed_by: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)


class HandoverRow(Table):
    """门卫交接班."""

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(primary_key=True)
    gate: Mapped[str] = mapped_column(String(64), index=True)
    shift: Mapped[str] = mapped_column(String(40))
    outgoing: Mapped[str] = mapped_column(String(200))
    incoming: Mapped[str] = mapped_column(String(200))
    at: Mapped[int] = mapped_column(BigInteger)
    signed_at: Mapped[int | None] = mapped_column(BigInteger)
    checks: Mapped[str] = mapped_column(Text)
    present: Mapped[str] = mapped_column(Text)
    events: Mapped[str] = mapped_column(Text)
    unfinished: Mapped[str] = mapped_column(Text)
    handling: Mapped[str] = mapped_column(Text)
    found: Mapped[str] = mapped_column(Text)
    """JSON: the open alerts and maintenance entries of that moment."""


class TrailRow(Table):
    """操作记录; the database itself refuses to change a line, or to take one out too early."""

    __tablename__ = "trail"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    who: Mapped[str] = mapped_column(String(200))
    deed: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(300))
    refused: Mapped[bool]
    address: Mapped[str] = mapped_column(String(64))
