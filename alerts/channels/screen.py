"""Screen: for people who watch the dashboard; the alert is on it, retained, until it is over."""

from collections.abc import Sequence

from alerts.channel import CHANNELS, Channel, ChannelError
from alerts.model import Notice
from devices.errors import TransportError


@CHANNELS.register("screen")
class Screen(Channel):
    """Sent once the alert is published for the dashboard; nobody is called by it."""

    def send(self, notices: Sequence[Notice]) -> None:
        try:
            for notice in notices:
                self.means.show(notice.alert)
        except TransportError as error:
            raise ChannelError(str(error), retry=True) from error
