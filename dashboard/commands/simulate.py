"""`campus simulate`: made-up values of any school, into a file or over MQTT as its nodes would."""

import argparse
import dataclasses
import json
import re
import sys
import time
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dashboard.commands.place import site_path
from devices.errors import CampusError
from devices.kinds import KINDS
from devices.model import PointId

if TYPE_CHECKING:
    from devices.catalog import Site
    from devices.simulation.course import Course
    from devices.simulation.script import Script

NODES, POINTS = 1, 15
MOST_NODES, MOST_POINTS = 500, 2000
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
    verb.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601, else 2021-03-01")
    verb.add_argument("--duration", metavar="TIME", help="such as 60s, 7d, 365d (1d)")
    rhythm = verb.add_mutually_exclusive_group()
    rhythm.add_argument("--rate", metavar="N/s", help="readings of each node, such as 5/s, 30/min")
    rhythm.add_argument(
        "--period", type=float, metavar="S", help="seconds between a point's values"
    )
    verb.add_argument("--seed", type=int, default=1, help="which course things take (1)")
    _add_script(verb)
    verb.add_argument("--out", metavar="FILE.csv[.gz]", type=Path, help="time,device,value")
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
    from devices.simulation.table import write_table

    if args.out is None and args.site_out is None:
        raise CampusError("say where to: --out FILE.csv[.gz] or --site-out FILE")
    site = _site(args)
    if args.site_out is not None:
        _write_site(site, args.site_out)
        if args.out is None:
            return 0
    course = _course(args, site)
    began = time.monotonic()
    tally = write_table(
        course.rows(), args.out, labelled=args.labelled, told=_progress(course.expected())
    )
    seconds = time.monotonic() - began
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
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
        wrong = ", ".join(f"{name} {count:,}" for name, count in faults.items())
        print(f"{tally.rows:,} values of {len(tally.points)} points are in {args.out}.")
        print(f"  with a sensor fault: {wrong or 'none'}; it took {seconds:.1f} s")
    return 0


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


def _site(args: argparse.Namespace) -> "Site":
    from devices.simulation.schools import made_up_school
    from devices.sitefile import load_site

    if args.nodes is None and args.points is None:
        return load_site(site_path(args))
    if args.config:
        raise CampusError("--config and --nodes/--points: take a site file or a made-up school")
    nodes = NODES if args.nodes is None else args.nodes
    points = POINTS if args.points is None else args.points
    if not 1 <= nodes <= MOST_NODES or not 1 <= points <= MOST_POINTS:
        raise CampusError(f"--nodes is 1 to {MOST_NODES}, --points 1 to {MOST_POINTS}")
    return made_up_school(nodes, points, ZoneInfo("Asia/Shanghai"))


def _write_site(site: "Site", path: Path) -> None:
    from devices.simulation.schools import site_file

    if site.school.id != "simulated":
        raise CampusError("--site-out is for a made-up school: give --nodes and --points")
    try:
        path.write_text(site_file(site), "utf-8")
    except OSError as error:
        raise CampusError(f"{path} cannot be written: {error.strerror}") from None


def _course(args: argparse.Namespace, site: "Site") -> "Course":
    from devices.simulation.course import Course

    start = _start(args.start or DEFAULT_START, site)
    lasts = timedelta(milliseconds=_duration(args.duration or "1d"))
    period = args.period
    if period is not None and not 0.001 <= period <= 86400:
        raise CampusError("--period is 0.001 to 86400 seconds")
    course = Course(site, start, lasts, args.seed, period=period, only=_wanted(args, site))
    if args.rate:
        course = dataclasses.replace(course, site=_at_rate(course, _per_second(args.rate)))
    return dataclasses.replace(course, script=_script(args, course))


def _wanted(args: argparse.Namespace, site: "Site") -> frozenset[str] | None:
    if not args.only and not args.kind:
        return None
    found = frozenset(
        point.id
        for point in site.points.values()
        if (not args.kind or any(fnmatchcase(point.kind, wanted) for wanted in args.kind))
        and (not args.only or any(
            fnmatchcase(name, wanted)
            for wanted in args.only
            for name in (point.id, point.room, point.node)
        ))
    )  # fmt: skip
    if not found:
        raise CampusError(f"no point fits {', '.join([*args.only, *args.kind])}")
    return found


def _at_rate(course: "Course", per_second: float) -> "Site":
    """The site with periods by which each node gives so many readings a second."""
    asked = [point for point in course.points if KINDS[point.kind].period]
    count = {node: sum(p.node == node for p in asked) for node in {p.node for p in asked}}
    points = dict(course.site.points)
    for point in asked:
        period = count[point.node] / per_second
        points[PointId(point.id)] = dataclasses.replace(point, period=period)
    return dataclasses.replace(course.site, points=points)


def _script(args: argparse.Namespace, course: "Course") -> "Script":
    from devices.simulation.failing import drawn_faults
    from devices.simulation.script import Script, load_script, spoken_script

    zone, start = course.site.timezone, course.start
    parts = [spoken_script(args.scene, args.fault, start, zone)]
    if args.scenario is not None:
        parts.append(load_script(args.scenario, start, zone))
    if not 0 <= args.faults_per_day <= 100:
        raise CampusError("--faults-per-day is 0 to 100")
    points = [(point.id, KINDS[point.kind]) for point in course.points]
    drawn = drawn_faults(points, course.begins, course.ends, args.faults_per_day, args.seed)
    parts.append(Script(faults=drawn))
    script = Script(
        tuple(span for part in parts for span in part.scenes),
        tuple(span for part in parts for span in part.faults),
    )
    names = {name for p in course.site.points.values() for name in (p.id, p.room, p.node)}
    for span in (*script.scenes, *script.faults):
        if not any(fnmatchcase(name, span.at) for name in names):
            raise CampusError(f"{span.name}: no point, room, gate or node fits {span.at!r}")
    return script


def _start(text: str, site: "Site") -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CampusError(f"--from: {text!r} is no time such as 2021-03-01T06:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=site.timezone)


def _duration(text: str) -> int:
    from devices.simulation.script import duration_ms

    try:
        found = duration_ms(text)
    except ValueError as error:
        raise CampusError(f"--duration: {error}") from None
    if found <= 0:
        raise CampusError("--duration is over 0")
    return found


def _per_second(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|min|h))?", text)
    per = {"s": 1.0, "min": 60.0, "h": 3600.0}
    rate = float(found[1]) / per[found[2] or "s"] if found else 0.0
    if rate <= 0:
        raise CampusError(f"--rate: {text!r} is no rate such as 5/s or 30/min")
    return rate
