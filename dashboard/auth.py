"""Who is asking: sessions by cookie, programs by token, and the gate that every request passes."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Flask, g, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.wrappers import Request
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from dashboard.records.accounts import Accounts
from dashboard.roles import Permission, Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE = "campus_session"
WALL_COOKIE = "campus_wall"
"""The link of a screen on a wall, as a cookie of that screen."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in, in the shape that Flask-Login expects; a program's token is one too."""

    name: str
    shown: str
    role: Role
    session: str = ""
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.session

    def may(self, permission: Permission) -> bool:
        return self.role.may(permission)

    @property
    def signature(self) -> str:
        """How the log names this person: what people read, and the unique name."""
        return self.name if self.shown == self.name else f"{self.shown}（{self.name}）"


def person() -> Person:
    """Who is asking; only behind the gate, where there is somebody."""
    return cast(Person, current_user._get_current_object())


def session_secret(data: Path) -> bytes:
    """The key that signs cookies, made at the first start; readable by this account only."""
    path = data / "session.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


class _Cookies(SecureCookieSessionInterface):
    """The session cookie is `Secure` whenever the page came over TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return bool(request.is_secure)


def protect(app: Flask, accounts: Accounts, needs: dict[str, Permission | None]) -> None:
    """Put the gate before every path; `needs` names the permission of every endpoint."""
    app.session_interface = _Cookies()
    login = LoginManager()
    login.user_loader(lambda secret: _from_session(accounts, secret))
    login.request_loader(lambda request: _from_token(accounts, request))
    login.init_app(app)
    csrf = CSRFProtect()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)

    def gate() -> Response | None:
        if request.endpoint is None or request.endpoint == "static":
            return None
        if request.method not in SAFE_METHODS and not _by_token():
            csrf.protect()
        permission = needs[request.endpoint]
        if permission is None:
            return None
        if not current_user.is_authenticated:
            return _ask_to_log_in()
        if not person().may(permission):
            raise Forbidden(f"this needs the permission to {permission}; ask an administrator")
        return None

    app.before_request(gate)


def _by_token() -> bool:
    """Whether a token, and not a cookie that any page could send, says who asks."""
    return bool(current_user.is_authenticated and g.get("by_token", False))


def _ask_to_log_in() -> Response:
    programs = request.path.startswith(("/api/", "/metrics", "/live"))
    if programs or request.method not in SAFE_METHODS:
        raise Unauthorized("log in, or send Authorization: Bearer TOKEN")
    return redirect(url_for("session.log_in", next=request.full_path.rstrip("?")))


def _from_session(accounts: Accounts, secret: str) -> Person | None:
    user = accounts.session_user(secret)
    return Person(user.name, user.shown, user.role, secret) if user else None


def _from_token(accounts: Accounts, request: Request) -> Person | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return wall_screen(accounts, request.cookies.get(WALL_COOKIE, ""))
    found = accounts.check_token(token.strip())
    if found is None:
        return None
    g.by_token = True
    return Person(found.name, found.name, found.role)


def wall_screen(accounts: Accounts, token: str) -> Person | None:
    """The screen whose link this is, unless it is revoked; a link for programs is none."""
    found = accounts.check_token(token) if token else None
    if found is None or found.role is not Role.WALL:
        return None
    return Person(found.name, found.name, found.role)


def safe_next(target: str) -> str:
    """A path of this site to go on to, and nothing that a link from outside could make of it."""
    good = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if good else "/"
