"""Pipeline: from an alert that tells to each of its receivers, in stages, nothing held in silence.

route (whom the plan names) -> mute (shelved, maintenance, chatter) -> gather (one message of many)
-> book as "sending" -> send -> book the outcome; what fails is tried again, or told another way.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from alerts.channel import CHANNELS, ChannelError, Means, Receivers
from alerts.dispatch import Dispatch
from alerts.model import (
    Alert,
    AlertState,
    Deed,
    Delivery,
    DeliveryState,
    Held,
    Hold,
    Notice,
    Severity,
    Transition,
)
from alerts.routing import Router
from alerts.waiting import Waiting, WaitingRoom

log = logging.getLogger(__name__)

NOBODY = "-"

Alerts = Callable[[str], Alert | None]
"""The open alert of an id; None once it is over."""
Mute = Callable[[Alert, datetime], Hold | None]
"""Why the alert must not be told now, beyond its own state."""


class Pipeline:
    """Decides whom to tell; its caller saves the deliveries before it has them sent."""

    def __init__(
        self, means: Means, told: Iterable[Delivery], mute: Mute, wake: Callable[[], None]
    ) -> None:
        self._mute = mute
        self._told: dict[str, set[tuple[str, str]]] = {}
        """Channel and receiver that each open alert was addressed to."""
        self._sent_at: dict[str, datetime] = {}
        """When a message about each open alert last went out."""
        self._muffled: dict[str, datetime] = {}
        """Alerts that maintenance kept from being told, and when."""
        self._fell_back: set[tuple[str, str, str]] = set()
        self._dispatch = Dispatch(wake)
        self.adopt(means)
        self._room = WaitingRoom(means.plan.file.telling)
        for delivery in told:
            self._note(delivery)
            if delivery.state is DeliveryState.SENDING:
                # Whether it went out before the end is unknown; twice does no harm.
                self._room.enter(Waiting(delivery, delivery.at, delivery.at))

    def adopt(self, means: Means) -> None:
        """Another version of the plan is at work."""
        self._means, self._site, self._plan = means, means.site, means.plan
        self._router = Router(means)
        self._channels = self._router.channels
        if hasattr(self, "_room"):
            self._room.telling = means.plan.file.telling

    def close(self) -> None:
        """Waits for what is on its way."""
        self._dispatch.close()

    # --- deciding --------------------------------------------------------------------------

    def offer(self, transition: Transition, now: datetime) -> list[Delivery]:
        """What is to be booked before anything is sent."""
        alert, why = transition.alert, transition.why
        if not why.tells:
            return []
        if why is Deed.RESUMED:
            self._muffled.pop(alert.id, None)
        targets = self._router.targets(alert, why, now)
        notices = [_notice(alert, why, *target) for target in dict.fromkeys(targets)]
        held = self._held(alert, why, now)
        if not notices:
            nobody = _notice(alert, why, NOBODY, NOBODY)
            return [_held(Held(nobody, held or Hold.NOBODY), now)]
        return [self._take(notice, held, now) for notice in notices]

    def _take(self, notice: Notice, held: Hold | None, now: datetime) -> Delivery:
        """Booked as held, or as sending and then among those that wait to be sent."""
        if held is None and not self._router.has_address(notice.channel, notice.receiver):
            held = Hold.NO_ADDRESS
        if held is not None:
            delivery = _held(Held(notice, held), now)
            self._note(delivery)
            return delivery
        delivery = _delivery(notice, now)
        self._note(delivery)
        gathers = CHANNELS[notice.channel].gathers and notice.alert.severity is not (
            Severity.CRITICAL
        )
        due = self._room.due(notice.channel, notice.receiver, now) if gathers else now
        self._room.enter(Waiting(delivery, due, now))
        return delivery

    def _held(self, alert: Alert, why: Deed, now: datetime) -> Hold | None:
        match alert.state:
            case AlertState.SHELVED:
                return Hold.SHELVED
            case AlertState.SUPPRESSED:
                return Hold.SUPPRESSED
            case AlertState.OUT_OF_SERVICE:
                return Hold.OUT_OF_SERVICE
        if not alert.active and why.calls and why is not Deed.RESUMED:
            return Hold.RETURNED
        return self._mute(alert, now)

    def _note(self, delivery: Delivery) -> None:
        id = delivery.alert
        if delivery.state is DeliveryState.HELD:
            if delivery.reason == Hold.MAINTENANCE:
                self._muffled[id] = delivery.at
            return
        self._told.setdefault(id, set()).add((delivery.channel, delivery.receiver))
        self._muffled.pop(id, None)
        if delivery.state is DeliveryState.SENT:
            self._sent_at[id] = max(delivery.at, self._sent_at.get(id, delivery.at))

    # --- sending ---------------------------------------------------------------------------

    def send(self, alert_of: Alerts, now: datetime) -> list[Delivery]:
        """Send what is due; the outcomes, and what is told another way, to be booked."""
        found: list[Delivery] = []
        for notices, error in self._dispatch.outcomes():
            found += self._outcome(notices, error, now)
        for channel, several in self._room.take_due(self._gathers, now):
            found += self._send(channel, several, alert_of, now)
        return found

    def _gathers(self, channel: str) -> bool:
        return channel in CHANNELS and CHANNELS[channel].gathers

    def _send(
        self, name: str, several: Sequence[Waiting], alert_of: Alerts, now: datetime
    ) -> list[Delivery]:
        channel, found = self._channels.get(name), list[Delivery]()
        notices: list[Notice] = []
        for waiting in several:
            delivery = replace(waiting.delivery, at=now)
            alert, held = alert_of(delivery.alert), None
            if alert is None or not alert.state.open:
                held = Hold.OVER
            elif (muted := self._mute(alert, now)) is Hold.MAINTENANCE:
                held = muted
            if held is not None:
                found.append(self._over(delivery, DeliveryState.HELD, held))
            elif channel is None:
                found.append(self._over(delivery, DeliveryState.FAILED, Hold.NO_CHANNEL))
            elif alert is not None:
                notices.append(_of(delivery, alert))
        if not notices or channel is None:
            return found
        notices.sort(key=lambda notice: notice.alert.severity.rank)
        if channel.slow:
            self._room.on_its_way(notices, now)
            self._dispatch.send(channel, notices)
            return found
        try:
            channel.send(notices)
        except ChannelError as error:
            return found + self._outcome(notices, error, now)
        return found + self._outcome(notices, None, now)

    def _outcome(
        self, notices: Sequence[Notice], error: ChannelError | None, now: datetime
    ) -> list[Delivery]:
        found: list[Delivery] = []
        for notice in notices:
            waiting = self._room.get(notice.id)
            if waiting is None:
                continue
            delivery = replace(waiting.delivery, at=now)
            if error is None:
                found.append(self._over(delivery, DeliveryState.SENT, ""))
                continue
            patience = timedelta(seconds=self._plan.file.telling.fallback_after_s)
            if not error.retry:
                found.append(self._over(delivery, DeliveryState.FAILED, str(error)))
            else:
                found.append(self._room.again(waiting, str(error), now))
            if not error.retry or now - waiting.since >= patience:
                found += self._another_way(notice, now)
        return found

    def _another_way(self, notice: Notice, now: datetime) -> Iterator[Delivery]:
        """What the plan says for where a way of telling does not work; once a notice."""
        mark = (notice.id, notice.channel, notice.receiver)
        if mark in self._fell_back:
            return
        self._fell_back.add(mark)
        for target in self._router.instead(notice, now):
            yield self._take(_notice(notice.alert, notice.why, *target), None, now)

    def _over(self, delivery: Delivery, state: DeliveryState, reason: str) -> Delivery:
        self._room.leave(delivery.id)
        delivery = replace(delivery, state=state, reason=reason)
        self._note(delivery)
        return delivery

    def hurry(self) -> None:
        """The connection is back: what waits is due at once."""
        self._room.hurry()

    @property
    def has_outcomes(self) -> bool:
        """Whether something that was on its way has arrived, or not."""
        return self._dispatch.has_outcomes

    @property
    def waiting(self) -> int:
        return len(self._room)

    # --- what became of it ------------------------------------------------------------------

    @property
    def muffled(self) -> Sequence[str]:
        """Alerts that maintenance kept from being told, and nothing since."""
        return list(self._muffled)

    def unreached(self, alerts: Iterable[Alert], now: datetime) -> list[Alert]:
        """Those that called for somebody for so long, and no message about them went out."""
        patience = timedelta(seconds=self._plan.file.telling.nobody_after_s)
        return [
            alert
            for alert in alerts
            if alert.state is AlertState.UNACKNOWLEDGED
            and alert.called_at is not None
            and now - alert.called_at >= patience
            and alert.id not in self._muffled
            and self._sent_at.get(alert.id, alert.raised_at - patience) < alert.called_at
            and self._mute(alert, now) is None
        ]

    # --- lamps -----------------------------------------------------------------------------

    def waits_at(self, post: str, alerts: Iterable[Alert]) -> list[Alert]:
        """The unacknowledged alerts that a guard post was told of."""
        return [
            alert
            for alert in alerts
            if alert.state.waits
            and any(
                receiver == post and CHANNELS[channel].receivers is Receivers.POSTS
                for channel, receiver in self._told.get(alert.id, ())
                if channel in CHANNELS
            )
        ]

    def settle(self, alerts: Iterable[Alert]) -> None:
        """Bring lamps and the like to what waits now; forget what is over."""
        alerts = list(alerts)
        still = {alert.id for alert in alerts}
        kept: tuple[dict[str, Any], ...] = (self._told, self._sent_at, self._muffled)
        for each in kept:
            for id in [id for id in each if id not in still]:
                del each[id]
        waiting = {gate.id: self.waits_at(gate.id, alerts) for gate in self._site.gates}
        for channel in self._channels.values():
            channel.settle(waiting)

    def forget(self) -> None:
        for channel in self._channels.values():
            channel.forget()

    def forget_node(self, node: str) -> None:
        for channel in self._channels.values():
            channel.forget_node(node)


def _notice(alert: Alert, why: Deed, channel: str, receiver: str) -> Notice:
    return Notice(secrets.token_hex(8), alert, receiver, channel, why)


def _of(delivery: Delivery, alert: Alert) -> Notice:
    return Notice(
        delivery.id, alert, delivery.receiver, delivery.channel, delivery.why, delivery.attempt
    )


def _delivery(notice: Notice, now: datetime) -> Delivery:
    return Delivery(
        notice.id, notice.alert.id, now, notice.channel, notice.receiver, DeliveryState.SENDING,
        notice.why,
    )  # fmt: skip


def _held(held: Held, now: datetime) -> Delivery:
    delivery = _delivery(held.notice, now)
    return replace(delivery, state=DeliveryState.HELD, reason=held.reason)
