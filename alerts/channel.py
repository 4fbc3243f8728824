"""Channel: what every way of telling people implements, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from alerts.model import Alert, Notice
from collectors.transport import Transport
from devices.catalog import Site
from devices.errors import CampusError
from devices.registry import Registry

if TYPE_CHECKING:  # the plan's checks look at the channels
    from alerts.plan import Plan


class ChannelError(CampusError):
    """A notice could not be sent; `retry` tells whether it may succeed later."""

    def __init__(self, text: str, *, retry: bool) -> None:
        super().__init__(text)
        self.retry = retry


class Receivers(StrEnum):
    """What a route's `to` names for a channel."""

    POSTS = "posts"
    """Gates, `own` or `all`."""
    PEOPLE = "people"
    """Roles or contacts."""
    WEBHOOKS = "webhooks"
    ALL = "all"
    """Only `all`: whoever listens."""


@dataclass(frozen=True, slots=True)
class Means:
    """What channels send with. `show` publishes an alert, retained; it raises TransportError.
    `card` is the alert with place, steps and contacts in words."""

    site: Site
    plan: "Plan"
    transport: Transport
    show: Callable[[Alert], None]
    card: Callable[[Alert], Mapping[str, Any]]


class Channel(ABC):
    """One way of telling. Says nothing of retries, ledgers and times: the pipeline does."""

    receivers: ClassVar[Receivers] = Receivers.PEOPLE
    slow: ClassVar[bool] = False
    """It may take seconds, so it is sent from a thread of its own; else it never blocks."""
    gathers: ClassVar[bool] = False
    """Several notices to one receiver go as one message; what is not critical waits for more."""

    def __init__(self, means: Means) -> None:
        self.means = means

    def receivers_of(self, to: Sequence[str], alert: Alert, now: datetime) -> Sequence[str]:
        """Whom the words of a route mean for this alert at this time."""
        return to

    @abstractmethod
    def send(self, notices: Sequence[Notice]) -> None:
        """All to one receiver; more than one only where the channel gathers.

        Raises ChannelError. Sending the same notice twice does no harm.
        """

    def settle(self, waiting: Mapping[str, Iterable[Alert]]) -> None:  # noqa: B027
        """Bring lamps and the like to what waits for each receiver now; repeats what failed."""

    def forget(self) -> None:  # noqa: B027
        """The other side may have lost what it was told: settle says it all again."""

    def forget_node(self, node: str) -> None:  # noqa: B027
        """The same, for one node that began anew."""


CHANNELS: Registry[Channel] = Registry("channel", "alerts.channels")
