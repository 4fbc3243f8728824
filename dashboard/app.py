"""create_app: the Flask application out of its sections, behind the gate."""

from datetime import timedelta

import orjson
from flask import Flask, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from dashboard import api, page, views
from dashboard.auth import COOKIE, protect, session_secret
from dashboard.doorstep import Doorstep
from dashboard.headers import add_headers
from dashboard.lockout import Lockout
from dashboard.parts import Parts
from dashboard.photos import MOST_BYTES
from dashboard.problems import handle_errors
from dashboard.records.accounts import SESSION_LIFE
from dashboard.roles import Permission
from dashboard.section import discover
from dashboard.section import parts as given_parts
from dashboard.trials import Trials
from dashboard.witness import Witness

MAX_BODY = 1024 * 1024
MAX_PHOTO_BODY = MOST_BYTES + 64 * 1024
RATE = "6000 per minute"
"""Of one address; a page with everything on it takes a dozen requests."""


def create_app(parts: Parts) -> Flask:
    """The dashboard over `parts`; every path of every section needs the permission it names."""
    app = Flask(__name__)
    app.extensions["campus"] = parts
    app.extensions["lockout"] = Lockout()
    app.extensions["doorstep"] = Doorstep()
    app.extensions["trials"] = Trials(parts.site.path, parts.data)
    app.config.update(
        SECRET_KEY=session_secret(parts.data),
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFE + timedelta(days=1),
        MAX_CONTENT_LENGTH=MAX_BODY,
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
    )
    Babel(app, locale_selector=_language)
    limiter = Limiter(
        get_remote_address, app=app, default_limits=[RATE], storage_uri="memory://",
        default_limits_exempt_when=lambda: request.endpoint == "static",
    )  # fmt: skip
    sections = discover(views, api)
    bulky = {endpoint for section in sections for endpoint in section.bulky}

    def widen() -> None:
        # Before anything reads the form.
        if request.endpoint in bulky:
            request.max_content_length = MAX_PHOTO_BODY

    app.before_request(widen)
    needs: dict[str, Permission | None] = {}
    for section in sections:
        app.register_blueprint(section)
        needs.update(section.needs)
    limiter.limit("30 per minute", methods=["POST"])(app.view_functions["session.enter"])
    limiter.limit("30 per minute", methods=["POST"])(app.view_functions["report.send"])
    app.extensions["sections"] = sections
    protect(app, parts.accounts, needs)
    Witness(parts.clock.monotonic).watch(app)
    add_headers(app)
    handle_errors(app)
    page.prepare(app)
    app.jinja_env.policies["json.dumps_function"] = lambda value, **_: orjson.dumps(value).decode()
    return app


def _language() -> str:
    """What this browser chose, else the school's own language."""
    chosen = request.cookies.get("language", "")
    language = chosen if chosen in ("zh", "en") else given_parts().site.school.language
    return "en" if language == "en" else "zh_Hans_CN"
