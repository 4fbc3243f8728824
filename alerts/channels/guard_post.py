"""Guard post: the alert on the post's screen, and the beacon until somebody has answered."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alerts.channel import CHANNELS, Channel, ChannelError, Means, Receivers
from alerts.model import Alert, Notice
from devices import wire
from devices.errors import TransportError


@CHANNELS.register("guard-post")
class GuardPost(Channel):
    """Over MQTT, so it works without the internet. A lamp is commanded as often as it takes: again
    after a reconnection and when its node begins anew."""

    receivers = Receivers.POSTS

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self._nodes = {
            gate.id: sorted({p.node for p in means.site.points_of("beacon") if p.room == gate.id})
            for gate in means.site.gates
        }
        self._lit: dict[str, bool] = {}
        """What each node with a beacon was last told."""

    def receivers_of(self, to: Sequence[str], alert: Alert, now: datetime) -> Sequence[str]:
        gates = [gate.id for gate in self.means.site.gates]
        found: list[str] = []
        for word in to:
            if word == "own":
                found += [alert.place] if alert.place in gates else gates
            else:
                found += gates if word == "all" else [word]
        return found

    def send(self, notices: Sequence[Notice]) -> None:
        try:
            for notice in notices:
                self.means.show(notice.alert)
                for node in self._nodes.get(notice.receiver, ()):
                    self._command(node, True)
        except TransportError as error:
            raise ChannelError(str(error), retry=True) from error

    def settle(self, waiting: Mapping[str, Iterable[Alert]]) -> None:
        for gate, nodes in self._nodes.items():
            wanted = any(True for _ in waiting.get(gate, ()))
            for node in nodes:
                if self._lit.get(node) is not wanted:
                    try:
                        self._command(node, wanted)
                    except TransportError:
                        return

    def forget(self) -> None:
        self._lit.clear()

    def forget_node(self, node: str) -> None:
        self._lit.pop(node, None)

    def _command(self, node: str, on: bool) -> None:
        if self._lit.get(node) is on:
            return
        args = {"state": "on" if on else "off"}
        command = wire.NodeCommand(secrets.token_hex(8), "beacon", args)
        self.means.transport.publish(
            wire.node_command_topic(node), wire.encode_node_command(command)
        )
        self._lit[node] = on
