"""A small stand-in for ingest: stores readings in memory and acknowledges, when it may."""

from typing import Any

from collectors.transport import Message, Transport
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from devices.model import Reading


class Server:
    """Stands where ingest stands: keeps every reading and acknowledges, when it may."""

    def __init__(self, transport: Transport, site: Site) -> None:
        self.acknowledging = True
        self.readings: list[Reading] = []
        self.batches: list[tuple[str, int]] = []
        self._transport = transport
        self._site = site
        transport.subscribe(wire.UP_FILTER, self._take)

    def _take(self, message: Message) -> None:
        decoded = wire.decode_batch(message.topic, message.payload, self._site.kinds)
        assert not decoded.refusals and decoded.origin
        self.batches.append((decoded.origin.boot, decoded.origin.seq))
        self.readings += decoded.readings
        if self.acknowledging:
            ack = wire.encode_ack(decoded.origin.boot, [decoded.origin.seq])
            try:
                self._transport.publish(wire.ack_topic(decoded.node), ack)
            except TransportError:
                return

    def values(self, point: str) -> list[Any]:
        """What came of a point, each reading once, by its time."""
        return [v for _, v in sorted({(r.at, r.value) for r in self.readings if r.point == point})]
