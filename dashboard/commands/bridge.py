"""`campus bridge`: devices of other makers on MQTT; `--try` explains recorded messages."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from dashboard.commands.place import add_place_options, workplace
from devices.catalog import Bridge as Settings
from devices.catalog import Site
from devices.errors import CampusError, ConfigError, Problem
from devices.foreign.haentities import Templates
from devices.foreign.interpreter import Interpreter
from devices.model import NodeId
from devices.service import Clock, Service, run_services
from devices.sitefile import find_site_file, load_site


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = verbs.add_parser(
        "bridge", help="devices of other makers: Tasmota, Zigbee2MQTT, Shelly …"
    )
    add_place_options(verb)
    verb.add_argument(
        "--try", dest="recorded", metavar="FILE.jsonl",
        help='lines of {"topic", "payload"}: print what each comes to, one JSON line a message',
    )  # fmt: skip
    verb.add_argument(
        "--simulate", action="store_true", help="with a few made-up devices that speak"
    )
    verb.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    if args.recorded is not None:
        try_out(args)
        return
    from collectors.bridge import Bridge
    from collectors.found import FILE, FoundFile
    from collectors.mqtt import connect_to, connect_to_foreign
    from collectors.node import NodeAgent, node_will
    from collectors.outbox import new_boot
    from collectors.placing import Placing
    from collectors.presence import Presence
    from collectors.templates import SandboxedTemplates
    from devices.foreign.ear import Ear, hearing

    place, clock = workplace(args), Clock.from_environment()
    site, settings, assigned = place.site, _settings(place.site), place.assigned
    node = NodeId(settings.node)
    folder = place.data / "nodes" / node
    boot = new_boot()
    with contextlib.ExitStack() as opened:
        ear = opened.enter_context(hearing(Ear(clock)))
        file = opened.enter_context(contextlib.closing(FoundFile(folder / FILE)))
        templates = opened.enter_context(contextlib.closing(SandboxedTemplates()))
        own = connect_to(site, f"campus-node-{node}", node_will(node, clock, boot))
        foreign = connect_to_foreign(site, settings)
        agent = NodeAgent(site, node, folder, own, clock, boot=boot)
        bridge = Bridge(
            settings, _interpreter(templates, settings), ear, file, Placing(site, node, assigned),
            agent, foreign, own, clock,
        )  # fmt: skip
        presence = Presence(
            "bridge", own, clock, lambda: {"bridge": bridge.health()}, bridge.counters
        )
        services: list[Service] = [own, agent, bridge, foreign, presence]
        if args.simulate:
            from collectors.actors import ForeignActors

            services.append(ForeignActors(connect_to(site, f"campus-actors-{node}"), clock))
        run_services(services)


def _settings(site: Site) -> Settings:
    if site.bridge is None:
        where = Problem(site.path.name, "bridge", "is missing", 'add bridge.node = "NODE"')
        raise ConfigError([where])
    return site.bridge


def _interpreter(templates: Templates, settings: Settings | None) -> Interpreter:
    if settings is None:
        return Interpreter(templates)
    return Interpreter(templates, zigbee2mqtt=settings.zigbee2mqtt, discovery=settings.discovery)


def try_out(args: argparse.Namespace) -> None:
    """No broker, no data folder; the site file counts where there is one."""
    from collectors.templates import SandboxedTemplates
    from collectors.tryout import tried

    path = find_site_file(args.config)
    settings = load_site(path).bridge if path is not None else None
    with contextlib.closing(SandboxedTemplates()) as templates, _opened(args.recorded) as lines:
        for said in tried(lines, _interpreter(templates, settings)):
            sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
            sys.stdout.buffer.flush()


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    path = Path(name)
    if not path.is_file():
        raise CampusError(f"{name} is no file: give lines of topic and payload, or - for stdin")
    with path.open("rb") as file:
        yield file
