"""/ : the overview: what is wrong, the campus plan, and one quiet line for all that is normal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template

from dashboard.conditions import State, worst
from dashboard.page import name_of
from dashboard.panels import PointPanel, open_alerts, panels, supervised
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.places import (
    CLASSROOMS,
    UNIT_KINDS,
    canteen_points,
    equipment_on,
    room_points,
)
from devices.catalog import Building, Place
from devices.errors import CampusError
from devices.model import NodeId, NodeState, NodeStatus

section = Section("overview", __name__)
MOST_VALUES = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A room or gate on the campus plan with its worst state."""

    place: Place
    state: State
    href: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One subject: how many are well, and which are not, by name."""

    total: int
    good: int
    bad: tuple[str, ...]
    state: State
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """Data completeness since midnight; None where nothing was expected yet."""

    percent: float | None
    missing: int
    worst_node: str
    trouble: str = ""


@section.path("/", Permission.VIEW)
def overview() -> str:
    """The overview."""
    here, now = parts(), parts().clock.now()
    everything = panels(here.site.points.values())
    by_place = panels_by_place(everything)
    restarted = [service for service in supervised() if service.restarted_lately(now)]
    return render_template(
        "overview.html",
        plan_trouble=parts().plan_trouble,
        alerts=open_alerts(),
        **campus_plan(by_place),
        values=_values(everything),
        canteen=_tile(canteen_points()),
        gates=_gate_tile(),
        rooms=_room_tile(by_place),
        nodes=_node_tile(here.hub.now.nodes()),
        share=_share(now),
        restarted=restarted,
    )


def _values(everything: Sequence[PointPanel]) -> list[PointPanel]:
    """What somebody looks at many times a day: what keeps food, the gates, the server room; where
    these are too many, first what is not as it should be."""
    watched = [*UNIT_KINDS, "gate"]
    rooms = {p.id for p in parts().site.places.values() if p.type == "server-room"}
    servers = [p for p in everything if p.point.room in rooms and p.unit]
    found = [p for kind in watched for p in everything if p.kind.key == kind]
    found += servers
    if len(found) <= MOST_VALUES:
        return found
    chosen = {p.id for p in sorted(found, key=lambda p: p.state.rank)[:MOST_VALUES]}
    return [p for p in found if p.id in chosen]


def panels_by_place(everything: Sequence[PointPanel]) -> dict[str, list[PointPanel]]:
    found: dict[str, list[PointPanel]] = {}
    for each in everything:
        found.setdefault(each.place.id, []).append(each)
    return found


def campus_plan(by_place: dict[str, list[PointPanel]]) -> dict[str, Any]:
    """What the plan of the campus draws: `buildings`, and `spots` with their states."""
    return {"buildings": _drawn_buildings(), "spots": _spots(by_place)}


def _drawn_buildings() -> list[Building]:
    """Those that are houses: one that covers the whole plan is the ground itself."""
    return [b for b in parts().site.buildings.values() if b.width * b.height < 0.8]


def _spots(by_place: dict[str, list[PointPanel]]) -> list[Spot]:
    spots = []
    for place in parts().site.places.values():
        points = [p for p in by_place.get(place.id, []) if not p.events_only]
        state = worst(p.state for p in points) if points else State.NORMAL
        is_gate = place.type.endswith("-gate")
        is_canteen = place.type in ("canteen", "cold-store")
        href = f"/post/{place.id}" if is_gate else "/canteen" if is_canteen else "/classrooms"
        spots.append(Spot(place, state, href))
    # The worst are drawn last, on top of what is normal.
    return sorted(spots, key=lambda spot: -spot.state.rank)


def _tile(points: Sequence[PointPanel]) -> Tile:
    bad = [p for p in points if p.state not in (State.NORMAL, State.SHELVED)]
    silent = sum(p.state is State.NO_DATA for p in points)
    names = tuple(p.name for p in bad)
    return Tile(len(points), len(points) - len(bad), names, worst(p.state for p in points), silent)


def _gate_tile() -> Tile:
    gates = panels(parts().site.points_of("gate"))
    open_ones = [
        p for p in gates
        if p.state is not State.NORMAL or p.reading is None or p.reading.value != "closed"
    ]  # fmt: skip
    silent = sum(p.state is State.NO_DATA for p in gates)
    names = tuple(name_of(p.place) for p in open_ones)
    state = worst(p.state for p in gates)
    return Tile(len(gates), len(gates) - len(open_ones), names, state, silent)


def _room_tile(by_place: dict[str, list[PointPanel]]) -> Tile:
    rooms = [p for p in parts().site.places.values() if p.type in CLASSROOMS]
    on = [room for room in rooms if equipment_on(by_place.get(room.id, ())) is True]
    silent = sum(equipment_on(by_place.get(room.id, ())) is None for room in rooms)
    state = worst(p.state for room in rooms for p in room_points(by_place.get(room.id, ())))
    names = tuple(name_of(room) for room in on)
    return Tile(len(rooms), len(rooms) - len(on) - silent, names, state, silent)


def _node_tile(statuses: dict[NodeId, NodeStatus]) -> Tile:
    nodes = parts().site.nodes
    offline = [
        node for id, node in nodes.items()
        if id not in statuses or statuses[id].state is not NodeState.ONLINE
    ]  # fmt: skip
    unheard = sum(id not in statuses for id in nodes)
    state = State.NO_DATA if offline else State.NORMAL
    names = tuple(name_of(node) for node in offline)
    return Tile(len(nodes), len(nodes) - len(offline), names, state, unheard)


def _share(now: datetime) -> Share:
    local = now.astimezone(parts().site.timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        days = parts().ledger.completeness(None, midnight, now + timedelta(seconds=1))
    except CampusError as error:
        return Share(None, 0, "", str(error))
    received, missing = sum(d.received for d in days), sum(d.missing for d in days)
    if not received + missing:
        return Share(None, 0, "")
    poorest = max(days, key=lambda d: d.missing)
    node = parts().site.nodes.get(poorest.node)
    name = name_of(node) if poorest.missing and node else ""
    return Share(100 * received / (received + missing), missing, name)
