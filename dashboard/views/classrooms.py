"""/classrooms: a grid of rooms by building and floor: power, temperature, door."""

from dataclasses import dataclass

from flask import render_template

from dashboard.conditions import State, worst
from dashboard.panels import PointPanel, panels
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.places import CLASSROOMS, equipment_on, room_points
from devices.catalog import Building, Place
from devices.model import PlaceId

section = Section("classrooms", __name__)
NOT_ROOMS = ("canteen", "cold-store", "pedestrian-gate", "vehicle-gate", "gatehouse")


@dataclass(frozen=True, slots=True)
class Room:
    """One room: what is measured in it, and whether its equipment is on (None: not known)."""

    place: Place
    points: list[PointPanel]
    state: State
    on: bool | None


@dataclass(frozen=True, slots=True)
class Floor:
    building: Building
    floor: int
    rooms: list[Room]


@section.path("/classrooms", Permission.VIEW)
def classrooms() -> str:
    """Every room that is no kitchen and no gate."""
    shown = floors_shown()
    rooms = [room for floor in shown for room in floor.rooms if room.place.type in CLASSROOMS]
    return render_template("classrooms.html", floors=shown, rooms=rooms)


def floors_shown() -> list[Floor]:
    """Every floor with its rooms, by building, the highest first."""
    site = parts().site
    floors: dict[tuple[str, int], Floor] = {}
    for place in site.places.values():
        if place.type in NOT_ROOMS:
            continue
        key = (place.building, place.floor)
        building = site.buildings[place.building]
        floors.setdefault(key, Floor(building, place.floor, [])).rooms.append(_room(place))
    order = list(site.buildings)
    return sorted(floors.values(), key=lambda f: (order.index(f.building.id), -f.floor))


def _room(place: Place) -> Room:
    points = room_points(panels(parts().site.points_in(PlaceId(place.id))))
    return Room(place, points, worst(p.state for p in points), equipment_on(points))
