"""Board: the open alerts as everyone can read them, each retained on its own topic until over."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from alerts.model import Alert
from alerts.plan import Plan
from alerts.wording import fill
from collectors.transport import Transport
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from devices.model import NodeId, PlaceId, PointId

log = logging.getLogger(__name__)


class Board:
    """Publishes what changed, and again after a reconnection what the broker may have lost."""

    def __init__(self, site: Site, plan: Plan, transport: Transport) -> None:
        self._site = site
        self._plan = plan
        self._transport = transport
        self._shown: dict[str, bytes] = {}
        """Alert and the digest of what was published of it."""

    def adopt(self, plan: Plan) -> None:
        """Another version of the plan is at work; what is shown is brought to it."""
        self._plan = plan

    def show(self, alert: Alert) -> None:
        """Raises TransportError."""
        if not alert.state.open:
            self._clear(alert.id)
            return
        payload = wire.encode_object(self.as_shown(alert))
        digest = hashlib.sha256(payload).digest()
        if self._shown.get(alert.id) != digest:
            self._transport.publish(wire.alert_topic(alert.id), payload, retain=True)
            self._shown[alert.id] = digest

    def settle(self, alerts: Iterable[Alert]) -> None:
        """Bring every topic to what is so now, as far as the connection allows."""
        known = {alert.id: alert for alert in alerts}
        try:
            for id in [id for id in self._shown if id not in known]:
                self._clear(id)
            for alert in known.values():
                self.show(alert)
        except TransportError as error:
            log.debug("alerts are published later: %s", error)

    def forget(self) -> None:
        """The broker may have lost what is retained."""
        self._shown = dict.fromkeys(self._shown, b"")

    def adopt_retained(self, id: str) -> None:
        """A retained alert that somebody, perhaps we before a restart, published."""
        self._shown.setdefault(id, b"")

    def _clear(self, id: str) -> None:
        self._transport.publish(wire.alert_topic(id), b"", retain=True)
        self._shown.pop(id, None)

    def as_shown(self, alert: Alert) -> Mapping[str, Any]:
        """The alert as the HTTP API gives it, with what a guard needs at hand."""
        shown = alert.as_json()
        place = self._site.places.get(PlaceId(alert.place))
        if place is not None:
            shown |= {"place_name": place.name, "place_name_en": place.name_en or place.name}
        rule = self._plan.rule(alert.rule)
        if rule is None:
            return shown
        file = rule.file
        contacts = [
            {"name": c.name, "name_en": c.name_en, "phone": c.phone, "role": c.role}
            for c in self._plan.people(file.call)
        ]
        return shown | {
            "title": file.title, "title_en": file.title_en, "contacts": contacts,
            "steps": self._steps(file.steps, alert, chinese=True),
            "steps_en": self._steps(file.steps_en, alert, chinese=False),
        }  # fmt: skip

    def _steps(self, steps: Iterable[str], alert: Alert, *, chinese: bool) -> list[str]:
        point = self._site.points.get(PointId(alert.key))
        place = self._site.places.get(PlaceId(alert.place))
        node = self._site.nodes.get(NodeId(point.node if point else alert.key))
        words = {
            name: (thing.name if chinese else thing.name_en or thing.name) if thing else alert.key
            for name, thing in (("point", point), ("place", place), ("node", node))
        }
        return [fill(step, words) for step in steps]
