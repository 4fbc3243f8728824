"""Asking nodes again for batches that are missing between those that came."""

import logging
import secrets
from collections.abc import Callable, Mapping

from collectors.transport import Transport
from devices import wire
from devices.errors import TransportError
from devices.model import NodeId

log = logging.getLogger(__name__)

PATIENCE_S = 60.0
"""So long a hole may be open before its node is asked: a backlog comes behind what is new."""
TRIES = 5
"""Each after twice the time of the one before; a node that dropped a batch cannot send it."""
RANGES = 50
"""Of one request at most; the next asks for the others."""

Gap = tuple[int, int]
Gaps = Callable[[], Mapping[tuple[NodeId, str], list[Gap]]]
Known = Callable[[NodeId, str], list[Gap]]


class Asker:
    """Remembers since when each hole is open and how often its node was asked for it."""

    def __init__(self, transport: Transport, gaps: Gaps, known: Known) -> None:
        """`gaps` are the holes of the own ledger, `known` what is in at all of them."""
        self._transport = transport
        self._gaps = gaps
        self._known = known
        self._open: dict[tuple[NodeId, str, Gap], tuple[int, float]] = {}
        self.asked = 0

    def ask(self, now: float) -> None:
        """Ask for what is due at `now` (monotonic s)."""
        found = {(n, b, gap) for (n, b), gaps in self._gaps().items() for gap in gaps}
        self._open = {key: self._open.get(key, (0, now + PATIENCE_S)) for key in found}
        due: dict[tuple[NodeId, str], list[Gap]] = {}
        for (node, boot, gap), (tries, at) in sorted(self._open.items()):
            if tries < TRIES and now >= at:
                due.setdefault((node, boot), []).append(gap)
        for (node, boot), gaps in due.items():
            self._ask_for(node, boot, gaps[:RANGES], now)

    def _ask_for(self, node: NodeId, boot: str, gaps: list[Gap], now: float) -> None:
        missing = [gap for gap in gaps if not _within(gap, self._known(node, boot))]
        if missing:
            args = {"boot": boot, "seq": [list(gap) for gap in missing]}
            command = wire.NodeCommand(secrets.token_hex(8), "resend", args)
            try:
                topic = wire.node_command_topic(node)
                self._transport.publish(topic, wire.encode_node_command(command))
            except TransportError as error:
                log.info("%s was not asked again: %s", node, error)
                return
            self.asked += len(missing)
            log.info("asked %s again for %d ranges of boot %s", node, len(missing), boot)
        for gap in gaps:
            tries = self._open[node, boot, gap][0] + 1
            self._open[node, boot, gap] = (tries, now + PATIENCE_S * 2**tries)


def _within(gap: Gap, ranges: list[Gap]) -> bool:
    return any(first <= gap[0] and gap[1] <= last for first, last in ranges)
