"""A node's part of the site file: made by the server, checked again by the node that takes it."""

import dataclasses
import hashlib
from typing import Any

import orjson

from devices.catalog import Services, Site
from devices.errors import ConfigError, Problem
from devices.model import NodeId


def part_of(site: Site, node: NodeId) -> dict[str, Any]:
    """What `node` needs to know, and nothing of others; no password stands in a site file."""
    points, own = site.points_on(node), site.nodes[node]
    rooms = {own.room, *(point.room for point in points)}
    places = [place for place in site.places.values() if place.id in rooms]
    buildings = {place.building for place in places}
    tables: dict[str, Any] = {
        "school": site.school,
        "building": [b for b in site.buildings.values() if b.id in buildings],
        "room": places,
        "node": [own],
        "point": points,
        "local": site.local_on(node),
    }
    data: dict[str, Any] = orjson.loads(orjson.dumps(tables, default=dataclasses.asdict))
    version = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
    return {"v": 1, "version": version, "node": node, "site": data}


def version_of(part: Any) -> str:
    """The version that a part says it is; empty where it says none."""
    version = part.get("version") if isinstance(part, dict) else None
    return version if isinstance(version, str) and len(version) <= 64 else ""


def site_of(part: Any, node: NodeId, mqtt: str) -> Site:
    """The site of one node. Raises ConfigError with every mistake in it."""
    from devices.sitefile import site_from

    if not isinstance(part, dict) or part.get("v") != 1 or not isinstance(part.get("site"), dict):
        raise ConfigError([Problem("config", "", "is no configuration of version 1", "")])
    site = site_from(part["site"])
    if node not in site.nodes or any(point.node != node for point in site.points.values()):
        text = f"is not the configuration of {node}"
        raise ConfigError([Problem("config", "", text, "the server sent another node's part")])
    return dataclasses.replace(site, services=Services(mqtt=mqtt))
