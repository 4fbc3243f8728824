"""`campus simulate`: made-up values of any school, into a file or over MQTT as its nodes would."""

import argparse
import dataclasses
import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.commands.course import NODES, POINTS, course_of, site_of, start_of, write_site
from devices.errors import CampusError

if TYPE_CHECKING:
    from collectors.fleet import Summary
    from devices.catalog import Site

DEFAULT_START = "2021-03-01"
"""A Monday of the term that the default plan is made for."""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = verbs.add_parser(
        "simulate",
        help="made-up values with scenes and sensor faults, into a file or over MQTT",
        description="Values of a school that is not there, by physical models, with scenes and "
        "sensor faults; the same --seed gives the same values. See docs/simulator.md.",
    )
    _add_school(verb)
    verb.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601 (2021-03-01)")
    verb.add_argument(
        "--duration", metavar="TIME", help="such as 60s, 7d, 365d (1d; live: until Ctrl-C)"
    )
    rhythm = verb.add_mutually_exclusive_group()
    rhythm.add_argument("--rate", metavar="N/s", help="readings of each node, such as 5/s, 30/min")
    rhythm.add_argument(
        "--period", type=float, metavar="S", help="seconds between a point's values"
    )
    verb.add_argument("--seed", type=int, default=1, help="which course things take (1)")
    _add_script(verb)
    verb.add_argument("--out", metavar="FILE.csv[.gz]", type=Path, help="time,device,value")
    verb.add_argument(
        "--mqtt", metavar="URL",
        help="live, over this broker (mqtt://HOST:PORT), each node by a connection of its own",
    )  # fmt: skip
    verb.add_argument("--labelled", action="store_true", help="a column fault, 0 where all is true")
    verb.add_argument(
        "--site-out", metavar="FILE", type=Path, help="the made-up school as a site file"
    )
    verb.add_argument("--json", action="store_true", help="the summary for a program")
    verb.set_defaults(run=run)


