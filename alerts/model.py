"""Verdicts, alerts, their transitions and notices, maintenance entries: what the rules lead to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from devices.model import PointId, Value


class Severity(StrEnum):
    """How urgent; in falling order critical, major, warning, info."""

    CRITICAL = "critical"
    MAJOR = "major"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Severity).index(self)


class AlertState(StrEnum):
    """The life of an alarm by ISA-18.2."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Back to normal before anyone acknowledged it: somebody still has to look."""
    LATCHED = "latched"
    """Acknowledged and back to normal, but somebody has to inspect the place before it is over."""
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    """By design: its cause is known and told of, such as a dead node."""
    OUT_OF_SERVICE = "out-of-service"
    """People took the point out of service."""
    CLOSED = "closed"

    @property
    def open(self) -> bool:
        return self is not AlertState.CLOSED

    @property
    def waits(self) -> bool:
        """Whether somebody has to acknowledge it."""
        return self in (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)


class Ending(StrEnum):
    """What an alert turned out to be; every one ends in one of these, with person and time."""

    FALSE_ALARM = "false-alarm"
    """误报"""
    HANDLED = "handled"
    """已处理"""
    TO_REPAIR = "to-repair"
    """转维修: a maintenance entry is opened."""
    TO_HAZARD = "to-hazard"
    """转隐患: an entry of the hazard ledger is opened."""
    WATCHING = "watching"
    """观察"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a point now; `breached` None means no data, which never clears.

    `key` tells alerts of one rule apart: the point's id, or the node's for node rules.
    """

    rule: str
    key: str
    breached: bool | None
    at: datetime
    value: Value | None = None
    text: str = ""
    text_en: str = ""
    severity: Severity | None = None
    """Where the rule says other than its own: a fridge warm for an hour."""
    fault: str = ""
    """Of a sensor: silent, out-of-range, error-value, frozen."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence of a rule being breached, from the first verdict until it is closed."""

    id: str
    rule: str
    plan_version: str
    severity: Severity
    area: str
    key: str
    point: PointId | None
    place: str
    state: AlertState
    raised_at: datetime
    text: str
    text_en: str
    value: Value | None = None
    no_data: bool = False
    """In alarm, and its data have stopped: it is not cleared by that."""
    active: bool = True
    """Whether the condition still holds (False: returned to normal)."""
    changed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    shelved_until: datetime | None = None
    note: str = ""
    latches: bool = False
    """Its rule wants an inspection before it is over."""
    late: bool = False
    """It happened earlier: its readings came long after their time."""
    suppressed_by: str = ""
    """What is told of instead, such as the rule of a dead node."""
    called_at: datetime | None = None
    """When it last called for people; reminders and escalation count from here."""
    reminded_at: datetime | None = None
    escalated: int = 0
    """Steps of the escalation that were taken since it called."""
    occurrences: int = 1
    ending: Ending | None = None
    ended_by: str = ""
    ended_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The alert as the HTTP API and the retained alert topic give it."""
        times = {
            name: getattr(self, name).isoformat() if getattr(self, name) else None
            for name in ("raised_at", "changed_at", "acknowledged_at", "returned_at", "closed_at",
                         "shelved_until", "called_at", "ended_at")
        }  # fmt: skip
        return {
            "id": self.id, "rule": self.rule, "plan_version": self.plan_version,
            "severity": self.severity.value, "area": self.area, "key": self.key,
            "point": self.point, "place": self.place, "state": self.state.value,
            "text": self.text, "text_en": self.text_en, "value": self.value,
            "no_data": self.no_data, "active": self.active,
            "acknowledged_by": self.acknowledged_by, "note": self.note, "latches": self.latches,
            "late": self.late, "suppressed_by": self.suppressed_by, "escalated": self.escalated,
            "occurrences": self.occurrences, "ending": self.ending, "ended_by": self.ended_by,
            **times,
        }  # fmt: skip


class Deed(StrEnum):
    """Why an alert took a step."""

    RAISED = "raised"
    AGAIN = "again"
    RISEN = "risen"
    """Its severity rose."""
    NO_DATA = "no-data"
    DATA_BACK = "data-back"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    NOTE = "note"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out-of-service"
    IN_SERVICE = "in-service"
    EXPIRED = "expired"
    """Its acknowledgement: too long ago, and the condition still holds."""
    RESUMED = "resumed"
    """The maintenance that kept everything quiet is over."""
    REMINDED = "reminded"
    ESCALATED = "escalated"
    ENDED = "ended"
    """Somebody said what it turned out to be."""

    @property
    def calls(self) -> bool:
        """Whether it calls for people, anew: reminders and escalation begin again."""
        return self in _CALLS

    @property
    def tells(self) -> bool:
        """Whether somebody has to be told of it."""
        return self in _CALLS or self in (Deed.REMINDED, Deed.ESCALATED)


_CALLS = frozenset(
    (Deed.RAISED, Deed.AGAIN, Deed.RISEN, Deed.UNSHELVED, Deed.UNSUPPRESSED, Deed.IN_SERVICE,
     Deed.EXPIRED, Deed.RESUMED)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in an alert's life, saved before anyone is told."""

    alert: Alert
    """The alert after the step."""
    was: AlertState | None
    now_is: AlertState
    at: datetime
    why: Deed
    who: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one receiver about one alert as it is now; `why` is what it tells of.

    `id` stays the same over all attempts, so that a receiver can tell a second delivery.
    """

    id: str
    alert: Alert
    receiver: str
    channel: str
    why: Deed
    attempt: int = 1


class Hold(StrEnum):
    """Why a stage stopped a notice, or why it can never be sent."""

    NOBODY = "nobody"
    """No route of the plan is at work now; the dashboard shows the alert."""
    SHELVED = "shelved"
    RETURNED = "returned"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"
    MAINTENANCE = "maintenance"
    """A maintenance window keeps everything there quiet."""
    CHATTER = "chatter"
    """It comes and goes too fast; its reminders go on."""
    NO_ADDRESS = "no-address"
    """Nobody of the receiver has an address for this way of telling."""
    OVER = "over"
    NO_CHANNEL = "no-channel"
    """The plan has this way of telling no more."""


@dataclass(frozen=True, slots=True)
class Held:
    """A notice that a stage stopped, and why; always recorded."""

    notice: Notice
    reason: Hold


class DeliveryState(StrEnum):
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to tell somebody; `reason` is a Hold or the words of an error."""

    id: str
    alert: str
    at: datetime
    channel: str
    receiver: str
    state: DeliveryState
    why: Deed
    reason: str = ""
    attempt: int = 1
