"""Webhook: a program of the school is told by a signed POST that cannot be replayed."""

import hashlib
import hmac
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

import orjson

from alerts.channel import CHANNELS, Channel, ChannelError, Receivers
from alerts.model import Notice
from devices.secret import SecretMissing, reveal

PATIENCE_S = 10.0
TRY_LATER = frozenset((408, 409, 425, 429))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the alert to somebody that the plan does not name."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def signature(secret: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 over the time and the body, so that an old message cannot be sent again."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


@CHANNELS.register("webhook")
class ByWebhook(Channel):
    """`Campus-Signature: t=UNIX_TIME,v1=HEX`; the receiver refuses times more than five minutes
    away and ids (`Campus-Delivery`) that it has had before."""

    receivers = Receivers.WEBHOOKS
    slow = True

    def send(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            self._post(notice)

    def _post(self, notice: Notice) -> None:
        hooks = {hook.id: hook for hook in self.means.plan.file.webhook}
        hook = hooks.get(notice.receiver)
        if hook is None:
            raise ChannelError(f"the plan has no webhook {notice.receiver!r}", retry=False)
        try:
            secret = reveal(hook.secret, self.means.plan.path.parent)
        except SecretMissing as error:
            raise ChannelError(str(error), retry=True) from error
        card = self.means.card(notice.alert)
        body = orjson.dumps({"id": notice.id, "why": notice.why, "alert": card})
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Campus-Delivery": notice.id,
            "Campus-Signature": f"t={at},v1={signature(secret, at, body)}",
        }
        request = urllib.request.Request(hook.url, body, headers, method="POST")
        try:
            with _OPENER.open(request, timeout=PATIENCE_S):
                return
        except urllib.error.HTTPError as error:
            error.close()
            retry = error.code >= 500 or error.code in TRY_LATER
            raise ChannelError(f"{hook.id} answered {error.code}", retry=retry) from error
        except OSError as error:
            raise ChannelError(f"{hook.id} cannot be reached ({error})", retry=True) from error