def _add_school(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--config", metavar="FILE", help="the points of this site file")
    verb.add_argument("--nodes", type=int, metavar="N", help=f"or of a made-up school ({NODES})")
    verb.add_argument("--points", type=int, metavar="N", help=f"points of each node ({POINTS})")
    verb.add_argument(
        "--only", action="append", default=[], metavar="PATTERN",
        help="only points whose id, room or node fits, such as 'canteen/*'",
    )  # fmt: skip
    verb.add_argument(
        "--kind", action="append", default=[], metavar="PATTERN",
        help="only points of such kinds, such as 'temperature-*'",
    )  # fmt: skip


def _add_script(verb: argparse.ArgumentParser) -> None:
    form = "[@WHERE][,begins=2h][,lasts=30m]"
    verb.add_argument(
        "--scene", action="append", default=[], metavar="NAME" + form,
        help="what happens, such as door-open@canteen/fridge-1/temperature,begins=2h",
    )  # fmt: skip
    verb.add_argument(
        "--fault", action="append", default=[], metavar="NAME" + form + "[,size=5]",
        help="how a sensor, wire or node fails, such as stuck@canteen/*,begins=2h",
    )  # fmt: skip
    verb.add_argument(
        "--scenario", type=Path, metavar="FILE.toml", help="scenes and faults of a file"
    )
    verb.add_argument(
        "--faults-per-day", type=float, default=0.0, metavar="N",
        help="faults by lot, so many for each point and day",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    ways = [args.out is not None, args.mqtt is not None]
    if all(ways) or not any((*ways, args.site_out is not None)):
        raise CampusError("say where to: --out FILE.csv[.gz], --mqtt URL, or --site-out FILE")
    site = site_of(args)
    if args.site_out is not None:
        write_site(site, args.site_out)
    if args.mqtt is not None:
        return _live(args, site)
    return _into_file(args, site) if args.out is not None else 0


def _into_file(args: argparse.Namespace, site: "Site") -> int:
    from devices.simulation.table import write_table

    course = course_of(
        args, site, start_of(args.start or DEFAULT_START, site), args.duration or "1d"
    )
    began = time.monotonic()
    tally = write_table(
        course.rows(), args.out, labelled=args.labelled, told=_progress(course.expected())
    )
    seconds = time.monotonic() - began
    _clear_line()
    faults = dict(sorted(tally.faults.items()))
    if args.json:
        print(json.dumps({
            "file": str(args.out), "rows": tally.rows, "points": len(tally.points),
            "nodes": len({p.node for p in course.points}), "seed": args.seed,
            "from": course.start.isoformat(), "to": (course.start + course.lasts).isoformat(),
            "faults": faults, "seconds": round(seconds, 2),
            "rows_per_s": round(tally.rows / max(seconds, 1e-9)),
        }, ensure_ascii=False))  # fmt: skip
    else:
        print(f"{tally.rows:,} values of {len(tally.points)} points are in {args.out}.")
        print(f"  with a sensor fault: {_listed(faults)}; it took {seconds:.1f} s")
    return 0


def _live(args: argparse.Namespace, site: "Site") -> int:
    """As many nodes at a broker, in real time; 1 where not all they said is in the store."""
    from collectors.fleet import Fleet
    from collectors.mqtt import connect_to
    from devices.service import Clock

    if args.start or args.labelled:
        raise CampusError("--from and --labelled are for files: live it is now")
    url = args.mqtt if "://" in args.mqtt else f"mqtt://{args.mqtt}"
    clock = Clock.from_environment()
    course = course_of(args, site, clock.now(), args.duration or "3650d")
    there = dataclasses.replace(site, services=dataclasses.replace(site.services, mqtt=url))
    fleet = Fleet(course, lambda id, will: connect_to(there, id, will, clean=True), clock)
    if not args.verbose:
        logging.getLogger("collectors.mqtt").setLevel(logging.WARNING)
    before = {
        number: signal.signal(number, lambda _number, _frame: fleet.stop())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        summary = fleet.run(_tell_live if sys.stderr.isatty() else lambda _summary: None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _clear_line()
    faults = dict(sorted(summary.faults.items()))
    found = {
        "nodes": summary.nodes, "points": len(course.points), "seed": args.seed,
        "readings": summary.readings, "batches": summary.batches, "answered": summary.answered,
        "unanswered": summary.unanswered, "lost": summary.lost, "lag_ms": summary.lag_ms,
        "faults": faults, "seconds": round(summary.seconds, 2),
        "readings_per_s": round(summary.readings / max(summary.seconds, 1e-9), 1),
    }  # fmt: skip
    if args.json:
        print(json.dumps(found))
    else:
        print(f"{summary.readings:,} values of {summary.nodes} nodes in {summary.batches:,} "
              f"batches; {summary.answered:,} are in the store.")  # fmt: skip
        print(f"  with a sensor fault: {_listed(faults)}; "
              f"latest sent {summary.lag_ms} ms late")  # fmt: skip
    if summary.unanswered or summary.lost:
        print(
            f"campus simulate: {summary.unanswered} batches are not answered, {summary.lost} "
            f"values were given up: is `campus ingest` running at {url}, with a site file that "
            "has these points (--site-out)?",
            file=sys.stderr,
        )
        return 1
    return 0


def _tell_live(summary: "Summary") -> None:
    print(f"\r  {summary.readings:,} values sent", end="", file=sys.stderr, flush=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)


def _listed(faults: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(faults.items())) or "none"


def _progress(expected: int) -> "_Progress":
    return _Progress(expected, sys.stderr.isatty())


@dataclasses.dataclass(slots=True)
class _Progress:
    """Tells a terminal how far it is; nothing in a pipe."""

    expected: int
    shown: bool

    def __call__(self, rows: int) -> None:
        if self.shown:
            share = min(rows / self.expected, 1.0)
            print(f"\r  {rows:,} values, {share:.0%}", end="", file=sys.stderr, flush=True)
