"""The site: its school, buildings, rooms, gates, nodes and points, with their look-ups."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol
from zoneinfo import ZoneInfo

from devices.catalog_ids import Id, PointPath
from devices.checking import Limits
from devices.kinds import KINDS
from devices.live import Live
from devices.localrules import LocalRule
from devices.model import Kind, NodeId, PlaceId, PointId

Share = Annotated[float, Limits(ge=0, le=1)]
"""A position on the campus plan as a share of its width or height."""


@dataclass(frozen=True, slots=True)
class School:
    """Who we are; `timezone` decides what 21:40 means, `language` what people read first."""

    id: Id
    name: str
    name_en: str = ""
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"


@dataclass(frozen=True, slots=True)
class Services:
    """Where the services of this site find each other; passwords only by environment or file."""

    mqtt: Annotated[str, Limits(pattern=r"^mqtts?://[^/@]+$")] = "mqtt://127.0.0.1:1883"
    mqtt_ca_file: str = ""
    http: Annotated[str, Limits(pattern=r"^.+:[0-9]+$")] = "127.0.0.1:8000"


Days = Annotated[int, Limits(ge=0, le=36_500)]
"""How long something is kept; 0: for ever."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the embedded store keeps the readings of one kind, else as the store says."""

    kind: str
    raw_days: Days | None = None
    minute_days: Days | None = None
    hour_days: Days | None = None


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The telemetry store: `sqlite:PATH` (relative to the data folder) or an InfluxDB address.

    For InfluxDB the token is read from INFLUXDB_V2_TOKEN or the file `token_file` names; in 1.x
    mode `bucket` is the database and the user's `name:password` stands in that file.
    The embedded store keeps single readings `raw_days`, then lowest, mean and highest of minutes,
    and of hours; InfluxDB keeps what its own retention policy says.
    """

    url: str = "sqlite:telemetry.db"
    bucket: str = "campus"
    org: str = ""
    mode: Literal["2.x", "1.x"] = "2.x"
    token_file: str = ""
    ca_file: str = ""
    raw_days: Days = 90
    minute_days: Days = 400
    hour_days: Days = 0
    retention: tuple[Retention, ...] = ()

    def kept(self, kind: str) -> tuple[int, int, int]:
        """Days of single readings, minutes and hours of a kind; 0: for ever."""
        own = next((rule for rule in self.retention if rule.kind == kind), Retention(kind))
        return (
            self.raw_days if own.raw_days is None else own.raw_days,
            self.minute_days if own.minute_days is None else own.minute_days,
            self.hour_days if own.hour_days is None else own.hour_days,
        )


@dataclass(frozen=True, slots=True)
class Records:
    """People's records, as SQLAlchemy addresses; empty: SQLite files in the data folder.

    A password belongs into the environment: `postgresql+psycopg://campus@host/campus` with
    PGPASSWORD or a `~/.pgpass` file. Who did what is kept `trail_days`, six months at least
    (网络安全法).
    """

    book: str = ""
    register: str = ""
    trail_days: Annotated[int, Limits(ge=184, le=36_500)] = 400


@dataclass(frozen=True, slots=True)
class Building:
    id: Id
    name: str
    name_en: str = ""
    x: Share = 0.5
    y: Share = 0.5
    width: Share = 0.2
    height: Share = 0.1


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


@dataclass(frozen=True, slots=True)
class Node:
    """One Raspberry Pi (or any client that publishes batches)."""

    id: Id
    name: str
    room: Id
    name_en: str = ""


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
    period: Annotated[float, Limits(gt=0)] | None = None
    """Seconds between readings, where it differs from the kind's."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The node that hears devices of other makers, and the broker where they speak.

    `mqtt` is that broker where it is not the school's own. Its log-in comes from
    CAMPUS_BRIDGE_MQTT_USER with CAMPUS_BRIDGE_MQTT_PASSWORD or CAMPUS_BRIDGE_MQTT_PASSWORD_FILE.
    """

    node: Id
    mqtt: Annotated[str, Limits(pattern=r"^(mqtts?://[^/@]+)?$")] = ""
    mqtt_ca_file: str = ""
    listen: tuple[str, ...] = ("#",)
    zigbee2mqtt: tuple[str, ...] = ("zigbee2mqtt",)
    discovery: str = "homeassistant"


class Overlay(Protocol):
    """Points that are assigned while everything runs."""

    @property
    def points(self) -> Mapping[PointId, Point]: ...

    def look(self) -> int:
        """How often it has changed, after a change has been joined into the site."""


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
    bridge: Bridge | None = None
    overlay: Overlay | None = field(default=None, compare=False)
    local: tuple[LocalRule, ...] = ()
    """What nodes do by themselves."""

    def look(self) -> int:
        """Join points that were assigned since; the number changes whenever the points do."""
        return self.overlay.look() if self.overlay is not None else 0

    @cached_property
    def timezone(self) -> tzinfo:
        return ZoneInfo(self.school.timezone)

    @cached_property
    def kinds(self) -> dict[PointId, Kind]:
        """The kind of each point."""
        return Live({id: KINDS[point.kind] for id, point in self.points.items()})

    def stale_after(self, point: PointId) -> float:
        """Seconds after which a value of the point is old; 0: it speaks only on events."""
        kind, own = self.kinds[point], self.points[point].period or 0.0
        return max(kind.stale_after, 3 * own) if kind.stale_after else 0.0

    @property
    def gates(self) -> list[Place]:
        return [place for place in self.places.values() if place.type.endswith("-gate")]

    def place_of(self, point: PointId) -> Place:
        """The room or gate that a point measures."""
        return self.places[PlaceId(self.points[point].room)]

    def points_on(self, node: NodeId) -> list[Point]:
        return [point for point in self.points.values() if point.node == node]

    def local_on(self, node: NodeId) -> list[LocalRule]:
        """The local rules of a node: those of its points."""
        return [rule for rule in self.local if self.points[PointId(rule.point)].node == node]

    def points_in(self, place: PlaceId) -> list[Point]:
        return [point for point in self.points.values() if point.room == place]

    def points_of(self, *kinds: str) -> list[Point]:
        return [point for point in self.points.values() if point.kind in kinds]


def split_address(address: str, default_port: int) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `HOST` or a `scheme://` address with them."""
    bare = re.sub(r"^[a-z]+://", "", address)
    host, _, port = bare.rpartition(":")
    if not host:
        return (bare, default_port)
    if not port.isdigit():
        raise ValueError(f"{address!r} is not HOST:PORT")
    return (host.strip("[]"), int(port))
