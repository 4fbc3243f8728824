"""`campus broker | node | ingest | engine | web`: one service each, until SIGTERM or Ctrl-C."""

import argparse
import contextlib
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from dashboard.commands.place import add_http_option, add_place_options, workplace
from devices.errors import CampusError
from devices.model import NodeId
from devices.service import Clock, Health, Service, notify_systemd, run_services
from devices.sitefile import find_site_file

log = logging.getLogger(__name__)

URL_VARIABLE = "CAMPUS_MQTT_URL"
"""The broker of a node without a site file: the rest comes from the server."""
CA_VARIABLE = "CAMPUS_MQTT_CA_FILE"


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
        if name == "ingest":
            verb.add_argument(
                "--name", default="", help="one of several that share the work (InfluxDB only)"
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
    from collectors.handout import Handout
    from collectors.ingest import Ingester
    from collectors.ledger import Ledger
    from collectors.ledgers import Ledgers, ledger_path
    from collectors.mqtt import connect_to
    from collectors.presence import Presence, presence_will
    from collectors.store import open_store

    place, clock, name = workplace(args), Clock.from_environment(), args.name
    if name and not re.fullmatch("[a-z0-9-]{1,32}", name):
        raise CampusError(f"--name {name!r} is not made of a to z, 0 to 9 and -")
    if name and place.site.store.url.startswith("sqlite:"):
        raise CampusError("the embedded store has one writer: leave --name out, or use InfluxDB")
    site, zone, service = place.site, place.site.timezone, f"ingest-{name}" if name else "ingest"
    with contextlib.ExitStack() as opened:
        store = opened.enter_context(contextlib.closing(open_store(site, place.data)))
        ledger = opened.enter_context(
            contextlib.closing(Ledger(ledger_path(place.data, name), zone))
        )
        all_ledgers = opened.enter_context(contextlib.closing(Ledgers(place.data, zone)))
        transport = connect_to(site, f"campus-{service}", presence_will(service, clock))
        others = all_ledgers.ranges if name else None
        ingester = Ingester(site, store, transport, ledger, clock, others=others)

        def parts() -> Mapping[str, Health]:
            return {"store": store.health(), "ingest": ingester.health()}

        presence = Presence(service, transport, clock, parts, ingester.counters)
        # One ingester alone hands out the nodes' configurations.
        handout = [] if name else [Handout(site, transport)]
        run_services([transport, ingester, presence, *handout])


def run_engine(args: argparse.Namespace) -> None:
    from alerts.book import Book
    from alerts.engine import Engine
    from alerts.heartbeat import HeartbeatService
    from alerts.plan import load_plan
    from collectors.mqtt import connect_to
    from collectors.presence import Presence, presence_will
    from collectors.store import open_store

    place, clock = workplace(args), Clock.from_environment()
    plan = load_plan(place.plan, place.site)
    with contextlib.ExitStack() as opened:
        store = opened.enter_context(
            contextlib.closing(open_store(place.site, place.data, readonly=True))
        )
        book = opened.enter_context(contextlib.closing(Book(place.book)))
        transport = connect_to(place.site, "campus-engine", presence_will("engine", clock))
        engine = Engine(place.site, plan, book, store, transport, clock)

        def parts() -> Mapping[str, Health]:
            return {"engine": engine.health(), "plan": engine.plan_health()}

        presence = Presence("engine", transport, clock, parts, engine.counters)
        heartbeat = HeartbeatService(lambda: engine.plan, lambda: engine.health().ok)
        run_services([transport, engine, presence, heartbeat])


def run_web(args: argparse.Namespace) -> None:
    from alerts.book import Book
    from alerts.corrected import CorrectedStore, Corrections
    from alerts.plan import load_plan
    from alerts.planwatch import PlanWatch
    from collectors.ledgers import Ledgers
    from collectors.mqtt import connect_to
    from collectors.requests import Requester
    from collectors.store import open_store
    from dashboard.app import create_app
    from dashboard.live import Hub
    from dashboard.parts import Parts
    from dashboard.records.accounts import Accounts
    from dashboard.records.canteen import CanteenLog
    from dashboard.records.handovers import Handovers
    from dashboard.records.trail import Trail
    from dashboard.taskkeeper import TaskKeeper
    from dashboard.upkeep import Upkeep
    from dashboard.web import WebService

    place, clock = workplace(args), Clock.from_environment()
    site, data = place.site, place.data
    plan = load_plan(place.plan, site)
    with contextlib.ExitStack() as opened:
        raw = opened.enter_context(contextlib.closing(open_store(site, data, readonly=True)))
        book = opened.enter_context(contextlib.closing(Book(place.book, readonly=True)))
        corrections = Corrections(site, book, clock)
        store = CorrectedStore(raw, corrections)
        ledger = opened.enter_context(contextlib.closing(Ledgers(data, site.timezone)))
        accounts = opened.enter_context(contextlib.closing(Accounts(place.register, clock)))
        canteen = opened.enter_context(contextlib.closing(CanteenLog(place.register, clock)))
        handovers = opened.enter_context(contextlib.closing(Handovers(place.register, clock)))
        trail = opened.enter_context(
            contextlib.closing(Trail(place.register, clock, site.records.trail_days))
        )
        upkeep = opened.enter_context(contextlib.closing(Upkeep(place.register, data, clock)))
        upkeep.watch(corrections)
        # Two dashboards may look at one broker, so each has an id of its own.
        client = f"campus-web-{secrets.token_hex(4)}"
        transport = connect_to(site, client, clean=True)
        hub = Hub(site, transport, clock, corrections=corrections)
        hub.prime(store, book)
        parts = Parts(
            site, PlanWatch(plan), store, book, ledger, hub, Requester(transport, client), accounts,
            canteen, upkeep, handovers, trail, clock, data,
        )  # fmt: skip
        upkeep.tasks.suggest(clock.now().astimezone(site.timezone).date())
        app = create_app(parts)
        web = WebService(app, site.services.http, clock)
        run_services([transport, web, hub, TaskKeeper(app)])


def run_node(args: argparse.Namespace) -> None:
    from collectors.mqtt import connect_to
    from collectors.node import NodeAgent, node_will
    from collectors.outbox import new_boot

    if find_site_file(args.config) is None and os.environ.get(URL_VARIABLE):
        _run_remote_node(args)
        return
    place, clock = workplace(args), Clock.from_environment()
    node = NodeId(args.node)
    if node not in place.site.nodes:
        known = ", ".join(place.site.nodes)
        raise CampusError(f"the site file has no node {args.node!r}; it has {known}")
    folder = place.data / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True)
    boot = new_boot()
    transport = connect_to(place.site, f"campus-node-{node}", node_will(node, clock, boot))
    if not args.simulate:
        agent = NodeAgent(place.site, node, folder, transport, clock, boot=boot)
        run_services([*_watchdog(agent.progressing), transport, agent])
        return
    from devices.simulation.school import Simulation

    world = Simulation(place.site, node, folder, clock, seed=args.seed)
    agent = NodeAgent(place.site, node, folder, transport, clock, scenes=world.play, boot=boot)
    run_services([world, transport, agent])


