"""Accounts: users with their passwords and sessions, and tokens for programs."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from alerts.database import open_database
from dashboard.records.schema import SessionRow, TokenRow, UserRow
from dashboard.roles import PEOPLE, Role
from devices.errors import CampusError
from devices.model import from_ms, to_ms
from devices.service import Clock

MIGRATIONS = Path(__file__).parent / "migrations"
NAME = re.compile(r"[\w.-]{1,64}")
MIN_PASSWORD, MAX_PASSWORD = 8, 256
SESSION_LIFE = timedelta(days=14)
"""A guard's screen stays logged in over a holiday week; each visit renews it."""
SESSION_RENEWAL = timedelta(days=1)


class AccountError(CampusError, ValueError):
    """A name, password or role that cannot be used; says which and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in; `display` is what others read, such as 李师傅."""

    id: int
    name: str
    display: str
    role: Role
    disabled: bool
    created_at: datetime

    @property
    def shown(self) -> str:
        return self.display or self.name


@dataclass(frozen=True, slots=True)
class Token:
    """A program's key, by name; its secret is shown once and only its hash is kept."""

    id: int
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None

    @property
    def revoked(self) -> bool:
        return self.revoked_at is not None


class Accounts:
    """The register of users and tokens at a SQLAlchemy address; safe from several threads."""

    def __init__(
        self, url: str, clock: Clock | None = None, hasher: PasswordHasher | None = None
    ) -> None:
        self._clock = clock or Clock()
        self._hasher = hasher or PasswordHasher()
        self._engine = open_database(url, "records.register", MIGRATIONS, "alembic_version")
        # Checked when a name is unknown, so that an answer takes as long as for a known one.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    # --- users ---------------------------------------------------------------------------

    def add_user(self, name: str, password: str, role: str, display: str = "") -> User:
        """`role` is one of PEOPLE or its name. Raises AccountError where one cannot be used."""
        if role == Role.WALL:
            raise AccountError(f"a person is no {role}: use {', '.join(PEOPLE)}")
        if not NAME.fullmatch(name):
            raise AccountError(
                f"user name {name[:64]!r}: use 1 to 64 letters, digits, dots, dashes"
            )
        row = UserRow(
            name=name, display=display.strip()[:64], role=_role(role),
            password=self._hash(password), disabled=False, created_at=self._now(),
        )  # fmt: skip
        try:
            with Session(self._engine, expire_on_commit=False) as db, db.begin():
                db.add(row)
        except IntegrityError:
            raise AccountError(f"there is a user {name!r} already: choose another name") from None
        return _user(row)

    def list_users(self) -> list[User]:
        with Session(self._engine) as db:
            return [_user(row) for row in db.scalars(select(UserRow).order_by(UserRow.name))]

    def disable_user(self, name: str) -> None:
        """Log the user out everywhere and for good. Raises AccountError for an unknown name."""
        self._set_disabled(name, True)

    def enable_user(self, name: str) -> None:
        self._set_disabled(name, False)

    def _set_disabled(self, name: str, disabled: bool) -> None:
        with Session(self._engine) as db, db.begin():
            row = self._row(db, name)
            row.disabled = disabled
            db.execute(delete(SessionRow).where(SessionRow.user_id == row.id))

    def set_password(self, name: str, password: str) -> None:
        """A new password; every session of the user ends."""
        hashed = self._hash(password)
        with Session(self._engine) as db, db.begin():
            row = self._row(db, name)
            row.password = hashed
            db.execute(delete(SessionRow).where(SessionRow.user_id == row.id))

    def check_password(self, name: str, password: str) -> User | None:
        """The user whose password this is; takes as long for a name that does not exist."""
        with Session(self._engine) as db:
            row = db.scalar(select(UserRow).where(UserRow.name == name))
        try:
            self._hasher.verify(row.password if row else self._nobody, password[:MAX_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return _user(row) if row and not row.disabled else None

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise AccountError(
                f"the password has {len(password)} characters: use {MIN_PASSWORD} to {MAX_PASSWORD}"
            )
        return self._hasher.hash(password)

    def _row(self, db: Session, name: str) -> UserRow:
        row = db.scalar(select(UserRow).where(UserRow.name == name))
        if row is None:
            raise AccountError(f"there is no user {name[:64]!r}: see `campus user list`")
        return row

    # --- sessions of browsers ------------------------------------------------------------

    def open_session(self, user: User) -> str:
        """A new session's secret for the cookie; sessions that ran out are swept away."""
        secret, now = secrets.token_urlsafe(32), self._now()
        with Session(self._engine) as db, db.begin():
            db.execute(delete(SessionRow).where(SessionRow.expires_at < now))
            db.add(SessionRow(digest=_digest(secret), user_id=user.id, created_at=now,
                              expires_at=now + _ms(SESSION_LIFE)))  # fmt: skip
        return secret

    def session_user(self, secret: str) -> User | None:
        """Who is logged in with this secret; renews the session once a day."""
        now, digest = self._now(), _digest(secret)
        with Session(self._engine) as db:
            found = db.execute(
                select(SessionRow.expires_at, UserRow)
                .join(UserRow, UserRow.id == SessionRow.user_id)
                .where(SessionRow.digest == digest)
            ).first()
            if found is None or found[0] < now or found[1].disabled:
                return None
            if found[0] < now + _ms(SESSION_LIFE - SESSION_RENEWAL):
                db.execute(
                    update(SessionRow)
                    .where(SessionRow.digest == digest)
                    .values(expires_at=now + _ms(SESSION_LIFE))
                )
                db.commit()
            return _user(found[1])

    def close_session(self, secret: str) -> None:
        with Session(self._engine) as db, db.begin():
            db.execute(delete(SessionRow).where(SessionRow.digest == _digest(secret)))

    # --- tokens of programs --------------------------------------------------------------

    def add_token(self, name: str, role: str) -> str:
        """The token, to be shown once. Raises AccountError where the name is taken."""
        if not NAME.fullmatch(name):
            raise AccountError(f"token name {name[:64]!r}: use letters, digits, dots, dashes")
        secret = secrets.token_urlsafe(32)
        row = TokenRow(name=name, role=_role(role), digest=_digest(secret), created_at=self._now())
        try:
            with Session(self._engine, expire_on_commit=False) as db, db.begin():
                db.add(row)
        except IntegrityError:
            raise AccountError(f"there is a token {name!r} already: choose another name") from None
        return f"campus_{row.id}_{secret}"

    def tokens(self) -> list[Token]:
        with Session(self._engine) as db:
            return [_token(row) for row in db.scalars(select(TokenRow).order_by(TokenRow.name))]

    def check_token(self, token: str) -> Token | None:
        """The token that this text is, unless it is revoked."""
        kind, _, rest = token.partition("_")
        id, _, secret = rest.partition("_")
        if kind != "campus" or not (id.isascii() and id.isdigit() and len(id) < 10) or not secret:
            return None
        with Session(self._engine) as db:
            row = db.get(TokenRow, int(id))
        if row is None or row.revoked_at is not None:
            return None
        return _token(row) if hmac.compare_digest(row.digest, _digest(secret)) else None

    def revoke_token(self, name: str) -> None:
        """Raises AccountError for an unknown name."""
        with Session(self._engine) as db, db.begin():
            row = db.scalar(select(TokenRow).where(TokenRow.name == name))
            if row is None:
                raise AccountError(f"there is no token {name[:64]!r}: see `campus token list`")
            row.revoked_at = row.revoked_at or self._now()

    def close(self) -> None:
        self._engine.dispose()

    def _now(self) -> int:
        return to_ms(self._clock.now())


def _role(role: str) -> str:
    try:
        return Role(role).value
    except ValueError:
        raise AccountError(f"{role!r} is no role: use {', '.join(Role)}") from None


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _digest(secret: str) -> str:
    """Secrets here are 256 random bits, so a plain hash keeps them."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _user(row: UserRow) -> User:
    created = from_ms(row.created_at)
    return User(row.id, row.name, row.display, Role(row.role), row.disabled, created)


def _token(row: TokenRow) -> Token:
    revoked = from_ms(row.revoked_at) if row.revoked_at is not None else None
    return Token(row.id, row.name, Role(row.role), from_ms(row.created_at), revoked)
