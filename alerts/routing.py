"""Router: whom the plan names for an alert: by its routes, a step of its climb, or a fallback."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from alerts.channel import CHANNELS, Channel, Means, Receivers
from alerts.model import Alert, Deed, Notice
from alerts.plan import Plan
from alerts.plan_people import Route, Step, Target

Address = tuple[str, str]
"""Channel and receiver."""


class Router:
    """The plan's channels, and who is told by which."""

    def __init__(self, means: Means) -> None:
        self._plan = means.plan
        self.channels: dict[str, Channel] = {
            name: CHANNELS[name](means) for name in _channels_of(means.plan)
        }

    def targets(self, alert: Alert, why: Deed, now: datetime) -> Iterator[Address]:
        """Of what an alert tells now; the same one perhaps more than once."""
        if why is not Deed.ESCALATED:
            for route in self._plan.routes_of(alert, now):
                yield from self._addressed(route, alert, now)
            return
        steps = self._plan.escalation_of(alert, alert.changed_at or alert.raised_at)
        for step in steps[alert.escalated - 1 : alert.escalated]:
            yield from self._addressed(step, alert, now)

    def instead(self, notice: Notice, now: datetime) -> Iterator[Address]:
        """Who is told where a way of telling does not work."""
        own = (notice.channel, notice.receiver)
        for route in self._plan.routes_of(notice.alert, now):
            if route.fallback is None or own not in self._addressed(route, notice.alert, now):
                continue
            for target in self._addressed(route.fallback, notice.alert, now):
                if target != own:
                    yield target

    def has_address(self, channel: str, receiver: str) -> bool:
        """Whether a receiver can be reached so; a role stays a role where nobody of it can."""
        if CHANNELS[channel].receivers is not Receivers.PEOPLE or channel == "screen":
            return True
        return receiver in self._plan.contacts

    def _addressed(
        self, way: Route | Step | Target, alert: Alert, now: datetime
    ) -> Sequence[Address]:
        receivers = self.channels[way.channel].receivers_of(way.to, alert, now)
        return [(way.channel, receiver) for receiver in receivers]


def _channels_of(plan: Plan) -> Iterable[str]:
    file = plan.file
    fallbacks = [route.fallback for route in file.route if route.fallback is not None]
    steps = [step for escalation in file.escalation for step in escalation.step]
    ways: tuple[Route | Target | Step, ...] = (*file.route, *fallbacks, *steps)
    return dict.fromkeys(way.channel for way in ways)
