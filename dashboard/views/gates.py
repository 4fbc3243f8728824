"""/gates: each gate now, and today's passages by hour without persons."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from flask import render_template

from collectors.store import EventQuery
from dashboard.conditions import State, worst
from dashboard.panels import AlertPanel, PointPanel, open_alerts, panels
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.catalog import Place
from devices.errors import StoreError
from devices.model import PlaceId, PointId, Reading

section = Section("gates", __name__)
MOST_EVENTS = 5000
SHOWN_MOVES = 6


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its points, its open alerts, and what happened today."""

    place: Place
    contact: PointPanel | None
    others: list[PointPanel]
    alerts: list[AlertPanel]
    state: State
    hours: list[int]
    """Passages in each hour of today."""
    denied: int
    moves: list[Reading]
    """The last times it opened and closed, newest first."""


@section.path("/gates", Permission.VIEW)
def gates() -> str:
    """Every gate."""
    trouble = ""
    shown = []
    for place in parts().site.gates:
        try:
            events = [] if trouble else _today(place)
        except StoreError as error:
            trouble, events = str(error), []
        shown.append(_gate(place, events))
    most = max((max(gate.hours) for gate in shown), default=0)
    return render_template("gates.html", gates=shown, most=max(most, 1), trouble=trouble)


def _today(place: Place) -> list[Reading]:
    now = parts().clock.now()
    local = now.astimezone(parts().site.timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    points = [
        PointId(point.id)
        for point in parts().site.points_in(PlaceId(place.id))
        if point.kind in ("access", "gate")
    ]
    query = EventQuery(points, midnight, now + timedelta(seconds=1), MOST_EVENTS)
    return parts().store.events(query) if points else []


def _gate(place: Place, events: list[Reading]) -> Gate:
    site = parts().site
    here = panels(site.points_in(PlaceId(place.id)))
    contact = next((p for p in here if p.kind.key == "gate"), None)
    passages = [e for e in events if site.points[e.point].kind == "access"]
    by_hour = Counter(e.at.astimezone(site.timezone).hour for e in passages if e.value != "denied")
    moves: list[Reading] = []
    for event in events:
        changed = not moves or moves[-1].value != event.value
        if site.points[event.point].kind == "gate" and changed:
            moves.append(event)
    return Gate(
        place, contact, [p for p in here if p is not contact and not p.events_only],
        [a for a in open_alerts() if a.data.get("place") == place.id],
        worst(p.state for p in here if not p.events_only),
        [by_hour[hour] for hour in range(24)], sum(e.value == "denied" for e in passages),
        moves[-SHOWN_MOVES:][::-1],
    )  # fmt: skip
