"""Found devices as the page and the API show them: waiting, in use, set aside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.found import FILE, Findings, read_found
from collectors.roster import Field, Found
from dashboard.section import parts
from devices.catalog import Point
from devices.foreign.units import STATES, kinds_for
from devices.kinds import KINDS
from devices.model import Kind

LEAST_PERIOD = 60.0
"""Seconds; a device that speaks less often gets its own rhythm offered."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a value may become: a kind, and for two states which of its words means on."""

    kind: Kind
    on: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind.key}:{self.on}" if self.on else self.kind.key


@dataclass(frozen=True, slots=True)
class FieldPanel:
    """One value of a device; `point` where it has a place."""

    name: str
    field: Field
    point: Point | None
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class DevicePanel:
    """One device with its values."""

    found: Found
    fields: tuple[FieldPanel, ...]

    @property
    def placed(self) -> bool:
        return any(field.point is not None for field in self.fields)

    @property
    def state(self) -> str:
        """unassigned, assigned or ignored."""
        if self.placed:
            return "assigned"
        return "ignored" if self.found.ignored else "unassigned"

    @property
    def shown_name(self) -> str:
        return self.found.about.get("name") or self.found.device

    @property
    def period(self) -> int | None:
        """Seconds between its readings, where a value would look old too soon without it."""
        pause = self.found.pause
        return int(-(-pause // 60) * 60) if pause > LEAST_PERIOD else None

    def as_json(self) -> dict[str, Any]:
        found = self.found
        return {
            "family": found.family, "device": found.device, "state": self.state, **found.about,
            "first_seen": found.first, "last_seen": found.last, "messages": found.messages,
            "available": found.available, "battery": found.battery, "signal": found.signal or None,
            "fields": [_field_json(each) for each in self.fields],
        }  # fmt: skip


def _field_json(each: FieldPanel) -> dict[str, Any]:
    field = each.field
    return {
        "field": each.name, "kind": field.quantity, "value": field.value, "unit": field.unit,
        "declared": field.declared, "quality": field.quality, "at": field.at or None,
        "kinds": list(dict.fromkeys(choice.kind.key for choice in each.choices)),
        "point": each.point.id if each.point else None,
    }  # fmt: skip


def findings() -> Findings:
    """What the bridge has written down; nothing where there is no bridge. Raises StoreError."""
    bridge = parts().site.bridge
    if bridge is None:
        return Findings()
    return read_found(parts().data / "nodes" / bridge.node / FILE)


def device_panels(found: Findings) -> list[DevicePanel]:
    """Newest first; each value with what it may become."""
    parts().site.look()
    placed = _placed()
    return [
        DevicePanel(
            device,
            tuple(
                FieldPanel(name, field, _point_of(device, name, field, placed),
                           tuple(choices_of(field)))
                for name, field in device.fields.items()
            ),
        )
        for device in found.devices
    ]  # fmt: skip


def choices_of(field: Field) -> Iterator[Choice]:
    """A two-state value becomes a kind by saying which word its on is."""
    words = STATES.get(field.quantity, ())
    for key in kinds_for(field.quantity):
        kind = KINDS[key]
        if field.quantity == "action" and kind.values:
            yield Choice(kind, kind.values[0])
        elif words and set(words) != set(kind.values):
            yield from (Choice(kind, word) for word in kind.values)
        else:
            yield Choice(kind)


_Key = tuple[str, str, str]


def _placed() -> Mapping[_Key, Point]:
    """Points of foreign devices by driver, device (or topic), and field or probe."""
    found: dict[_Key, Point] = {}
    for point in parts().site.points.values():
        options = point.options
        if "device" in options:
            device = str(options["device"])
            found[point.driver, device, str(options.get("field", ""))] = point
        elif point.driver == "mqtt":
            found["mqtt", str(options.get("topic", "")), ""] = point
    return found


def _point_of(device: Found, name: str, field: Field, placed: Mapping[_Key, Point]) -> Point | None:
    if device.family == "mqtt":
        return placed.get(("mqtt", field.topic, ""))
    return placed.get((device.family, device.device, name))
