"""Placing: a person gives a found device a room and a name, takes it back, or sets it aside."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from collectors.node import NodeAgent
from collectors.roster import Field, Found, Roster
from devices.assigned import Assigned, write_assigned
from devices.catalog import Point, Site
from devices.config import parse
from devices.errors import CampusError
from devices.foreign.said import Family
from devices.foreign.units import kinds_for
from devices.kinds import KINDS
from devices.model import PointId
from devices.sitefile import point_mistakes

log = logging.getLogger(__name__)

MOST_POINTS = 1000


class Refusal(CampusError, ValueError):
    """What a person asked for cannot be done; the text says why."""


class Placing:
    """Writes the assigned points; the bridge's worker alone calls it."""

    def __init__(self, site: Site, node: str, assigned: Assigned) -> None:
        self._site = site
        self._node = node
        self._assigned = assigned

    def carry_out(
        self, wish: Mapping[str, Any], roster: Roster, agent: NodeAgent
    ) -> dict[str, Any]:
        """`do` is assign, release, ignore or heed. Raises Refusal."""
        match wish.get("do"):
            case "assign":
                return {"point": self._assign(wish, roster, agent)}
            case "release":
                return {"point": self._release(_text(wish, "point"), agent)}
            case "ignore" | "heed" as do:
                roster.set_ignored(_device(wish, roster), do == "ignore")
                return {}
        raise Refusal("ask to assign, release, ignore or heed")

    def _assign(self, wish: Mapping[str, Any], roster: Roster, agent: NodeAgent) -> str:
        found = _device(wish, roster)
        name, field = _field(wish, found)
        kind = _text(wish, "kind")
        if kind not in kinds_for(field.quantity):
            fits = ", ".join(kinds_for(field.quantity)) or "none yet"
            raise Refusal(
                f"{name} measures {field.quantity or 'nothing yet'}: kinds for it: {fits}"
            )
        if len(self._assigned.points) >= MOST_POINTS:
            raise Refusal(f"{MOST_POINTS:,} points are assigned already: take some back first")
        point = self._point(wish, found, name, field, kind)
        wrong = point_mistakes(point, self._site.points.values(), self._site, "assigned.toml")
        if wrong:
            raise Refusal("; ".join(f"{each.what}: {each.remedy}" for each in wrong))
        self._write([*self._assigned.points.values(), point])
        agent.take_on(point)
        log.info("%s, %s is %s now, by %s", found.key, name, point.id, wish.get("who", "?"))
        found.ignored = False
        roster.changed.add(found.key)
        return point.id

    def _point(
        self, wish: Mapping[str, Any], found: Found, name: str, field: Field, kind: str
    ) -> Point:
        room = _text(wish, "room")
        data: dict[str, Any] = {
            "id": _text(wish, "point", "") or self._free_id(room, kind),
            "kind": kind, "node": self._node, "room": room, "name": _text(wish, "name"),
            "name_en": _text(wish, "name_en", ""), "driver": found.family,
            "options": _options(found, name, field, kind, _text(wish, "on", "")),
        }  # fmt: skip
        period = wish.get("period")
        if period not in (None, "", 0):
            data["period"] = period
        point, problems = parse(Point, data, "")
        if point is None:
            raise Refusal("; ".join(f"{p.where}: {p.what} ({p.remedy})" for p in problems))
        if PointId(point.id) in self._site.points:
            raise Refusal(f"{point.id} is a point already: give it another id")
        if not point.name.strip() or not point.name.isprintable():
            raise Refusal("give it a name that people can read")
        return point

    def _free_id(self, room: str, kind: str) -> str:
        stem = f"{room}/{KINDS[kind].measurement.replace('_', '-')}"
        stem = re.sub(r"[^a-z0-9/-]", "-", stem)
        tries = (stem, *(f"{stem}-{number}" for number in range(2, MOST_POINTS + 2)))
        return next(id for id in tries if PointId(id) not in self._site.points)

    def _release(self, id: str, agent: NodeAgent) -> str:
        if PointId(id) not in self._assigned.points:
            where = "stands in campus.toml" if PointId(id) in self._site.points else "is no point"
            raise Refusal(f"{id} {where}; only what was assigned on the page is taken back here")
        agent.let_go(PointId(id))
        log.info("%s is taken back", id)
        self._write([point for point in self._assigned.points.values() if point.id != id])
        return id

    def _write(self, points: list[Point]) -> None:
        try:
            write_assigned(self._assigned.path, points)
        except OSError as error:
            raise Refusal(f"{self._assigned.path} cannot be written ({error.strerror})") from None
        self._assigned.look()


def _text(wish: Mapping[str, Any], key: str, otherwise: str | None = None) -> str:
    value = wish.get(key, otherwise)
    if not isinstance(value, str) or len(value) > 300 or (otherwise is None and not value):
        raise Refusal(f"{key} is missing or is no text")
    return value.strip()


def _device(wish: Mapping[str, Any], roster: Roster) -> Found:
    family, device = _text(wish, "family"), wish.get("device")
    found = roster.get(family, device) if isinstance(device, str) else None
    if found is None:
        raise Refusal(f"no {family} device {str(device)[:80]!r} was heard")
    return found


def _field(wish: Mapping[str, Any], found: Found) -> tuple[str, Field]:
    name = wish.get("field")
    field = found.fields.get(name) if isinstance(name, str) else None
    if field is None or not isinstance(name, str):
        raise Refusal(f"{found.device} has said nothing of {str(name)[:80]!r}")
    return name, field


def _options(found: Found, name: str, field: Field, kind: str, on: str) -> dict[str, Any]:
    words = KINDS[kind].values
    extra = {"on": on} if on and words else {}
    if found.family == Family.MQTT:
        # A bare topic declares nothing, so the point keeps the topic and what is said there.
        unit = (
            {"unit": field.unit} if field.unit and field.quantity == KINDS[kind].measurement else {}
        )
        return {"topic": field.topic, **unit, **extra}
    sensor = {"sensor": field.sensor} if field.sensor else {}
    return {"device": found.device, "field": name, **sensor, **extra}
