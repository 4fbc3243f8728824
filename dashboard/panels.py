"""Panels: what the pages show of points, alerts and services, put together from the parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from alerts.plan import Limit
from alerts.plan_file import RuleFile
from dashboard.conditions import Condition, State, alert_state
from dashboard.page import language, name_of, parse_time
from dashboard.present import decimals, unit_text, value_text
from dashboard.section import parts
from devices.catalog import Place, Point
from devices.model import Kind, PlaceId, PointId, Reading, from_ms

RECENT_RESTART_S = 600.0


@dataclass(frozen=True, slots=True)
class PointPanel:
    """One point as the screen shows it."""

    point: Point
    kind: Kind
    place: Place
    reading: Reading | None
    condition: Condition

    @property
    def limits(self) -> tuple[Limit, ...]:
        return limits_of(self.id)

    @property
    def id(self) -> PointId:
        return PointId(self.point.id)

    @property
    def name(self) -> str:
        return name_of(self.point)

    @property
    def state(self) -> State:
        return self.condition.state

    @property
    def text(self) -> str:
        return value_text(self.kind, self.reading.value if self.reading else None)

    @property
    def unit(self) -> str:
        return unit_text(self.kind, language())

    @property
    def decimals(self) -> int:
        return decimals(self.kind)

    @property
    def stale_after(self) -> float:
        """Seconds; 0: never."""
        return parts().site.stale_after(PointId(self.point.id))

    @property
    def events_only(self) -> bool:
        """Speaks only when something happens, so that silence says nothing."""
        return self.kind.stale_after <= 0


def limits_of(point: PointId) -> tuple[Limit, ...]:
    return tuple(parts().plan.limits_for(point))


def panels(points: Iterable[Point]) -> list[PointPanel]:
    """Panels of several points, of one moment."""
    here = parts()
    readings = here.hub.now.readings()
    named = [(PointId(point.id), point) for point in points]
    conditions = here.hub.now.conditions(here.clock.now(), [id for id, _ in named])
    return [
        PointPanel(
            point, here.site.kinds[id], here.site.place_of(id), readings.get(id), conditions[id]
        )
        for id, point in named
    ]


def panel(point: PointId) -> PointPanel:
    return panels([parts().site.points[point]])[0]


_SEVERITIES = ("critical", "major", "warning", "info")


@dataclass(frozen=True, slots=True)
class AlertPanel:
    """One alert as the screen shows it; `data` is the alert's JSON."""

    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.data.get("id", ""))

    @property
    def severity(self) -> str:
        severity = str(self.data.get("severity"))
        return severity if severity in _SEVERITIES else "warning"

    @property
    def symbol(self) -> str:
        """Shelved and returned alerts lose their colour, not their place."""
        state = alert_state(self.data)
        return state.value if state is not None else "normal"

    @property
    def state(self) -> str:
        return str(self.data.get("state"))

    @property
    def waiting(self) -> bool:
        """Whether somebody still has to say that they saw it."""
        return self.state in ("unacknowledged", "returned")

    @property
    def raised_at(self) -> datetime | None:
        return parse_time(self.data.get("raised_at"))

    @property
    def place(self) -> str:
        place = parts().site.places.get(PlaceId(str(self.data.get("place", ""))))
        if place is not None:
            return name_of(place)
        other = self.data.get("place_name_en") if language() == "en" else None
        return str(other or self.data.get("place_name") or self.data.get("place") or "")

    @property
    def rule(self) -> RuleFile | None:
        """The rule of the plan as it is now; None where the plan has it no more."""
        rule = parts().plan.rule(str(self.data.get("rule", "")))
        return rule.file if rule else None

    @property
    def steps(self) -> list[str]:
        """What to do: as the alert brought it, else as the plan says now."""
        key = "steps_en" if language() == "en" else "steps"
        of_plan = getattr(self.rule, key, ()) or getattr(self.rule, "steps", ())
        return [str(step) for step in self.data.get(key) or self.data.get("steps") or of_plan]

    @property
    def contacts(self) -> list[str]:
        given = self.data.get("contacts")
        if given:
            return [_contact(contact) for contact in given]
        people = parts().plan.people(self.rule.call) if self.rule else ()
        return [f"{name_of(contact)} {contact.phone}".strip() for contact in people]

    @property
    def sort_key(self) -> tuple[bool, bool, int, float]:
        raised = self.raised_at
        return (
            self.state in ("shelved", "suppressed", "out-of-service"),
            not self.waiting,
            _SEVERITIES.index(self.severity),
            -(raised.timestamp() if raised else 0.0),
        )


def _contact(contact: object) -> str:
    if isinstance(contact, Mapping):
        other = contact.get("name_en") if language() == "en" else None
        return " ".join(str(x) for x in (other or contact.get("name"), contact.get("phone")) if x)
    return str(contact)


def open_alerts() -> list[AlertPanel]:
    """What is wrong now: first what nobody has acknowledged, the most severe and newest first."""
    return sorted(
        (AlertPanel(alert) for alert in parts().hub.now.alerts()), key=lambda a: a.sort_key
    )


@dataclass(frozen=True, slots=True)
class ServicePanel:
    """A supervised service: its state, how often and when it was restarted, and why."""

    name: str
    state: str
    restarts: int
    last_exit: str
    since: datetime | None
    pid: int | None

    def restarted_lately(self, now: datetime) -> bool:
        recent = self.since is not None and (now - self.since).total_seconds() < RECENT_RESTART_S
        return self.restarts > 0 and recent


def supervised() -> list[ServicePanel]:
    """What the supervisor wrote last; nothing where the services run under something else."""
    try:
        data = orjson.loads((parts().data / "run" / "supervisor.json").read_bytes())
        return [_service(name, each) for name, each in data["services"].items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _service(name: str, data: Mapping[str, Any]) -> ServicePanel:
    since = data.get("since")
    return ServicePanel(
        name, str(data.get("state", "")), int(data.get("restarts") or 0),
        str(data.get("last_exit") or ""), from_ms(since) if type(since) is int else None,
        data.get("pid"),
    )  # fmt: skip
