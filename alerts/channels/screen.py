"""Screen: for people who watch the dashboard; the alert is on it, retained, until it is over."""

from alerts.channel import CHANNELS, Channel, ChannelError
from alerts.model import Notice
from devices.errors import TransportError


@CHANNELS.register("screen")
class Screen(Channel):
    """Sent once the alert is published for the dashboard; nobody is called by it."""

    def send(self, notice: Notice) -> None:
        try:
            self.means.show(notice.alert)
        except TransportError as error:
            raise ChannelError(str(error), retry=True) from error
