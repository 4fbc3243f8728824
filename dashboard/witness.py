"""The witness: writes into the trail what people and programs do through the pages and the API."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, request, session
from flask_login import current_user

from dashboard.auth import SAFE_METHODS, person
from dashboard.records.trail import Did
from dashboard.section import parts

FILES = ("application/pdf", "text/csv", "application/vnd.openxmlformats-officedocument")
"""What is carried away: PDF, CSV and XLSX."""
SILENT = frozenset({"plan.trial", "trail.printed"})
"""Asked by POST, and nothing is changed by it; or noted where it is carried out."""
BY_ENGINE = frozenset({
    "alerts", "api_alerts", "maintenance", "api_work_orders", "mutes", "api_mutes",
})  # fmt: skip
"""Sections whose deeds the engine books with the name of who did them."""
NOTHING_DONE = (400, 401, 404, 413)
"""Answers after which there is nothing to note; after 413 the form itself cannot be read."""
REFUSALS_EACH_S = 60.0
"""A flood of refused log-ins from one address is one line a minute."""
MOST_ADDRESSES = 1000


class Witness:
    """Looks at each answer as it leaves; `monotonic` in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: dict[str, float] = {}

    def watch(self, app: Flask) -> None:
        app.before_request(_remember_who)
        app.after_request(self.see)

    def see(self, answer: Response) -> Response:
        endpoint = request.endpoint or ""
        if endpoint == "session.enter":
            self._log_in(answer)
        elif request.method in SAFE_METHODS:
            if answer.status_code == 200 and (answer.mimetype or "").startswith(FILES):
                note_deed(Did.EXPORT, request.full_path.rstrip("?"))
        elif endpoint and endpoint not in SILENT and answer.status_code not in NOTHING_DONE:
            refused = answer.status_code >= 400 or _said_no()
            if refused or endpoint.partition(".")[0] not in BY_ENGINE:
                deed, about = _deed(endpoint)
                note_deed(deed, about, refused)
        return answer

    def _log_in(self, answer: Response) -> None:
        if answer.status_code == 302:
            note_deed(Did.LOG_IN)
            return
        address = request.remote_addr or ""
        if answer.status_code == 401 or (answer.status_code == 429 and self._first(address)):
            name = _known(request.form.get("name", ""))
            parts().trail.note(name, Did.LOG_IN, refused=True, address=address)

    def _first(self, address: str) -> bool:
        now = self._monotonic()
        last = self._told.pop(address, None)
        fresh = last is None or now - last >= REFUSALS_EACH_S
        self._told[address] = now if fresh or last is None else last
        while len(self._told) > MOST_ADDRESSES:
            self._told.pop(next(iter(self._told)), None)
        return fresh


def _remember_who() -> None:
    # Before the view: after a log-out there is nobody.
    g.refusals_before = _refusals()
    if request.method not in SAFE_METHODS and current_user.is_authenticated:
        g.trail_who = _who()


def _who() -> str:
    asking = person()
    return f"令牌 {asking.name}" if g.get("by_token", False) else asking.signature


def note_deed(deed: Did, about: str = "", refused: bool = False) -> None:
    """A line of whoever asks."""
    who = g.get("trail_who", "") or (_who() if current_user.is_authenticated else "")
    parts().trail.note(who, deed, about, refused=refused, address=request.remote_addr or "")


def _known(name: str) -> str:
    """The name only where it is a user's: a password typed into the wrong field is not kept."""
    return name if any(user.name == name for user in parts().accounts.list_users()) else ""


def _said_no() -> bool:
    """Whether the page that follows says that it was refused."""
    return _refusals() > int(g.get("refusals_before", 0))


def _refusals() -> int:
    """What waits in the session to be told on the next page."""
    return sum(kind == "error" for kind, _ in session.get("_flashes", ()))


def _deed(endpoint: str) -> tuple[Did, str]:
    form, given = request.form, dict[str, Any](request.view_args or {})
    match endpoint:
        case "session.log_out":
            return Did.LOG_OUT, ""
        case "settings.add_user":
            return Did.USER, f"{form.get('name', '')} + {form.get('role', '')}"
        case "settings.change_user":
            return Did.USER, f"{given['name']} {given['do']}"
        case "settings.add_token":
            return Did.TOKEN, f"{form.get('name', '')} + {form.get('role', '')}"
        case "settings.add_wall":
            return Did.WALL, f"{form.get('name', '')} +"
        case "settings.revoke_token":
            return Did.TOKEN, f"{given['name']} revoke"
    path = request.path.removeprefix("/api/v1")
    setting = path.startswith(("/settings", "/devices"))
    return (Did.SETTING if setting else Did.RECORD), path
