"""The site file `campus.toml`: read into a Site, or refused with every mistake in it."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devices import localrules
from devices.catalog import (
    Bridge,
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
from devices.config import parse, read_toml
from devices.driver import DRIVERS, Surroundings
from devices.errors import ConfigError, Problem
from devices.kinds import KINDS
from devices.live import Live
from devices.localrules import LocalRule
from devices.model import NodeId, PlaceId, PointId
from devices.toml_lines import with_lines


@dataclass(frozen=True, slots=True)
class _SiteFile:
    school: School
    services: Services = field(default_factory=Services)
    store: StoreSettings = field(default_factory=StoreSettings)
    records: Records = field(default_factory=Records)
    building: tuple[Building, ...] = ()
    room: tuple[Place, ...] = ()
    gate: tuple[Place, ...] = ()
    node: tuple[Node, ...] = ()
    point: tuple[Point, ...] = ()
    bridge: Bridge | None = None
    local: tuple[LocalRule, ...] = ()


def find_site_file(given: str | None) -> Path | None:
    """`--config`, else CAMPUS_CONFIG, else `campus.toml` here; None where there is none."""
    named = given or os.environ.get("CAMPUS_CONFIG")
    if named:
        return Path(named)
    here = Path("campus.toml")
    return here if here.exists() else None


def load_site(path: Path) -> Site:
    """The site in `path`. Raises ConfigError with every mistake in it."""
    return _site(read_toml(path), path)


def site_from(data: dict[str, Any]) -> Site:
    """The site of tables that came another way. Raises ConfigError with every mistake in them."""
    return _site(data, Path("config"))


def _site(data: dict[str, Any], path: Path) -> Site:
    parsed, problems = parse(_SiteFile, data, path.name)
    sound = parsed if parsed is not None else _sound_part(data)
    problems += [Problem(path.name, *found) for found in _inconsistencies(sound, data)]
    if parsed is None or problems:
        raise ConfigError(with_lines(problems, path, data) if path.exists() else problems)
    return Site(
        path=path,
        school=parsed.school,
        services=parsed.services,
        store=parsed.store,
        records=parsed.records,
        buildings={building.id: building for building in parsed.building},
        places={PlaceId(place.id): place for place in (*parsed.room, *parsed.gate)},
        nodes={NodeId(node.id): node for node in parsed.node},
        points=Live({PointId(point.id): point for point in parsed.point}),
        bridge=parsed.bridge,
        local=parsed.local,
    )


_Finding = tuple[str, str, str]

_LISTS: dict[str, type[Any]] = {
    "building": Building, "room": Place, "gate": Place, "node": Node, "point": Point,
    "local": LocalRule,
}  # fmt: skip


def _sound_part(data: dict[str, Any]) -> _SiteFile:
    """What can be read of a file with mistakes, so that the rest is checked in the same run."""
    school, _ = parse(School, _table(data, "school"), "")
    items: dict[str, Any] = {}
    for name, cls in _LISTS.items():
        rows = data.get(name)
        found = (
            [parse(cls, row, "")[0] for row in rows if isinstance(row, dict)]
            if isinstance(rows, list)
            else []
        )
        items[name] = tuple(item for item in found if item is not None)
    return _SiteFile(school=school or School("unknown", ""), **items)


def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
    table = data.get(name)
    return table if isinstance(table, dict) else {}


def _ids(data: dict[str, Any], *lists: str) -> set[str]:
    """The ids that a file gives, also those of items with mistakes in them."""
    rows = [row for name in lists if isinstance(data.get(name), list) for row in data[name]]
    return {str(row.get("id")) for row in rows if isinstance(row, dict)}


def _inconsistencies(site: _SiteFile, data: dict[str, Any]) -> Iterator[_Finding]:
    """What each table cannot know of the others: (where, what, remedy)."""
    try:
        ZoneInfo(site.school.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield ("school.timezone", f"{site.school.timezone!r} is no time zone", "use Asia/Shanghai")
    places = (*site.room, *site.gate)
    named: list[tuple[str, Iterable[Any]]] = [
        ("building", site.building), ("room or gate", places), ("node", site.node),
        ("point", site.point), ("local", site.local),
    ]  # fmt: skip
    for what, items in named:
        for id, count in Counter(item.id for item in items).items():
            if count > 1:
                yield (f'{what} "{id}"', f"stands {count} times", "give each its own id")
    buildings, rooms, nodes = _ids(data, "building"), _ids(data, "room", "gate"), _ids(data, "node")
    for place in places:
        if place.building not in buildings:
            yield (f'room "{place.id}".building', *_unknown(place.building, "building"))
    for node in site.node:
        if node.room not in rooms:
            yield (f'node "{node.id}".room', *_unknown(node.room, "room"))
    for point in site.point:
        here = f'point "{point.id}"'
        if point.room not in rooms:
            yield (f"{here}.room", *_unknown(point.room, "room or gate"))
        if point.node not in nodes:
            yield (f"{here}.node", *_unknown(point.node, "node"))
        if point.kind not in KINDS:
            yield (f"{here}.kind", f"{point.kind!r} is not a kind", "use " + ", ".join(KINDS))
    for rule in site.store.retention:
        if rule.kind not in KINDS:
            yield ("store.retention", f"{rule.kind!r} is not a kind", "use " + ", ".join(KINDS))
    if site.bridge is not None and site.bridge.node not in nodes:
        yield ("bridge.node", *_unknown(site.bridge.node, "node"))
    points = {point.id: (point.kind, point.node) for point in site.point}
    yield from localrules.mistakes(site.local, points)
    yield from _driver_mistakes(site)


def point_mistakes(point: Point, beside: Iterable[Point], site: Site, file: str) -> list[Problem]:
    """What is wrong with one more point of a sound site; `beside` are the points it has."""
    whole = _SiteFile(
        site.school, building=tuple(site.buildings.values()), room=tuple(site.places.values()),
        node=tuple(site.nodes.values()), point=(*beside, point), bridge=site.bridge,
    )  # fmt: skip
    data: dict[str, Any] = {
        "building": [{"id": id} for id in site.buildings],
        "room": [{"id": id} for id in site.places],
        "node": [{"id": id} for id in site.nodes],
    }
    here = f'point "{point.id}"'
    found = _inconsistencies(whole, data)
    return [Problem(file, *each) for each in found if each[0].split(".")[0].strip() == here]


def _unknown(id: str, what: str) -> tuple[str, str]:
    return (f"no {what} has the id {id!r}", f"add that {what} or mend the id")


def _driver_mistakes(site: _SiteFile) -> Iterator[_Finding]:
    taken: dict[tuple[str, str], tuple[str, str]] = {}
    for point in site.point:
        here = f'point "{point.id}"'
        if not point.driver:
            continue
        if point.driver not in DRIVERS:
            near = DRIVERS.nearest(point.driver)
            remedy = f"did you mean {near}?" if near else "use " + ", ".join(DRIVERS)
            yield (f"{here}.driver", f"{point.driver!r} is not a driver", remedy)
            continue
        driver = DRIVERS[point.driver]
        if driver.hears_mqtt and (site.bridge is None or site.bridge.node != point.node):
            bridge = f"node {site.bridge.node!r}" if site.bridge else "a node, named by bridge.node"
            yield (f"{here}.node", f"driver {point.driver} hears MQTT, which only the bridge does",
                   f"put it on {bridge}")  # fmt: skip
        options, problems = parse(driver.Options, point.options, "", f"{here}.options")
        yield from ((problem.where, problem.what, problem.remedy) for problem in problems)
        kind = KINDS.get(point.kind)
        if kind is not None and driver.kinds and kind.key not in driver.kinds:
            yield (f"{here}.kind", f"driver {point.driver} knows nothing of {kind.key}",
                   "it measures " + ", ".join(driver.kinds))  # fmt: skip
        elif (
            kind is not None
            and not driver.kinds
            and driver.value_type not in (None, kind.value_type)
        ):
            says = f"driver {point.driver} gives a {driver.value_type}"
            yield (f"{here}.driver", f"{says}, kind {kind.key} needs a {kind.value_type}",
                   "change one of the two")  # fmt: skip
        elif options is not None and kind is not None:
            for what, remedy in driver.misfits(point, options, _around(site, point)):
                yield (f"{here}.driver", what, remedy)
        for pin in driver.pins(options) if options is not None else ():
            yield from _taken_twice(point, pin, taken)


def _taken_twice(
    point: Point, pin: str, taken: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[_Finding]:
    """Whether another point has `pin` of this node, and not as a thing that both share."""
    thing, _, tag = pin.partition("+")
    other, others_tag = taken.setdefault((point.node, thing), (point.id, tag))
    if other != point.id and not (tag and tag == others_tag):
        what = f"{thing} of {point.node} is used by {other!r} already"
        yield (f'point "{point.id}".options', what, "give each its own")


def _around(site: _SiteFile, point: Point) -> Surroundings:
    rooms = {point.room, *(node.room for node in site.node if node.id == point.node)}
    places = tuple(place for place in (*site.room, *site.gate) if place.id in rooms)
    return Surroundings(None, tuple(p for p in site.point if p.node == point.node), places)
