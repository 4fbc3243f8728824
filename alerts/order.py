"""Maintenance entries: their states, what they hold, what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from devices.model import PointId


class OrderState(StrEnum):
    """The way of a maintenance entry; contract of the maintenance log."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    DONE = "done"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """One entry of the maintenance log: a fault, who reported it, what was done."""

    id: str
    number: int
    state: OrderState
    fault: str
    """Of a sensor: silent, out-of-range, error-value, frozen; `reported` when a person said so."""
    point: PointId | None
    asset: str
    place: str
    title: str
    title_en: str
    evidence: Mapping[str, Any]
    reported_at: datetime
    reported_by: str
    changed_at: datetime
    assigned_to: str = ""
    action: str = ""
    """What was done about it."""
    recovered_at: datetime | None = None
    """When good data came again, where a sensor fault opened it."""

    @property
    def open(self) -> bool:
        return self.state is not OrderState.VERIFIED

    def as_json(self) -> dict[str, Any]:
        recovered = self.recovered_at.isoformat() if self.recovered_at else None
        return {
            "id": self.id, "number": self.number, "state": self.state.value, "fault": self.fault,
            "point": self.point, "asset": self.asset, "place": self.place, "title": self.title,
            "title_en": self.title_en, "evidence": dict(self.evidence),
            "reported_at": self.reported_at.isoformat(), "reported_by": self.reported_by,
            "changed_at": self.changed_at.isoformat(), "assigned_to": self.assigned_to,
            "action": self.action, "recovered_at": recovered,
        }  # fmt: skip


class OrderDeed(StrEnum):
    """What happened to a maintenance entry."""

    FAULT = "fault"
    AGAIN = "again"
    RECOVERED = "recovered"
    REPORT = "report"
    ACCEPT = "accept"
    DONE = "done"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One step of a maintenance entry; `note` is what a person wrote, or the fault's name."""

    order: str
    at: datetime
    state: OrderState
    who: str
    what: OrderDeed
    note: str = ""
