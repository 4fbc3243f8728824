"""`campus bridge`: devices of other makers on MQTT; `--try` explains recorded messages."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from dashboard.commands.place import add_place_options
from devices.errors import CampusError
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
    verb.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    if args.recorded is not None:
        try_out(args)
        return
    raise CampusError("only --try works yet")


def try_out(args: argparse.Namespace) -> None:
    """No broker, no data folder; the site file counts where there is one."""
    from collectors.templates import SandboxedTemplates
    from collectors.tryout import tried
    from devices.foreign.interpreter import Interpreter

    path = find_site_file(args.config)
    if path is not None:
        load_site(path)
    with contextlib.closing(SandboxedTemplates()) as templates, _opened(args.recorded) as lines:
        for said in tried(lines, Interpreter(templates)):
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
