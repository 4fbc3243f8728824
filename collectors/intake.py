"""Intake: a node takes its configuration from the server, checks it, keeps the last good one."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from collectors.transport import Message, Transport
from devices import wire
from devices.catalog import Site
from devices.errors import ConfigError
from devices.model import ConfigState, NodeId
from devices.nodepart import site_of, version_of

log = logging.getLogger(__name__)


class Intake:
    """`adopt` is called with each new good site; from then on the agent runs it."""

    def __init__(self, node: NodeId, file: Path, mqtt: str, transport: Transport) -> None:
        """`file` holds the last good one; `mqtt` is the broker's address, which comes by hand."""
        self._node = node
        self._file = file
        self._mqtt = mqtt
        self._transport = transport
        self._arrived = threading.Event()
        self.site: Site | None = None
        self.state = ConfigState()
        self.adopt: Callable[[Site], None] | None = None

    def load(self) -> Site | None:
        """The last good configuration; None where there is none, or it is damaged."""
        try:
            part = orjson.loads(self._file.read_bytes())
            self.site = site_of(part, self._node, self._mqtt)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.error("the last configuration %s cannot be used: %s", self._file, error)
            return None
        self.state = ConfigState(applied=version_of(part))
        return self.site

    def listen(self) -> None:
        self._transport.subscribe(wire.config_topic(self._node), self._hear)

    def wait(self, seconds: float) -> Site | None:
        """The site, once there is one; None after some seconds without."""
        self._arrived.wait(seconds)
        return self.site

    def _hear(self, message: Message) -> None:
        try:
            part = orjson.loads(message.payload)
        except ValueError:
            part = None
        version = version_of(part)
        if version and version == self.state.applied:
            return
        try:
            site = site_of(part, self._node, self._mqtt)
            self._keep(part)
        except (ConfigError, OSError) as error:
            log.error("configuration %s is refused: %s", version or "(unnamed)", error)
            self.state = ConfigState(self.state.applied, version or "?", str(error)[:1000])
            return
        self.site, self.state = site, ConfigState(applied=version)
        self._arrived.set()
        if self.adopt is not None:
            self.adopt(site)

    def _keep(self, part: Any) -> None:
        """Whole or not at all, also at a power cut."""
        draft = self._file.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(orjson.dumps(part))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
