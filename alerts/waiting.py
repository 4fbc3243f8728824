"""WaitingRoom: messages that are booked and not sent yet: gathered, put off in a flood, retried."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.model import Delivery, Notice
from alerts.plan_people import Telling

FIRST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(seconds=60)

Receiver = tuple[str, str]
"""Channel and receiver."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`since` is when it was booked first; `sending` while a thread has it."""

    delivery: Delivery
    due: datetime
    since: datetime
    sending: bool = False

    @property
    def receiver(self) -> Receiver:
        return (self.delivery.channel, self.delivery.receiver)


class WaitingRoom:
    """Kept by the one thread that judges."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self._waiting: dict[str, Waiting] = {}
        self._messages: dict[Receiver, deque[datetime]] = {}
        """When each receiver was sent its last messages, to know a flood by."""

    def __len__(self) -> int:
        return len(self._waiting)

    def get(self, id: str) -> Waiting | None:
        return self._waiting.get(id)

    def enter(self, waiting: Waiting) -> None:
        self._waiting[waiting.delivery.id] = waiting

    def leave(self, id: str) -> None:
        self._waiting.pop(id, None)

    def due(self, channel: str, receiver: str, now: datetime) -> datetime:
        """When a message that may be gathered goes out: soon, or later where it floods."""
        telling = self.telling
        sent = list(self._messages.get((channel, receiver), ()))
        since = now - timedelta(seconds=telling.flood_within_s)
        if sum(1 for at in sent if at > since) >= telling.flood_alerts:
            return max(now, sent[-1] + timedelta(seconds=telling.flood_wait_s))
        return now + timedelta(seconds=telling.group_wait_s)

    def take_due(
        self, gathers: Callable[[str], bool], now: datetime
    ) -> Iterator[tuple[str, Sequence[Waiting]]]:
        """What goes out now, by channel; of one that gathers all that waits for the receiver."""
        done: set[Receiver] = set()
        for each in list(self._waiting.values()):
            if each.sending or each.due > now or each.receiver in done:
                continue
            channel = each.delivery.channel
            if not gathers(channel):
                yield channel, [each]
                continue
            done.add(each.receiver)
            self._messages.setdefault(each.receiver, deque(maxlen=1000)).append(now)
            yield (
                channel,
                [
                    other
                    for other in self._waiting.values()
                    if other.receiver == each.receiver and not other.sending
                ],
            )

    def on_its_way(self, notices: Sequence[Notice], now: datetime) -> None:
        for notice in notices:
            self._waiting[notice.id] = replace(self._waiting[notice.id], sending=True)

    def again(self, waiting: Waiting, reason: str, now: datetime) -> Delivery:
        """It failed for now: the delivery to be booked, tried again after a growing pause."""
        delivery = waiting.delivery
        pause = min(FIRST_RETRY * 2 ** min(delivery.attempt - 1, 10), LONGEST_RETRY)
        delivery = replace(delivery, at=now, attempt=delivery.attempt + 1, reason=reason)
        self._waiting[delivery.id] = replace(
            waiting, delivery=delivery, due=now + pause, sending=False
        )
        return delivery

    def hurry(self) -> None:
        """Whatever waits for another attempt is due at once."""
        self._waiting = {
            id: replace(each, due=each.delivery.at)
            if each.delivery.attempt > 1 and not each.sending
            else each
            for id, each in self._waiting.items()
        }
