"""`campus up`: every service on this machine; with --demo a whole simulated school."""

import argparse
import contextlib
import fcntl
import os
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.place import (
    Workplace,
    add_http_option,
    add_place_options,
    log_in_at_own_broker,
    site_path,
    workplace,
)
from devices.catalog import split_address
from devices.errors import CampusError
from devices.service import OFFSET_VARIABLE, Clock

if TYPE_CHECKING:
    from dashboard.supervisor import Job, State

DEMO_ROLES = ("admin", "guard", "canteen", "maintainer", "viewer")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = verbs.add_parser("up", help="every service on this machine")
    add_place_options(up)
    add_http_option(up)
    up.add_argument("--demo", action="store_true", help="a simulated school on mock pins")
    up.add_argument(
        "--at", metavar="HH:MM", help="with --demo: begin at this hour of the school's day"
    )
    up.add_argument(
        "--embedded", action="store_true", help="the embedded broker, also where mosquitto is"
    )
    up.add_argument("--seed", type=int, default=1, help="with --demo: which course things take")
    up.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    place = workplace(args)
    from alerts.plan import load_plan

    load_plan(place.plan, place.site)
    with _only_one(place.run):
        clock = _clock(args, place)
        _check_ports(place)
        password = _demo_accounts(place) if args.demo else ""
        _supervise(args, place, clock, password)
    return 0


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Holds the data folder's lock. Raises CampusError while another `campus up` has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CampusError(
                f"another `campus up` uses {folder.parent} now: stop it, or add --data DIR"
            ) from None
        yield


def _clock(args: argparse.Namespace, place: Workplace) -> Clock:
    """The clock of this data folder: shifted back to `--at`, and as it was at the first start."""
    saved = place.run / "clock-offset"
    if args.at:
        if not args.demo:
            raise CampusError("--at goes with --demo: a real school runs at its real time")
        if (place.data / "book.db").exists() and not saved.exists():
            raise CampusError(f"{place.data} has been used at the real time: add --data DIR")
        try:
            wanted = datetime.strptime(args.at, "%H:%M").time()  # noqa: DTZ007 a time of day
        except ValueError:
            raise CampusError(f"--at {args.at!r} is not HH:MM, such as 21:39") from None
        now = datetime.now(place.site.timezone)
        then = now.replace(hour=wanted.hour, minute=wanted.minute, second=0)
        # Always back, never ahead: readings must not lie in the future of a later start.
        saved.write_text(
            str(((then - now) % timedelta(days=1) - timedelta(days=1)).total_seconds())
        )
    if saved.exists() and args.demo:
        os.environ[OFFSET_VARIABLE] = saved.read_text()
    return Clock.from_environment()


def _check_ports(place: Workplace) -> None:
    services = place.site.services
    wanted = [(split_address(services.http, 8000), "dashboard", "--http 127.0.0.1:8001")]
    if runs_broker(place):
        wanted.append((split_address(services.mqtt, 1883), "broker", "--mqtt 127.0.0.1:1884"))
    for (host, port), what, remedy in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((host, port))
            except OSError as error:
                raise CampusError(
                    f"the {what}'s address {host}:{port} cannot be used "
                    f"({error.strerror}): choose another, such as {remedy}"
                ) from None


def runs_broker(place: Workplace) -> bool:
    """Whether the broker of the site file is this machine's own, to be started here."""
    host, _ = split_address(place.site.services.mqtt, 1883)
    if host in ("localhost", "0.0.0.0", "::", "::1") or host.startswith("127."):
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((host, 0))
        except OSError:
            return False
    return True


def _demo_accounts(place: Workplace) -> str:
    """The demonstration's log-ins, one a role, with one password made at the first start."""
    from dashboard.records.accounts import Accounts

    file = place.data / "demo-password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(4))
    password = file.read_text().strip()
    with contextlib.closing(Accounts(place.register)) as accounts:
        known = {user.name for user in accounts.list_users()}
        for role in DEMO_ROLES:
            if role not in known:
                accounts.add_user(role, password, role)
    return password


def _jobs(args: argparse.Namespace, place: Workplace) -> "list[Job]":
    from dashboard.supervisor import Job

    services = place.site.services
    same = ["--config", str(site_path(args).resolve()), "--data", str(place.data)]
    same += ["--mqtt", services.mqtt.partition("://")[2]]
    own = ["broker", *same, *(["--embedded"] if args.embedded else [])]
    jobs = [Job("broker", own)] if runs_broker(place) else []
    jobs += [Job("ingest", ["ingest", *same]), Job("engine", ["engine", *same])]
    jobs += [Job("web", ["web", *same, "--http", services.http])]
    bridge = place.site.bridge.node if place.site.bridge else ""
    if bridge:
        jobs.append(Job(bridge, ["bridge", *same, *(["--simulate"] if args.demo else [])]))
    if args.demo:
        simulated = ["--simulate", "--seed", str(args.seed)]
        nodes = [node for node in place.site.nodes if node != bridge]
        jobs += [Job(node, ["node", node, *same, *simulated]) for node in nodes]
    return jobs


def _supervise(args: argparse.Namespace, place: Workplace, clock: Clock, password: str) -> None:
    from dashboard.supervisor import Supervisor

    print(f"{place.site.school.name}: starting, data in {place.data}", flush=True)
    if runs_broker(place):
        log_in_at_own_broker(place, make=True)
    if args.demo:
        # Its nodes share this machine's clock, whatever the kernel knows of it.
        os.environ.setdefault("CAMPUS_CLOCK_TRUSTED", "1")
    supervisor = Supervisor(_jobs(args, place), place.data, clock, _tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _n, _f: supervisor.stop())
    supervisor.run(lambda: print(_welcome(args, place, password), flush=True))
    print("Stopped; the data are kept.", flush=True)


def _tell(name: str, state: "State", why: str) -> None:
    mark = {"starting": "…", "running": "✓", "restarting": "!", "stopped": "·"}[state]
    encoding = sys.stdout.encoding or "ascii"
    line = f"  {mark} {name} {state}{': ' + why if why else ''}"
    print(line.encode(encoding, "replace").decode(encoding), flush=True)


def _as_started(args: argparse.Namespace) -> list[str]:
    """The place options that were given here; another verb needs them to find this monitor."""
    given = (("--config", args.config), ("--data", args.data), ("--mqtt", args.mqtt))
    return [
        word for option, value in given if value not in (None, Path("data"))
        for word in (option, str(value))
    ]  # fmt: skip


def _welcome(args: argparse.Namespace, place: Workplace, password: str) -> str:
    services = place.site.services
    lines = ["", f"  Dashboard    http://{services.http}/"]
    if args.demo:
        roles = ", ".join(DEMO_ROLES[1:])
        lines.append(f"  Log in       admin / {password}   (also {roles}: the same password)")
    gate = next(iter(place.site.gates), None)
    if gate is not None:
        lines.append(f"  Guard post   http://{services.http}/post/{gate.id}")
    lines.append(f"  MQTT broker  {services.mqtt.partition('://')[2]}")
    lines.append(f"  Log file     {place.data / 'log' / 'campus.log'}")
    if args.demo:
        scene = shlex.join(("campus", "scene", *_as_started(args)))
        lines.append(f"  Let something happen:  {scene}   (lists what can be played)")
    lines += ["  Ctrl-C stops everything.", ""]
    return "\n".join(lines)
