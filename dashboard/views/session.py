"""/login, /logout, and what a browser prefers: language and light or dark."""

from flask import current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from dashboard.auth import Person, person, safe_next
from dashboard.lockout import Lockout
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("session", __name__)
YEAR_S = 365 * 86400
CHOICES = {"language": ("zh", "en"), "theme": ("auto", "light", "dark")}


@section.path("/login", None)
def log_in() -> Response | str:
    """The log-in page."""
    target = safe_next(request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(target)
    return render_template("login.html", next=target, trouble="", name="")


@section.path("/login", None, methods=("POST",))
def enter() -> Response:
    """Check name and password; the answer never tells which of the two is wrong."""
    name, password = request.form.get("name", "")[:64], request.form.get("password", "")
    target = safe_next(request.form.get("next", ""))
    lockout: Lockout = current_app.extensions["lockout"]
    address, now = request.remote_addr or "", parts().clock.monotonic()
    wait = lockout.wait(name, address, now)
    if wait > 0:
        again = _("密码错误次数过多，请 %(n)d 秒后再试。", n=int(wait) + 1)
        answer = _again(name, target, again, 429)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer
    user = parts().accounts.check_password(name, password)
    if user is None:
        lockout.failed(name, address, now)
        return _again(name, target, _("用户名或密码不对。"), 401)
    lockout.succeeded(name, address)
    session.clear()
    session.permanent = True
    login_user(Person(user.name, user.shown, user.role, parts().accounts.open_session(user)))
    return redirect(target)


def _again(name: str, target: str, trouble: str, status: int) -> Response:
    page = render_template("login.html", next=target, trouble=trouble, name=name)
    return current_app.make_response((page, status))


@section.path("/logout", Permission.VIEW, methods=("POST",))
def log_out() -> Response:
    """End this session here and in the register."""
    parts().accounts.close_session(person().session)
    logout_user()
    session.clear()
    return redirect(url_for("session.log_in"))


@section.path("/prefer/<what>/<choice>", None)
def prefer(what: str, choice: str) -> Response:
    """Remember a choice of this browser and go back to the page."""
    if choice not in CHOICES.get(what, ()):
        raise NotFound("there is no such choice")
    answer = redirect(safe_next(request.args.get("next", "")))
    answer.set_cookie(
        what, choice, max_age=YEAR_S, samesite="Lax", httponly=True, secure=request.is_secure
    )
    return answer
