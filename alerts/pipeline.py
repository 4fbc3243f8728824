"""Pipeline: from an alert that calls to each of its receivers, in stages, nothing held in silence.

route (which channels and receivers the plan names) -> mute (shelved, over) -> dedup (told of this
already) -> book as "sending" -> send -> book the outcome; what fails is tried again.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.channel import CHANNELS, Channel, ChannelError, Means
from alerts.model import (
    Alert,
    AlertState,
    Deed,
    Delivery,
    DeliveryState,
    Held,
    Hold,
    Notice,
    Transition,
)
from alerts.plan import Plan
from alerts.plan_file import Route
from devices.catalog import Site

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(seconds=60)
NOBODY = "-"

Alerts = Callable[[str], Alert | None]
"""The open alert of an id; None once it is over."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    due: datetime


class Pipeline:
    """Decides whom to tell; its caller saves the deliveries before it has them sent."""

    def __init__(self, site: Site, plan: Plan, means: Means, told: Iterable[Delivery]) -> None:
        self._site = site
        self._plan = plan
        self._channels: dict[str, Channel] = {
            name: CHANNELS[name](means)
            for name in dict.fromkeys(route.channel for route in plan.file.route)
        }
        self._told: dict[str, set[tuple[str, str]]] = {}
        """Channel and receiver that each open alert was addressed to."""
        self._waiting: dict[str, _Waiting] = {}
        for delivery in told:
            self._note(delivery)
            if delivery.state is DeliveryState.SENDING:
                # Whether it went out before the end is unknown; twice does no harm.
                self._waiting[delivery.id] = _Waiting(delivery, delivery.at)

    # --- deciding --------------------------------------------------------------------------

    def offer(self, transition: Transition, now: datetime) -> list[Delivery]:
        """What is to be booked before anything is sent."""
        alert = transition.alert
        if not transition.why.calls:
            return []
        notices = list(self._route(alert, transition.why, now))
        if not notices:
            nobody = self._notice(alert, transition.why, NOBODY, NOBODY)
            return [self._book(Held(nobody, Hold.NOBODY), now)]
        deliveries = [self._book(self._mute(notice), now) for notice in notices]
        for delivery in deliveries:
            self._note(delivery)
            if delivery.state is DeliveryState.SENDING:
                self._waiting[delivery.id] = _Waiting(delivery, now)
        return deliveries

    def _route(self, alert: Alert, why: Deed, now: datetime) -> Iterator[Notice]:
        seen: set[tuple[str, str]] = set()
        for route in self._plan.file.route:
            if not self._fits(route, alert, now):
                continue
            for receiver in self._receivers(route, alert):
                if (route.channel, receiver) not in seen:
                    seen.add((route.channel, receiver))
                    yield self._notice(alert, why, route.channel, receiver)

    def _fits(self, route: Route, alert: Alert, now: datetime) -> bool:
        rule = self._plan.rule(alert.rule)
        return (
            rule is not None
            and self._plan.route_fits(route, rule.file, alert.severity)
            and self._plan.calendar.active(route.when, (), now)
        )

    def _receivers(self, route: Route, alert: Alert) -> list[str]:
        if not CHANNELS[route.channel].to_posts:
            return list(route.to)
        gates = [gate.id for gate in self._site.gates]
        found: list[str] = []
        for to in route.to:
            if to == "own":
                found += [alert.place] if alert.place in gates else gates
            else:
                found += gates if to == "all" else [to]
        return found

    @staticmethod
    def _notice(alert: Alert, why: Deed, channel: str, receiver: str) -> Notice:
        return Notice(secrets.token_hex(8), alert, receiver, channel, why)

    @staticmethod
    def _mute(notice: Notice) -> Notice | Held:
        if notice.alert.state is AlertState.SHELVED:
            return Held(notice, Hold.SHELVED)
        if not notice.alert.active:
            return Held(notice, Hold.RETURNED)
        return notice

    @staticmethod
    def _book(what: Notice | Held, now: datetime) -> Delivery:
        notice = what.notice if isinstance(what, Held) else what
        state = DeliveryState.HELD if isinstance(what, Held) else DeliveryState.SENDING
        reason = what.reason if isinstance(what, Held) else ""
        return Delivery(
            notice.id, notice.alert.id, now, notice.channel, notice.receiver, state, notice.why,
            reason,
        )  # fmt: skip

    def _note(self, delivery: Delivery) -> None:
        if delivery.state is not DeliveryState.HELD:
            self._told.setdefault(delivery.alert, set()).add((delivery.channel, delivery.receiver))

    # --- sending ---------------------------------------------------------------------------

    def send(self, alert_of: Alerts, now: datetime) -> list[Delivery]:
        """Send what is due; the outcomes, to be booked."""
        due = [each for each in self._waiting.values() if each.due <= now]
        return [self._send(each.delivery, alert_of(each.delivery.alert), now) for each in due]

    def _send(self, delivery: Delivery, alert: Alert | None, now: datetime) -> Delivery:
        delivery = replace(delivery, at=now)
        if alert is None or not alert.state.open:
            return self._over(delivery, DeliveryState.HELD, Hold.OVER)
        channel = self._channels.get(delivery.channel)
        if channel is None:
            return self._over(delivery, DeliveryState.FAILED, Hold.NO_CHANNEL)
        notice = Notice(
            delivery.id, alert, delivery.receiver, delivery.channel, delivery.why, delivery.attempt
        )
        try:
            channel.send(notice)
        except ChannelError as error:
            if not error.retry:
                return self._over(delivery, DeliveryState.FAILED, str(error))
            pause = min(FIRST_RETRY * 2 ** min(delivery.attempt - 1, 10), LONGEST_RETRY)
            again = replace(delivery, attempt=delivery.attempt + 1, reason=str(error))
            self._waiting[delivery.id] = _Waiting(again, now + pause)
            return again
        return self._over(delivery, DeliveryState.SENT, "")

    def _over(self, delivery: Delivery, state: DeliveryState, reason: str) -> Delivery:
        self._waiting.pop(delivery.id, None)
        return replace(delivery, state=state, reason=reason)

    def hurry(self) -> None:
        """The connection is back: what waits is due at once."""
        self._waiting = {
            id: _Waiting(each.delivery, each.delivery.at) for id, each in self._waiting.items()
        }

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    # --- lamps -----------------------------------------------------------------------------

    def waits_at(self, post: str, alerts: Iterable[Alert]) -> list[Alert]:
        """The unacknowledged alerts that a guard post was told of."""
        return [
            alert
            for alert in alerts
            if alert.state in (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)
            and any(
                receiver == post and CHANNELS[channel].to_posts
                for channel, receiver in self._told.get(alert.id, ())
                if channel in CHANNELS
            )
        ]

    def settle(self, alerts: Iterable[Alert]) -> None:
        """Bring lamps and the like to what waits now; forget what is over."""
        alerts = list(alerts)
        still = {alert.id for alert in alerts}
        for id in [id for id in self._told if id not in still]:
            del self._told[id]
        waiting = {gate.id: self.waits_at(gate.id, alerts) for gate in self._site.gates}
        for channel in self._channels.values():
            channel.settle(waiting)

    def forget(self) -> None:
        for channel in self._channels.values():
            channel.forget()

    def forget_node(self, node: str) -> None:
        for channel in self._channels.values():
            channel.forget_node(node)
