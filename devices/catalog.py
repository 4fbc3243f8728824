"""The site: its school, buildings, rooms, gates, nodes and points, read from `campus.toml`."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, with_config

from devices.config import STRICT, parse, read_toml
from devices.errors import ConfigError, Problem
from devices.kinds import KINDS
from devices.model import Kind, NodeId, PlaceId, PointId

Id = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=64)]
PointPath = Annotated[str, Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$", max_length=128)]
Share = Annotated[float, Field(ge=0, le=1)]
"""A position on the campus plan as a share of its width or height."""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class School:
    """Who we are; `timezone` decides what 21:40 means, `language` what people read first."""

    id: Id
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Services:
    """Where the services of this site find each other; passwords only by environment or file."""

    mqtt: Annotated[str, Field(pattern=r"^mqtts?://[^/@]+$")] = "mqtt://127.0.0.1:1883"
    mqtt_ca_file: str = ""
    http: Annotated[str, Field(pattern=r"^.+:[0-9]+$")] = "127.0.0.1:8000"


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The telemetry store: `sqlite:PATH` (relative to the data folder) or an InfluxDB address.

    For InfluxDB the token is read from INFLUXDB_V2_TOKEN or the file `token_file` names; in 1.x
    mode `bucket` is the database and the user's `name:password` stands in that file.
    """

    url: str = "sqlite:telemetry.db"
    bucket: str = "campus"
    org: str = ""
    mode: Literal["2.x", "1.x"] = "2.x"
    token_file: str = ""
    ca_file: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Records:
    """People's records, as SQLAlchemy addresses; empty: SQLite files in the data folder.

    A password belongs into the environment: `postgresql+psycopg://campus@host/campus` with
    PGPASSWORD or a `~/.pgpass` file.
    """

    book: str = ""
    register: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Building:
    id: Id
    name: str
    name_en: str = ""
    x: Share = 0.5
    y: Share = 0.5
    width: Share = 0.2
    height: Share = 0.1


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Place:
    """A room or a gate: what people call it and where it is on the campus plan."""

    id: Id
    name: str
    building: Id
    name_en: str = ""
    type: Literal[
        "classroom", "special", "canteen", "cold-store", "server-room", "office", "gatehouse",
        "pedestrian-gate", "vehicle-gate",
    ] = "classroom"  # fmt: skip
    floor: int = 1
    x: Share = 0.5
    y: Share = 0.5


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Node:
    """One Raspberry Pi (or any client that publishes batches)."""

    id: Id
    name: str
    room: Id
    name_en: str = ""


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Point:
    """A place that is measured; the device in it can be swapped without the point changing.

    `driver` is empty for a point that another client publishes. `options` are the driver's own.
    """

    id: PointPath
    kind: str
    node: Id
    room: Id
    name: str
    name_en: str = ""
    asset: str = ""
    driver: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    period: Annotated[float, Field(gt=0)] | None = None
    """Seconds between readings, where it differs from the kind's."""


@with_config(STRICT)
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


@dataclass(frozen=True)
class Site:
    """The checked site file with its look-ups; ids are unique, every reference leads."""

    path: Path
    school: School
    services: Services
    store: StoreSettings
    records: Records
    buildings: dict[str, Building]
    places: dict[PlaceId, Place]
    nodes: dict[NodeId, Node]
    points: dict[PointId, Point]

    @cached_property
    def timezone(self) -> tzinfo:
        return ZoneInfo(self.school.timezone)

    @cached_property
    def kinds(self) -> dict[PointId, Kind]:
        """The kind of each point."""
        return {id: KINDS[point.kind] for id, point in self.points.items()}

    @property
    def gates(self) -> list[Place]:
        return [place for place in self.places.values() if place.type.endswith("-gate")]

    def place_of(self, point: PointId) -> Place:
        """The room or gate that a point measures."""
        return self.places[PlaceId(self.points[point].room)]

    def points_on(self, node: NodeId) -> list[Point]:
        return [point for point in self.points.values() if point.node == node]

    def points_in(self, place: PlaceId) -> list[Point]:
        return [point for point in self.points.values() if point.room == place]

    def points_of(self, *kinds: str) -> list[Point]:
        return [point for point in self.points.values() if point.kind in kinds]


def find_site_file(given: str | None) -> Path | None:
    """`--config`, else CAMPUS_CONFIG, else `campus.toml` here; None where there is none."""
    named = given or os.environ.get("CAMPUS_CONFIG")
    if named:
        return Path(named)
    here = Path("campus.toml")
    return here if here.exists() else None


def load_site(path: Path) -> Site:
    """The site in `path`. Raises ConfigError with every mistake in it."""
    data = read_toml(path)
    parsed, problems = parse(_SiteFile, data, path.name)
    sound = parsed if parsed is not None else _sound_part(data)
    problems += [Problem(path.name, *found) for found in _inconsistencies(sound, data)]
    if parsed is None or problems:
        raise ConfigError(problems)
    return Site(
        path=path,
        school=parsed.school,
        services=parsed.services,
        store=parsed.store,
        records=parsed.records,
        buildings={building.id: building for building in parsed.building},
        places={PlaceId(place.id): place for place in (*parsed.room, *parsed.gate)},
        nodes={NodeId(node.id): node for node in parsed.node},
        points={PointId(point.id): point for point in parsed.point},
    )


_Finding = tuple[str, str, str]

_LISTS: dict[str, type[Any]] = {
    "building": Building, "room": Place, "gate": Place, "node": Node, "point": Point,
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
        ("point", site.point),
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
    yield from _driver_mistakes(site)


def _unknown(id: str, what: str) -> tuple[str, str]:
    return (f"no {what} has the id {id!r}", f"add that {what} or mend the id")


def _driver_mistakes(site: _SiteFile) -> Iterator[_Finding]:
    from devices.driver import DRIVERS  # the registry needs Point, so it comes second

    taken: dict[tuple[str, str], str] = {}
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
        options, problems = parse(driver.Options, point.options, "", f"{here}.options")
        yield from ((problem.where, problem.what, problem.remedy) for problem in problems)
        kind = KINDS.get(point.kind)
        if kind is not None and kind.value_type is not driver.value_type:
            says = f"driver {point.driver} gives a {driver.value_type}"
            yield (f"{here}.driver", f"{says}, kind {kind.key} needs a {kind.value_type}",
                   "change one of the two")  # fmt: skip
        for pin in driver.pins(options) if options is not None else ():
            other = taken.setdefault((point.node, pin), point.id)
            if other != point.id:
                yield (f"{here}.options", f"{pin} of {point.node} is used by {other!r} already",
                       "give each its own")  # fmt: skip


def driver_options(point: Point) -> Any:
    """The checked options of a point's driver."""
    from devices.driver import DRIVERS

    options, problems = parse(DRIVERS[point.driver].Options, point.options, point.id)
    if problems:
        raise ConfigError(problems)
    return cast(Any, options)


def split_address(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `HOST` or a `scheme://` address with them."""
    bare = re.sub(r"^[a-z]+://", "", address)
    host, _, port = bare.rpartition(":")
    if not host:
        return (bare, default_port)
    if not port.isdigit():
        raise ValueError(f"{address!r} is not HOST:PORT")
    return (host.strip("[]"), int(port))
