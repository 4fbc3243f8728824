"""Maintenance entries: their states, what they hold (维修记录单), what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from devices.model import PointId


class OrderState(StrEnum):
    """The way of a maintenance entry, in this order; no state is left out, any may reopen."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    DOING = "doing"
    DONE = "done"
    VERIFIED = "verified"
    """Somebody looked; a sensor's fault now waits for good data to last."""
    CLOSED = "closed"


class Queue(StrEnum):
    """Whose work it is."""

    IT = "it"
    LOGISTICS = "logistics"


class Urgency(StrEnum):
    """紧急程度."""

    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


class Waiting(StrEnum):
    """What an entry that is being worked on waits for."""

    PARTS = "parts"
    EXTERNAL = "external"
    """A firm outside the school has it (外修)."""


class Result(StrEnum):
    """How it ended."""

    FIXED = "fixed"
    SCRAPPED = "scrapped"
    NO_FAULT = "no-fault"
    RECOVERED = "recovered"
    """By itself: nobody did anything."""
    MERGED = "merged"
    """It was part of a larger fault, which has its own entry."""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """One entry of the maintenance log: a fault, who reported it, what was done."""

    id: str
    number: int
    state: OrderState
    fault: str
    """Of a sensor or node by name; `reported`, `hazard` or `task` when a person said so."""
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
    device: str = ""
    """By which entries of one thing are known: its asset, else its sensor, node or place."""
    queue: Queue = Queue.IT
    urgency: Urgency = Urgency.NORMAL
    points: tuple[str, ...] = ()
    """Every point that the fault was seen at."""
    broken: tuple[str, ...] = ()
    """What is still wrong: rule and point (or node), by the monitor's own judgement."""
    department: str = ""
    phone: str = ""
    description: str = ""
    photos: tuple[str, ...] = ()
    """SHA-256 of each picture."""
    reports: int = 1
    """How many people (or the monitor) said the same."""
    accepted_by: str = ""
    accepted_at: datetime | None = None
    contractor: str = ""
    """The firm, where it is mended outside."""
    started_at: datetime | None = None
    waiting: Waiting | None = None
    cause: str = ""
    cost: float | None = None
    """Yuan, without the parts out of stock."""
    done_by: str = ""
    done_at: datetime | None = None
    verified_by: str = ""
    verified_at: datetime | None = None
    closed_at: datetime | None = None
    result: Result | None = None
    rating: int | None = None
    """1 to 5 (满意度)."""
    rating_note: str = ""
    down_from: datetime | None = None
    """Since when it did not work: the last good reading, else the report."""
    down_to: datetime | None = None
    down_s: float | None = None
    """Down time in seconds as a person corrected it."""
    task: str = ""
    """The planned task that it carries out."""

    @property
    def open(self) -> bool:
        return self.state is not OrderState.CLOSED

    @property
    def automatic(self) -> bool:
        """Whether the monitor itself sees if it works again."""
        return bool(self.points)

    def down(self, now: datetime) -> timedelta | None:
        """How long it did not work; until now where it still does not."""
        if self.down_s is not None:
            return timedelta(seconds=self.down_s)
        if self.down_from is None:
            return None
        return max((self.down_to or self.done_at or now) - self.down_from, timedelta())

    def as_json(self) -> dict[str, Any]:
        """The entry as the HTTP API gives it; times in ISO 8601."""
        found: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, StrEnum):
                value = value.value
            elif isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, Mapping):
                value = dict(value)
            found[name] = value
        return found


class OrderDeed(StrEnum):
    """What happened to a maintenance entry."""

    FAULT = "fault"
    AGAIN = "again"
    RECOVERED = "recovered"
    REPORT = "report"
    MERGED = "merged"
    """Somebody else reported the same."""
    ACCEPT = "accept"
    ASSIGN = "assign"
    START = "start"
    WAIT = "wait"
    RESUME = "resume"
    DONE = "done"
    VERIFY = "verify"
    CLOSE = "close"
    REOPEN = "reopen"
    NOTE = "note"
    PHOTO = "photo"
    EDIT = "edit"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One step of a maintenance entry; `note` is what a person wrote, or the fault's name."""

    order: str
    at: datetime
    state: OrderState
    who: str
    what: OrderDeed
    note: str = ""


Step = tuple[WorkOrder, OrderEvent]