def _run_remote_node(args: argparse.Namespace) -> None:
    """A node that knows its name and the broker alone: the rest comes from the server."""
    from collectors.credentials import broker_login
    from collectors.intake import Intake
    from collectors.mqtt import MqttTransport
    from collectors.node import NodeAgent, node_will
    from collectors.outbox import new_boot

    node, clock, boot = NodeId(args.node), Clock.from_environment(), new_boot()
    folder: Path = args.data.resolve() / "nodes" / node
    folder.mkdir(parents=True, exist_ok=True)
    url, (user, password) = os.environ[URL_VARIABLE], broker_login()
    transport = MqttTransport(
        url, f"campus-node-{node}", username=user, password=password,
        ca_file=os.environ.get(CA_VARIABLE, ""), will=node_will(node, clock, boot),
    )  # fmt: skip
    intake = Intake(node, folder / "config.json", url, transport)
    site = intake.load()
    intake.listen()
    transport.start()
    while site is None:
        site = intake.wait(5.0)
        if site is None:
            log.warning("%s waits for its configuration from %s: %s", node, url,
                        transport.health().text or "the server has none for this node")  # fmt: skip
            notify_systemd("STATUS=waiting for the configuration")
    agent = NodeAgent(site, node, folder, transport, clock, boot=boot, intake=intake)
    run_services([*_watchdog(agent.progressing), transport, agent])


def _watchdog(progressing: Callable[[], bool]) -> "list[Service]":
    """The hardware watchdog, where the environment names one."""
    from devices.watchdog import VARIABLE, HardwareWatchdog

    named = os.environ.get(VARIABLE)
    return [HardwareWatchdog(Path(named), progressing)] if named else []
