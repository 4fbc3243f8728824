"""/settings: nodes and services for everybody; users and tokens for administrators."""

from datetime import timedelta

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from collectors.ledger import Completeness
from dashboard.auth import person
from dashboard.panels import supervised
from dashboard.records.accounts import AccountError
from dashboard.roles import PEOPLE, Permission, Role
from dashboard.section import Section, parts
from devices.errors import CampusError

section = Section("settings", __name__)
WEEK = timedelta(days=7)


@section.path("/nodes", Permission.VIEW)
def nodes() -> str:
    """Nodes with what they say of themselves, and the services of this machine."""
    hub = parts().hub
    alive = {name: hub.alive(name) for name in ("ingest", "engine")}
    alive = {"broker": hub.connected, "store": parts().store.health().ok, **alive}
    return render_template(
        "nodes.html", statuses=hub.now.nodes(), services=supervised(), alive=alive,
        presences=hub.now.services(), completeness=_completeness(),
    )  # fmt: skip


def _completeness() -> list[Completeness] | None:
    """The last week, newest first; None where the record cannot be read."""
    now = parts().clock.now()
    try:
        days = parts().ledger.completeness(None, now - WEEK, now)
    except CampusError:
        return None
    return sorted(days, key=lambda each: (each.day, each.missing), reverse=True)


@section.path("/settings", Permission.ADMINISTER)
def settings() -> str:
    """Users and tokens."""
    accounts = parts().accounts
    return render_template(
        "settings.html", users=accounts.list_users(), tokens=accounts.tokens(), roles=PEOPLE,
        made=None,
    )  # fmt: skip


@section.path("/settings/users", Permission.ADMINISTER, methods=("POST",))
def add_user() -> Response:
    form = request.form
    try:
        parts().accounts.add_user(
            form.get("name", ""), form.get("password", ""), form.get("role", ""),
            form.get("display", ""),
        )  # fmt: skip
    except AccountError as error:
        flash(str(error), "error")
    else:
        flash(_("已添加用户。"), "done")
    return redirect(url_for("settings.settings"))


@section.path("/settings/users/<name>/<do>", Permission.ADMINISTER, methods=("POST",))
def change_user(name: str, do: str) -> Response:
    """Disable or enable a user; nobody locks out himself."""
    if do not in ("disable", "enable"):
        raise NotFound("a user can be disabled or enabled")
    try:
        if do == "enable":
            parts().accounts.enable_user(name)
        elif name == person().name:
            flash(_("不能停用自己。"), "error")
        else:
            parts().accounts.disable_user(name)
    except AccountError as error:
        flash(str(error), "error")
    return redirect(url_for("settings.settings"))


@section.path("/settings/tokens", Permission.ADMINISTER, methods=("POST",))
def add_token() -> Response:
    """Make a token and show it, this once."""
    accounts, name = parts().accounts, request.form.get("name", "")
    try:
        token = accounts.add_token(name, request.form.get("role", ""))
    except AccountError as error:
        flash(str(error), "error")
        return redirect(url_for("settings.settings"))
    page = render_template(
        "settings.html", users=accounts.list_users(), tokens=accounts.tokens(), roles=PEOPLE,
        made=(name, token),
    )  # fmt: skip
    return current_app.make_response(page)


@section.path("/settings/walls", Permission.ADMINISTER, methods=("POST",))
def add_wall() -> Response:
    """Make the link of a screen and show it, this once."""
    accounts, name = parts().accounts, request.form.get("name", "")
    try:
        token = accounts.add_token(name, Role.WALL)
    except AccountError as error:
        flash(str(error), "error")
        return redirect(url_for("settings.settings"))
    link = url_for("wall.enter", token=token, _external=True)
    page = render_template(
        "settings.html", users=accounts.list_users(), tokens=accounts.tokens(), roles=PEOPLE,
        made=None, made_wall=(name, link),
    )  # fmt: skip
    return current_app.make_response(page)


@section.path("/settings/tokens/<name>/revoke", Permission.ADMINISTER, methods=("POST",))
def revoke_token(name: str) -> Response:
    try:
        parts().accounts.revoke_token(name)
    except AccountError as error:
        flash(str(error), "error")
    return redirect(url_for("settings.settings"))
