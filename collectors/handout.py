"""Handout: gives each node its part of the site file, retained, and again when the file changes."""

import logging
import threading
from pathlib import Path

from collectors.transport import Transport
from devices import wire
from devices.catalog import Site
from devices.errors import ConfigError, TransportError
from devices.nodepart import part_of
from devices.service import Health
from devices.sitefile import load_site

log = logging.getLogger(__name__)

LOOK_S = 2.0


class Handout:
    """A Service. A file with mistakes is not handed out; what the nodes have stays."""

    name = "handout"

    def __init__(self, site: Site, transport: Transport) -> None:
        self._site = site
        self._transport = transport
        self._stop = threading.Event()
        self._again = threading.Event()
        self._given: dict[str, bytes] = {}
        self._seen = _stamp(site.path)
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="handout", daemon=True)

    def start(self) -> None:
        self._transport.on_connect(self._reconnected)
        self._thread.start()

    def health(self) -> Health:
        return Health(not self._trouble, self._trouble)

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _reconnected(self) -> None:
        self._again.set()

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except Exception:
                log.exception("the site file was not handed out")
            if self._stop.wait(LOOK_S):
                return

    def _look(self) -> None:
        stamp = _stamp(self._site.path)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._site, self._trouble = load_site(self._site.path), ""
            except ConfigError as error:
                self._trouble = f"the site file has mistakes and is not handed out: {error}"
                log.error("%s", self._trouble)
        if self._again.is_set():
            self._again.clear()
            self._given.clear()
        for node in self._site.nodes if self._transport.connected else ():
            payload = wire.encode_object(part_of(self._site, node))
            if self._given.get(node) != payload:
                try:
                    self._transport.publish(wire.config_topic(node), payload, retain=True)
                except TransportError as error:
                    log.info("%s has not got its configuration yet: %s", node, error)
                    return
                self._given[node] = payload


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
