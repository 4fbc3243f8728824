"""Channel: what every way of telling people implements, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from alerts.model import Alert, Notice
from collectors.transport import Transport
from devices.catalog import Site
from devices.errors import CampusError
from devices.registry import Registry


class ChannelError(CampusError):
    """A notice could not be sent; `retry` tells whether it may succeed later."""

    def __init__(self, text: str, *, retry: bool) -> None:
        super().__init__(text)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Means:
    """What channels send with. `show` publishes an alert, retained; it raises TransportError."""

    site: Site
    transport: Transport
    show: Callable[[Alert], None]


class Channel(ABC):
    """One way of telling. Says nothing of retries, ledgers and times: the pipeline does."""

    to_posts: ClassVar[bool] = False
    """Whether its receivers are gates' posts; else roles and contacts."""

    def __init__(self, means: Means) -> None:
        self.means = means

    @abstractmethod
    def send(self, notice: Notice) -> None:
        """Raises ChannelError. Sending the same notice twice does no harm."""

    def settle(self, waiting: Mapping[str, Iterable[Alert]]) -> None:  # noqa: B027
        """Bring lamps and the like to what waits for each receiver now; repeats what failed."""

    def forget(self) -> None:  # noqa: B027
        """The other side may have lost what it was told: settle says it all again."""

    def forget_node(self, node: str) -> None:  # noqa: B027
        """The same, for one node that began anew."""


CHANNELS: Registry[Channel] = Registry("channel", "alerts.channels")
