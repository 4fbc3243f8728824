"""Home Assistant: alerts as an event entity that automations can start from."""

from collections.abc import Sequence

from alerts.channel import CHANNELS, Channel, ChannelError, Means, Receivers
from alerts.model import Deed, Notice
from devices import wire
from devices.errors import TransportError

_SHOWN = ("id", "rule", "severity", "area", "state", "place", "place_name", "title", "title_en",
          "text", "text_en", "raised_at", "late")  # fmt: skip


@CHANNELS.register("home-assistant")
class HomeAssistant(Channel):
    """By MQTT discovery; never a card, a person or a telephone number."""

    receivers = Receivers.ALL

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self._announced = False

    def send(self, notices: Sequence[Notice]) -> None:
        try:
            if not self._announced:
                self._announce()
            for notice in notices:
                card = self.means.card(notice.alert)
                told = {name: card[name] for name in _SHOWN if name in card}
                payload = wire.encode_object({"event_type": notice.why.value, **told})
                self.means.transport.publish(wire.ALERT_EVENT_TOPIC, payload)
        except TransportError as error:
            raise ChannelError(str(error), retry=True) from error

    def _announce(self) -> None:
        site = self.means.site
        payload = wire.encode_object({
            "name": "告警",
            "unique_id": f"{site.school.id}-alerts",
            "state_topic": wire.ALERT_EVENT_TOPIC,
            "event_types": [deed.value for deed in Deed if deed.tells],
            "device": {"identifiers": [f"{site.school.id}-monitor"], "name": site.school.name},
        })  # fmt: skip
        self.means.transport.publish(wire.ALERT_EVENT_CONFIG_TOPIC, payload, retain=True)
        self._announced = True

    def forget(self) -> None:
        self._announced = False
