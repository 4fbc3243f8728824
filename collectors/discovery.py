"""Discovery: shows a node and its points to Home Assistant, and takes away those that went."""

import json
import logging
from pathlib import Path

from collectors.transport import Transport
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from devices.model import NodeId

log = logging.getLogger(__name__)

FILE = "home-assistant.json"
"""In the node's folder: the components that were announced last, with their platforms."""


class Discovery:
    """Tells at each connection, and again when Home Assistant starts."""

    def __init__(
        self, site: Site, node: NodeId, folder: Path, transport: Transport, version: str
    ) -> None:
        self._site = site
        self._node = node
        self._file = folder / FILE
        self._transport = transport
        self._version = version

    def tell(self) -> None:
        """Announce all points; what was announced before and is no more goes first."""
        now = wire.components(self._site.points_on(self._node))
        before = self._announced_before()
        gone = {id: platform for id, platform in before.items() if now.get(id) != platform}
        try:
            # Named with its platform alone a component goes; then the payload without it.
            if gone:
                self._publish(gone)
            self._publish({})
        except TransportError as error:
            log.debug("Home Assistant is not told: %s", error)
            return
        if now != before:
            self._remember(now)

    def hear(self, payload: bytes) -> None:
        """Home Assistant says that it is there, or that it goes."""
        if payload == wire.HOME_ASSISTANT_BIRTH:
            self.tell()

    def _publish(self, gone: dict[str, str]) -> None:
        payload = wire.encode_discovery(self._site, self._node, self._version, gone)
        self._transport.publish(wire.discovery_topic(self._node), payload, retain=True, qos=1)

    def _announced_before(self) -> dict[str, str]:
        try:
            known = json.loads(self._file.read_text("utf-8"))
            return {str(id): str(platform) for id, platform in known.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    def _remember(self, components: dict[str, str]) -> None:
        draft = self._file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(components), "utf-8")
            draft.replace(self._file)
        except OSError as error:
            # Then a point that goes later stays in Home Assistant until somebody deletes it there.
            log.warning("%s cannot be written: %s", self._file, error.strerror)
