"""Picture: what is so now; messages change it, any thread may look at it."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.model import AlertState
from dashboard.conditions import Condition, condition_of
from devices import wire
from devices.catalog import Site
from devices.model import NodeId, NodeState, NodeStatus, PointId, Reading, to_ms

FUTURE_TOLERANCE = timedelta(minutes=5)
PRESENCE_LIFE = timedelta(seconds=90)
"""A service that said nothing for so long is not taken as alive any more."""

Event = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Presence:
    """What a service of the server said of itself last."""

    name: str
    alive: bool
    at: datetime
    text: str
    counters: Mapping[str, float]


class Picture:
    """Newest readings, nodes, open alerts and services. A change answers with its event, if any."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._readings: dict[PointId, Reading] = {}
        self._nodes: dict[NodeId, NodeStatus] = {}
        self._alerts: dict[str, dict[str, Any]] = {}
        self._services: dict[str, Presence] = {}

    def readings(self) -> dict[PointId, Reading]:
        with self._lock:
            return dict(self._readings)

    def nodes(self) -> dict[NodeId, NodeStatus]:
        with self._lock:
            return dict(self._nodes)

    def alerts(self) -> list[dict[str, Any]]:
        """Open alerts as the engine gives them."""
        with self._lock:
            return list(self._alerts.values())

    def services(self) -> dict[str, Presence]:
        with self._lock:
            return dict(self._services)

    def service_alive(self, name: str, now: datetime) -> bool:
        """One of several (`ingest-a`, `ingest-b`) is enough."""
        with self._lock:
            found = [p for n, p in self._services.items() if n == name or n.startswith(f"{name}-")]
        return any(presence.alive and now - presence.at < PRESENCE_LIFE for presence in found)

    def condition(self, point: PointId, now: datetime) -> Condition:
        """How the point is to be shown: its worst open alert, its data's trust and age."""
        with self._lock:
            alerts = [a for a in self._alerts.values() if a.get("point") == point]
            reading = self._readings.get(point)
        after = self._site.stale_after(point)
        return condition_of(self._site.kinds[point], reading, alerts, now, after,
                            point in self._away())  # fmt: skip

    def conditions(self, now: datetime, points: Iterable[PointId]) -> dict[PointId, Condition]:
        """`condition` of several points at once."""
        with self._lock:
            readings, alerts = dict(self._readings), list(self._alerts.values())
        by_point: dict[Any, list[Mapping[str, Any]]] = {}
        for alert in alerts:
            by_point.setdefault(alert.get("point"), []).append(alert)
        kinds, away, after = self._site.kinds, self._away(), self._site.stale_after
        return {
            id: condition_of(
                kinds[id], readings.get(id), by_point.get(id, ()), now, after(id), id in away
            )
            for id in points
        }

    def _away(self) -> set[str]:
        """Points whose node says that their device is offline."""
        return {
            fault.point
            for status in self.nodes().values()
            for fault in status.faults
            if fault.reason == "offline"
        }

    # --- changes -------------------------------------------------------------------------

    def keep(self, reading: Reading, now: datetime) -> Event | None:
        """Only a newer value counts; one from a clock that runs ahead must not block the rest."""
        if reading.point not in self._site.points:
            return None
        with self._lock:
            known = self._readings.get(reading.point)
            if known is not None and reading.at <= known.at <= now + FUTURE_TOLERANCE:
                return None
            self._readings[reading.point] = reading
        return ("reading", {
            "point": reading.point, "at": to_ms(reading.at), "value": reading.value,
            "unit": self._site.kinds[reading.point].unit, "quality": reading.quality.value,
            "state": self.condition(reading.point, now).state.value,
        })  # fmt: skip

    def set_status(self, node: NodeId, payload: bytes) -> Event | None:
        """Raises WireError."""
        if node not in self._site.nodes or not payload:
            return None
        status = wire.decode_status(payload)
        with self._lock:
            self._nodes[node] = status
        return ("node", {
            "node": node, "state": status.state.value, "at": to_ms(status.at),
            "outbox": status.outbox, "faults": len(status.faults),
        })  # fmt: skip

    def set_alert(self, alert: Mapping[str, Any]) -> Event | None:
        id = str(alert["id"])
        if alert.get("state") == AlertState.CLOSED.value:
            return self.end_alert(id)
        with self._lock:
            before = self._alerts.get(id, {})
            merged = {**before, **alert}
            self._alerts[id] = merged
        return None if merged == before else ("alert", merged)

    def end_alert(self, id: str) -> Event | None:
        with self._lock:
            ended = self._alerts.pop(id, None)
        return ("alert", {**ended, "state": AlertState.CLOSED.value}) if ended else None

    def set_service(self, name: str, payload: bytes) -> None:
        """Raises WireError."""
        said = wire.decode_presence(payload)
        troubles = [f"{part}: {h.text}" for part, h in said.parts.items() if not h.ok]
        presence = Presence(
            name=name,
            alive=said.state is NodeState.ONLINE and not troubles,
            at=said.at,
            text="; ".join(troubles)[:500],
            counters=said.counters,
        )
        with self._lock:
            self._services[name] = presence
