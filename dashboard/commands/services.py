"""`campus broker | node | ingest | engine | web`: one service each, until SIGTERM or Ctrl-C."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from dashboard.commands.place import Workplace, add_http_option, add_place_options, workplace
from devices.errors import CampusError
from devices.model import NodeId
from devices.service import Clock, Health, Service, run_services


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, run, text in (
        ("broker", run_broker, "the MQTT broker: mosquitto where installed, else the embedded one"),
        ("ingest", run_ingest, "from the broker to the store"),
        ("engine", run_engine, "rules, alerts and telling people"),
        ("web", run_web, "the dashboard and its API"),
        ("node", run_node, "the sensors and actuators of one node"),
    ):
        verb = verbs.add_parser(name, help=text)
        add_place_options(verb)
        verb.set_defaults(run=run)
        if name == "web":
            add_http_option(verb)
        if name == "broker":
            verb.add_argument(
                "--embedded", action="store_true", help="the embedded broker in any case"
            )
        if name == "node":
            verb.add_argument("node", metavar="NODE", help="the node's id in the site file")
            verb.add_argument(
                "--simulate", action="store_true", help="on mock pins that play a school"
            )
            verb.add_argument(
                "--seed", type=int, default=1, help="which course the simulation takes"
            )


def run_broker(args: argparse.Namespace) -> None:
    from collectors.broker import Broker

    place = workplace(args)
    address = place.site.services.mqtt.partition("://")[2]
    run_services([Broker(address, place.data, embedded=True if args.embedded else None)])


def run_ingest(args: argparse.Namespace) -> None:
    from collectors.ingest import Ingester
    from collectors.ledger import Ledger
    from collectors.mqtt import connect_to
    from collectors.presence import Presence, presence_will
    from collectors.store import open_store

    place, clock = workplace(args), Clock.from_environment()
    transport = connect_to(place.site, _client("ingest", place), presence_will("ingest", clock))
    store = open_store(place.site, place.data)
    ledger = Ledger(place.data / "ingest.db", place.site.timezone)
    ingester = Ingester(place.site, store, transport, ledger, clock)

    def parts() -> Mapping[str, Health]:
        return {"store": store.health(), "ingest": ingester.health()}

    presence = Presence("ingest", transport, clock, parts, ingester.counters)
    try:
        run_services([_Connection(transport), ingester, presence])
    finally:
        store.close()
        ledger.close()


def run_engine(args: argparse.Namespace) -> None:
    from alerts.book import Book
    from alerts.engine import Engine
    from alerts.plan import load_plan
    from collectors.mqtt import connect_to
    from collectors.presence import Presence, presence_will
    from collectors.store import open_store

    place, clock = workplace(args), Clock.from_environment()
    plan = load_plan(place.plan, place.site)
    transport = connect_to(place.site, _client("engine", place), presence_will("engine", clock))
    store = open_store(place.site, place.data, readonly=True)
    book = Book(place.book)
    engine = Engine(place.site, plan, book, store, transport, clock)
    presence = Presence(
        "engine", transport, clock, lambda: {"engine": engine.health()}, engine.counters
    )
    try:
        run_services([_Connection(transport), engine, presence])
    finally:
        book.close()
        store.close()


def run_node(args: argparse.Namespace) -> None:
    from collectors.node import NodeAgent
    from collectors.node import node_will
    from collectors.mqtt import connect_to

    place, clock = workplace(args), Clock.from_environment()
    node = NodeId(args.node)
    if node not in place.site.nodes:
        known = ", ".join(place.site.nodes)
        raise CampusError(f"the site file has no node {args.node!r}; it has {known}")
    folder = place.data / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True)
    transport = connect_to(place.site, f"campus-node-{node}", node_will(node, clock))
    services: list[Service] = [_Connection(transport)]
    if args.simulate:
        services[:0] = [_simulation(place, node, folder, clock, args.seed)]
    run_services(services)


class _Connection:
    """A transport as a service: started first, closed last."""

    name = "connection"
