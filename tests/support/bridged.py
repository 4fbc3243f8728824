"""A bridge over two exchanges: the foreign devices' broker and ours; files are real."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from collectors.bridge import Bridge
from collectors.found import FILE as FOUND
from collectors.found import Findings, FoundFile, read_found
from collectors.memory import Exchange, MemoryTransport
from collectors.node import NodeAgent
from collectors.placing import Placing
from collectors.requests import Requester
from collectors.roster import Found
from collectors.templates import SandboxedTemplates
from collectors.transport import Message
from devices import wire
from devices.assigned import FILE, Assigned
from devices.catalog import Site
from devices.foreign.ear import Ear, hearing
from devices.foreign.interpreter import Interpreter
from devices.model import NodeFault, NodeId, NodeStatus, Reading
from devices.sitefile import load_site
from tests.support.clock import FakeClock
from tests.support.server import Server
from tests.support.sites import small_site
from tests.support.waiting import eventually

NODE = NodeId("teach-pi")


class Bridged:
    """`says` is a foreign device's message; `readings` is what came to our store."""

    def __init__(self, folder: Path, clock: FakeClock, points: str = "") -> None:
        """`points` are rows of the site file, beside those of the small school."""
        self.data, self.clock = folder / "data", clock
        self.data.mkdir(exist_ok=True)
        overlay = Assigned(self.data / FILE)
        small = small_site(folder, extra=f'bridge.node = "{NODE}"')
        if points:
            file = small.path
            text = file.read_text("utf-8").replace("point = [", f"point = [\n  {points}")
            file.write_text(text, "utf-8")
            small = load_site(file)
        self.site: Site = dataclasses.replace(small, overlay=overlay)
        overlay.join(self.site)
        self.foreign, self.ours = Exchange(), Exchange()
        self._open = ExitStack()
        close = self._open.enter_context
        self._ear = ear = close(hearing(Ear(clock)))
        templates = close(closing(SandboxedTemplates()))
        server, asker = MemoryTransport(self.ours, "server"), MemoryTransport(self.ours, "web")
        for member in (server, asker):
            member.start()
        self.server = Server(server, self.site)
        self._asker = Requester(asker, "web")
        self._statuses: list[NodeStatus] = []
        asker.subscribe(
            wire.status_topic(NODE), lambda m: self._statuses.append(wire.decode_status(m.payload))
        )
        own, heard = MemoryTransport(self.ours, NODE), MemoryTransport(self.foreign, "bridge")
        self.agent = NodeAgent(self.site, NODE, self.data / "nodes" / NODE, own, clock)
        file = close(closing(FoundFile(self.data / "nodes" / NODE / FOUND)))
        assert self.site.bridge is not None
        self.bridge = Bridge(
            self.site.bridge, Interpreter(templates), ear, file,
            Placing(self.site, NODE, overlay), self.agent, heard, own, clock,
        )  # fmt: skip
        own.start()
        for service in (self.agent, self.bridge):
            service.start()
            close(closing(service))
        heard.start()

    def close(self) -> None:
        self._open.close()

    def says(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        data = payload if isinstance(payload, str) else json.dumps(payload)
        self.foreign.send(Message(topic, data.encode(), retain))

    def hears(self, topic: str) -> bool:
        """Whether a point's driver listens to the topic by now."""
        return self._ear.wanted(topic)

    def asks(self, do: str, **wish: Any) -> dict[str, Any]:
        """What the bridge answers to the dashboard."""
        payload = wire.encode_object({"do": do, "who": "zhang", **wish})
        return wire.decode_object(self._asker.ask(wire.devices_topic(NODE), payload, 5.0))

    def found(self) -> Findings:
        return read_found(self.data / "nodes" / NODE / FOUND)

    def waits(self, device: str) -> Found:
        """Returns once the device is in the list on disk, which is saved with every question."""

        def look() -> Found | None:
            self.asks("save")
            return next((one for one in self.found().devices if one.device == device), None)

        return eventually(look, what=f"{device} is found")

    def readings(self, point: str) -> list[Reading]:
        return [reading for reading in self.server.readings if reading.point == point]

    def fault_of(self, point: str) -> NodeFault | None:
        """What the node says is wrong with a point now."""
        self.clock.move(1.5)
        faults = self._statuses[-1].faults if self._statuses else ()
        return next((fault for fault in faults if fault.point == point), None)


@contextmanager
def bridged(folder: Path, clock: FakeClock, points: str = "") -> Iterator[Bridged]:
    made = Bridged(folder, clock, points)
    try:
        yield made
    finally:
        made.close()
