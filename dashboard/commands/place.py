"""Which site, data folder and addresses a command works with: the options all verbs share."""

import argparse
import dataclasses
import logging
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from devices.assigned import FILE, Assigned
from devices.catalog import Site, split_address
from devices.errors import ConfigError, Problem
from devices.service import OFFSET_VARIABLE, Clock
from devices.sitefile import find_site_file, load_site

log = logging.getLogger(__name__)

EXAMPLE = Path(__file__).parent.parent / "example"
"""The example school: what `campus init` copies and `--demo` runs where there is no site file."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A loaded site with its plan's path and its data folder."""

    site: Site
    plan: Path
    data: Path
    assigned: Assigned

    @property
    def run(self) -> Path:
        """Folder of what only matters while the services run."""
        return self.data / "run"

    def clock(self) -> Clock:
        """The clock of what runs on this data folder: a demonstration may live at another hour."""
        saved = self.run / "clock-offset"
        if saved.exists() and OFFSET_VARIABLE not in os.environ:
            return Clock(timedelta(seconds=float(saved.read_text())))
        return Clock.from_environment()

    @property
    def register(self) -> str:
        """SQLAlchemy address of users, tokens and the web's own records."""
        return self.site.records.register or f"sqlite:///{self.data / 'register.db'}"

    @property
    def book(self) -> str:
        """SQLAlchemy address of the engine's book."""
        return self.site.records.book or f"sqlite:///{self.data / 'book.db'}"


def add_place_options(parser: argparse.ArgumentParser) -> None:
    """--config, --data and --mqtt, with the same meaning for every verb."""
    parser.add_argument(
        "--config", metavar="FILE", help="the site file (else CAMPUS_CONFIG, else ./campus.toml)"
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("data"),
        help="where everything is kept (./data)",
    )
    parser.add_argument(
        "--mqtt",
        metavar="HOST:PORT",
        type=_address,
        help="the broker's address, instead of the site file's",
    )


def add_http_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--http",
        metavar="HOST:PORT",
        type=_address,
        help="the dashboard's address, instead of the site file's",
    )


def _address(text: str) -> str:
    try:
        host, port = split_address(text, 0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not host or not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8000")
    return text


def site_path(args: argparse.Namespace) -> Path:
    """The site file that the options name. Raises ConfigError where there is none."""
    path = find_site_file(args.config)
    if path is None and getattr(args, "demo", False):
        path = EXAMPLE / "campus.toml"
    if path is None:
        raise ConfigError(
            [
                Problem(
                    "campus.toml",
                    "",
                    "there is none here",
                    "make one with `campus init .`, or name it with --config FILE",
                )
            ]
        )
    return path


def workplace(args: argparse.Namespace) -> Workplace:
    """The site of the options, with their addresses in place of the file's."""
    site = load_site(site_path(args))
    services = site.services
    if args.mqtt:
        services = dataclasses.replace(services, mqtt=f"mqtt://{args.mqtt}")
    if getattr(args, "http", None):
        services = dataclasses.replace(services, http=args.http)
    data: Path = args.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    plan = site.path.with_name("safety_plan.toml")
    assigned = Assigned(data / FILE)
    site = dataclasses.replace(site, services=services, overlay=assigned)
    assigned.join(site)
    for problem in assigned.problems:
        log.warning("left out: %s", problem)
    place = Workplace(site, plan, data, assigned)
    log_in_at_own_broker(place, make=False)
    return place


def log_in_at_own_broker(place: Workplace, *, make: bool) -> None:
    """Use the services' own log-in, where the broker of this data folder asks for one.

    `make` gives it out where there is none yet. What the environment says comes first.
    """
    from collectors.broker import is_loopback
    from collectors.enroll import server_login

    host, _ = split_address(place.site.services.mqtt, 1883)
    if is_loopback(host) or "CAMPUS_MQTT_USER" in os.environ:
        return
    if make or (place.data / "broker" / "server.password").exists():
        user, file = server_login(place.data)
        os.environ.update(CAMPUS_MQTT_USER=user, CAMPUS_MQTT_PASSWORD_FILE=str(file))
