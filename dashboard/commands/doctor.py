"""`campus doctor`: looks at the running system and says what is wrong and what to do about it."""

import argparse
import json
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.vitals import clock_state
from dashboard.commands.place import Workplace, add_place_options, workplace
from devices import wire
from devices.errors import CampusError, WireError
from devices.model import ClockState, NodeState, NodeStatus
from devices.service import Clock

LISTEN_S = 3.0
"""How long retained messages may take to arrive from the broker."""
SAME_TIME = timedelta(minutes=5)
"""A node tells its status every 30 s; one that is further off lives in another time."""
LEAST_DISK = 0.10
"""Share of the disk that should stay free (the safety notes' figure for a node's card)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    part: str
    ok: bool
    text: str


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    doctor = verbs.add_parser("doctor", help="the running system: what is wrong, what to do")
    add_place_options(doctor)
    doctor.add_argument("--json", action="store_true", help="one JSON object, for programs")
    doctor.set_defaults(run=run, demo=True)


def run(args: argparse.Namespace) -> int:
    place = workplace(args)
    findings = list(examine(place, place.clock()))
    ok = all(finding.ok for finding in findings)
    if args.json:
        rows = [{"part": f.part, "ok": f.ok, "text": f.text} for f in findings]
        print(json.dumps({"ok": ok, "findings": rows}, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"  {'ok ' if finding.ok else 'BAD'} {finding.part:18} {finding.text}")
    return 0 if ok else 1


def examine(place: Workplace, clock: Clock) -> Iterator[Finding]:
    """Broker, services, store, nodes, disk; in the order in which they depend on each other."""
    yield _disk(place)
    yield _clock(place)
    try:
        services, nodes = _listen(place)
    except CampusError as error:
        yield Finding("broker", False, f"{error}: is `campus up` or `campus broker` running?")
        return
    yield Finding("broker", True, place.site.services.mqtt)
    for name in ("ingest", "engine"):
        several = sorted(other for other in services if other.startswith(f"{name}-"))
        for one in several or [name]:
            yield from _service(one, services.get(one))
    for node in place.site.nodes:
        yield _node(node, nodes.get(node), clock)


def _disk(place: Workplace) -> Finding:
    usage = shutil.disk_usage(place.data)
    share = usage.free / usage.total
    remedy = "" if share >= LEAST_DISK else ": make room, or move the data folder"
    return Finding("disk", share >= LEAST_DISK, f"{share:.0%} free at {place.data}{remedy}")


def _clock(place: Workplace) -> Finding:
    """Alerts are judged by the hour, so a clock that nothing sets is trouble."""
    synced = clock_state() is ClockState.SYNCED
    now = datetime.now(place.site.timezone)
    text = f"{now:%Y-%m-%d %H:%M:%S} {place.site.school.timezone}"
    remedy = ": nothing sets it, so apt install chrony, or set CAMPUS_CLOCK_TRUSTED=1"
    return Finding("clock", synced, text if synced else text + remedy)


def _service(name: str, presence: "wire.ServicePresence | None") -> Iterator[Finding]:
    if presence is None or presence.state is not NodeState.ONLINE:
        yield Finding(name, False, f"does not run: start it with campus up, or campus {name}")
        return
    for part, health in presence.parts.items():
        label = name if part == name else f"{name}: {part}"
        yield Finding(label, health.ok, health.text or "works")


def _node(name: str, status: NodeStatus | None, clock: Clock) -> Finding:
    if status is None:
        return Finding(
            name, False, "has never been heard: is it enrolled, powered, on the network?"
        )
    if status.state is not NodeState.ONLINE:
        return Finding(
            name, False, f"offline since {status.at:%Y-%m-%d %H:%M} UTC: check its power"
        )
    troubles = [f"{fault.point or name}: {fault.text}" for fault in status.faults]
    config = f", configuration {status.config.applied}" if status.config else ""
    if abs(status.at - clock.now()) > SAME_TIME:
        troubles.append(f"its clock says {status.at:%Y-%m-%d %H:%M:%S} UTC: check its NTP")
    return Finding(
        name, not troubles, "; ".join(troubles) or f"online, {status.outbox} waiting{config}"
    )


def _listen(
    place: Workplace,
) -> "tuple[dict[str, wire.ServicePresence], dict[str, NodeStatus]]":
    """The retained words of services and nodes. Raises TransportError without a broker."""
    from collectors.mqtt import connect_to
    from collectors.transport import Message

    services: dict[str, wire.ServicePresence] = {}
    nodes: dict[str, NodeStatus] = {}
    complete = threading.Event()

    def hear(message: Message) -> None:
        try:
            if message.topic.startswith(f"{wire.ROOT}/service/"):
                name = message.topic.split("/")[3]
                services[name] = wire.decode_presence(message.payload)
            else:
                nodes[wire.node_of(message.topic)] = wire.decode_status(message.payload)
        except WireError:
            return
        if len(nodes) >= len(place.site.nodes) and len(services) >= 2:
            complete.set()

    transport = connect_to(place.site, f"campus-doctor-{secrets.token_hex(4)}", clean=True)
    transport.subscribe(wire.STATUS_FILTER, hear)
    transport.subscribe(wire.SERVICE_FILTER, hear)
    transport.start()
    try:
        transport.wait_connected(5.0)
        complete.wait(LISTEN_S)
    finally:
        transport.close()
    return services, nodes
