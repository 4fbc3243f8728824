"""Apprise: WeCom, DingTalk, Feishu, mail, SMS gateways and its other services, by contact."""

import logging
from collections.abc import Sequence
from datetime import datetime

from alerts.channel import CHANNELS, Channel, ChannelError, Means
from alerts.message import message
from alerts.model import Alert, Notice
from devices.secret import SecretMissing, reveal


@CHANNELS.register("apprise")
class ByApprise(Channel):
    """A contact's addresses are Apprise URLs; they hold passwords, so they lie in files or in the
    environment, and nothing of them is logged."""

    slow = True
    gathers = True

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        # Its own messages quote addresses, and with them their passwords.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

    def receivers_of(self, to: Sequence[str], alert: Alert, now: datetime) -> Sequence[str]:
        """The contacts that can be reached; a name stays as it is where nobody of it can."""
        found: dict[str, None] = {}
        for name in to:
            people = self.means.plan.people_on_duty(name, now)
            reached = [contact.id for contact in people if contact.apprise]
            found |= dict.fromkeys(reached or [name])
        return list(found)

    def send(self, notices: Sequence[Notice]) -> None:
        from apprise import Apprise, AppriseAsset, NotifyType

        receiver = notices[0].receiver
        contact = self.means.plan.contacts.get(receiver)
        if contact is None or not contact.apprise:
            raise ChannelError(f"{receiver} has no address for Apprise in the plan", retry=False)
        # Without its own queue and history: the pipeline keeps both, durably.
        sender = Apprise(asset=AppriseAsset(async_mode=False, app_id="campus-monitor"))
        for number, secret in enumerate(contact.apprise, 1):
            try:
                address = reveal(secret, self.means.plan.path.parent)
            except SecretMissing as error:
                raise ChannelError(str(error), retry=True) from error
            if not sender.add(address):
                raise ChannelError(
                    f"address {number} of {receiver} is nothing Apprise can use: mend {secret}",
                    retry=False,
                )
        cards = [(self.means.card(notice.alert), notice.why) for notice in notices]
        told = message(self.means.site.school.name, cards)
        if not sender.notify(title=told.title, body=told.body, notify_type=NotifyType.WARNING):
            raise ChannelError(f"Apprise could not reach {receiver}", retry=True)
