"""Schools made up for a simulation: any number of nodes, each with any number of points."""

from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import Any, cast

from devices.catalog import (
    Building,
    Node,
    Place,
    Point,
    Records,
    School,
    Services,
    Site,
    StoreSettings,
)
from devices.model import Kind, NodeId, PlaceId, PointId

_ROOM_TYPES = ("canteen", "classroom", "classroom", "server-room", "pedestrian-gate")
"""What the first node stands in, the second, …; then from the start again."""

_CANTEEN = (
    ("fridge-{n}/temperature", "temperature-cold"), ("fridge-{n}/door", "contact"),
    ("freezer-{n}/temperature", "temperature-frozen"), ("hot-{n}/temperature", "temperature-hot"),
    ("sample-{n}/temperature", "temperature-sample"), ("gas-{n}", "gas"),
    ("disinfection-{n}/temperature", "temperature-disinfection"),
)  # fmt: skip
_CLASSROOM = (
    ("room-{n}/temperature", "temperature-room"), ("room-{n}/humidity", "humidity"),
    ("room-{n}/co2", "co2"), ("room-{n}/power", "power"), ("room-{n}/door", "contact"),
)  # fmt: skip
_SERVER_ROOM = (
    ("rack-{n}/inlet", "temperature-rack"), ("rack-{n}/humidity", "humidity"),
    ("rack-{n}/power", "power"), ("rack-{n}/ups", "ups"), ("rack-{n}/charge", "battery-charge"),
    ("rack-{n}/leak", "water-leak"),
)  # fmt: skip
_GATE = (
    ("gate", "gate"), ("access", "access"), ("exit-button", "exit-button"), ("panic", "panic"),
)  # fmt: skip
_TEMPLATES = {
    "canteen": _CANTEEN, "classroom": _CLASSROOM, "server-room": _SERVER_ROOM,
}  # fmt: skip


def _points(node: Node, type: str) -> Iterator[Point]:
    """Without end: the template of the room's type over and over."""
    if type == "pedestrian-gate":
        for path, kind in _GATE:
            yield Point(f"{node.id}/{path}", kind, node.id, node.room, f"{node.name} {path}")
        type = "classroom"
    number = 0
    while True:
        number += 1
        for path, kind in _TEMPLATES[type]:
            name = path.format(n=number)
            yield Point(f"{node.id}/{name}", kind, node.id, node.room, f"{node.name} {name}")


def made_up_school(nodes: int, points: int, timezone: tzinfo) -> Site:
    """A school of `nodes` nodes (`sim-01`, …) with `points` points on each."""
    width = len(str(nodes))
    places: dict[PlaceId, Place] = {}
    all_nodes: dict[NodeId, Node] = {}
    all_points: dict[PointId, Point] = {}
    for number in range(1, nodes + 1):
        type = _ROOM_TYPES[(number - 1) % len(_ROOM_TYPES)]
        id = f"sim-{number:0{max(width, 2)}d}"
        places[PlaceId(f"{id}-room")] = Place(
            f"{id}-room", f"模拟 {number}", "sim", f"Simulated {number}", type=cast(Any, type)
        )
        node = Node(id, f"模拟节点 {number}", f"{id}-room", f"Simulated node {number}")
        all_nodes[NodeId(id)] = node
        all_points |= {PointId(p.id): p for p in islice(_points(node, type), points)}
    return _site(places, all_nodes, all_points, timezone)


_ROOM_OF = {
    "canteen": "canteen", "server-room": "server-room", "gate": "pedestrian-gate",
}  # fmt: skip


def one_point_site(kind: Kind, timezone: tzinfo) -> Site:
    """A site with one point of `kind` in a room that suits it, a cold unit with its door."""
    type = _ROOM_OF.get(kind.group, "classroom")
    place = Place("room", "房间", "sim", type=cast(Any, type))
    name = kind.key if kind.measurement == "temperature" else kind.measurement
    points = [Point(f"one/{name.removeprefix('temperature-')}", kind.key, "sim", "room", "点")]
    return _site(
        {PlaceId("room"): place},
        {NodeId("sim"): Node("sim", "节点", "room")},
        {PointId(point.id): point for point in points},
        timezone,
    )


def _site(
    places: dict[PlaceId, Place],
    nodes: dict[NodeId, Node],
    points: dict[PointId, Point],
    timezone: tzinfo,
) -> Site:
    return Site(
        path=Path("campus.toml"),
        school=School("simulated", "模拟学校", "Simulated school", str(timezone)),
        services=Services(),
        store=StoreSettings(),
        records=Records(),
        buildings={"sim": Building("sim", "模拟楼", "Simulated building")},
        places=places,
        nodes=nodes,
        points=points,
    )


def site_file(site: Site) -> str:
    """A made-up school as a `campus.toml`, so that a monitor can be started with it."""
    lines = [
        f'school = {{ id = "{site.school.id}", name = "{site.school.name}",'
        f' name_en = "{site.school.name_en}", timezone = "{site.school.timezone}" }}',
        "",
        "building = [",
        *(
            f'  {{ id = "{b.id}", name = "{b.name}", name_en = "{b.name_en}" }},'
            for b in site.buildings.values()
        ),
        "]",
    ]
    for word, gates in (("room", False), ("gate", True)):
        lines += ["", f"{word} = ["]
        lines += [
            f'  {{ id = "{p.id}", name = "{p.name}", name_en = "{p.name_en}",'
            f' building = "{p.building}", type = "{p.type}" }},'
            for p in site.places.values()
            if p.type.endswith("-gate") is gates
        ]
        lines.append("]")
    lines += ["", "node = ["]
    lines += [
        f'  {{ id = "{n.id}", name = "{n.name}", name_en = "{n.name_en}", room = "{n.room}" }},'
        for n in site.nodes.values()
    ]
    lines += ["]", "", "point = ["]
    lines += [
        f'  {{ id = "{p.id}", kind = "{p.kind}", node = "{p.node}", room = "{p.room}",'
        f' name = "{p.name}" }},'
        for p in site.points.values()
    ]
    return "\n".join([*lines, "]", ""])
