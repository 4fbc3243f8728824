"""/api/v1/alerts: the book's alerts; acknowledging, shelving and notes go to the engine."""

from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import Forbidden, NotFound

from alerts.model import Alert, AlertState, Ending
from dashboard.api.answers import alert_json, json_answer
from dashboard.api.parameters import body, number, text, time_of
from dashboard.asking import ask_engine
from dashboard.auth import person
from dashboard.problems import BadInput
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_alerts", __name__, "/api/v1/alerts")
LONGEST_SHELF = timedelta(days=7)


@section.path("", Permission.VIEW, query={
    "state": "unacknowledged, acknowledged, returned, latched, shelved, suppressed, "
             "out-of-service, closed, or open (all but closed)",
    "from": "raised since, ISO 8601 or ms", "limit": "the newest so many, 1 to 1000",
})  # fmt: skip
def every_alert() -> Response:
    """Alerts, newest first."""
    start = request.args.get("from", "")
    found = parts().book.alerts(
        _states(request.args.getlist("state")),
        time_of("from", start) if start else None,
        number("limit", 200, 1, 1000),
    )
    return json_answer({"alerts": [alert_json(alert) for alert in found]})


def _states(names: list[str]) -> list[AlertState] | None:
    states: list[AlertState] = []
    for name in names:
        if name == "open":
            states += [state for state in AlertState if state.open]
        elif name in list(AlertState):
            states.append(AlertState(name))
        else:
            known = ", ".join(AlertState)
            raise BadInput("state", f"{name[:40]!r} is not known", f"use open, {known}")
    return states or None


@section.path("/<id>", Permission.VIEW)
def one_alert(id: str) -> Response:
    """One alert with its transitions and deliveries."""
    alert, book = known_alert(id), parts().book
    return json_answer({
        **alert_json(alert),
        "transitions": [
            {"at": t.at.isoformat(), "was": t.was, "now_is": t.now_is, "why": t.why, "who": t.who,
             "note": t.note}
            for t in book.transitions(id)
        ],
        "deliveries": [
            {"at": d.at.isoformat(), "channel": d.channel, "receiver": d.receiver,
             "state": d.state, "why": d.why, "reason": d.reason, "attempt": d.attempt}
            for d in book.deliveries(id)
        ],
    })  # fmt: skip


@section.path("/<id>/acknowledge", Permission.ACKNOWLEDGE, methods=("POST",),
              body={"note": "what was found, for the log"})  # fmt: skip
def acknowledge(id: str) -> Response:
    """Say that somebody saw it; answers once the engine has it in its book."""
    note = text(body(), "note")
    own_alert(id)
    return json_answer(ask_engine("acknowledge", id, note))


@section.path("/<id>/shelve", Permission.SHELVE, methods=("POST",),
              body={"until": "ISO 8601 or ms, within 7 days", "note": "why; required"})  # fmt: skip
def shelve(id: str) -> Response:
    """Silence it until a time, with a reason."""
    data = body()
    note = text(data, "note", required=True)
    until = shelf_end(str(data.get("until", "")))
    own_alert(id)
    return json_answer(ask_engine("shelve", id, note, until))


@section.path("/<id>/note", Permission.ACKNOWLEDGE, methods=("POST",),
              body={"note": "the note; required"})  # fmt: skip
def note(id: str) -> Response:
    """Add a note to the alert's log."""
    written = text(body(), "note", required=True)
    own_alert(id)
    return json_answer(ask_engine("note", id, written))


@section.path("/<id>/end", Permission.ACKNOWLEDGE, methods=("POST",), body={
    "ending": "false-alarm, handled, to-repair, to-hazard or watching; required",
    "note": "what was found; required for false-alarm",
})  # fmt: skip
def end(id: str) -> Response:
    """Say what it turned out to be; acknowledges it too, and to-repair opens an entry."""
    data = body()
    own_alert(id)
    return json_answer(end_alert(id, text(data, "ending", 40), text(data, "note")))


def end_alert(id: str, ending: str, note: str) -> dict[str, Any]:
    """Checked and asked of the engine. Raises BadInput."""
    if ending not in list(Ending):
        raise BadInput("ending", f"{ending!r} is not known", f"use {', '.join(Ending)}")
    if ending == Ending.FALSE_ALARM and not note:
        raise BadInput("note", "is missing", "say why it was a false alarm")
    return ask_engine("end", id, orjson.dumps({"ending": ending, "note": note}).decode())


def shelf_end(given: str) -> datetime:
    """The end of a shelving, which has to come within a week."""
    if not given:
        raise BadInput("until", "is missing", "send the time when it ends, within 7 days")
    until, now = time_of("until", given), parts().clock.now()
    if not now < until <= now + LONGEST_SHELF:
        raise BadInput("until", "is not within the next 7 days", "shelve it for a shorter time")
    return until


def known_alert(id: str) -> Alert:
    alert = parts().book.alert(id)
    if alert is None:
        raise NotFound(f"there is no alert {id[:40]!r}; GET /api/v1/alerts lists them")
    return alert


def own_alert(id: str) -> str:
    """The area of an alert that the person asking may answer; open ones need no book."""
    live = next((a for a in parts().hub.now.alerts() if a.get("id") == id), None)
    area = str(live.get("area", "")) if live is not None else known_alert(id).area
    if not person().role.may_acknowledge(area):
        raise Forbidden("this alert belongs to another department")
    return area
