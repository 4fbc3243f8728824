"""The course that the options of `campus simulate` ask for, each mistake in words."""

import argparse
import dataclasses
import re
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dashboard.commands.place import EXAMPLE, site_path
from devices.errors import CampusError
from devices.kinds import KINDS
from devices.model import PointId

if TYPE_CHECKING:
    from devices.catalog import Site
    from devices.simulation.course import Course
    from devices.simulation.script import Script

NODES, POINTS = 1, 15
MOST_NODES, MOST_POINTS = 500, 2000


def site_of(args: argparse.Namespace) -> "Site":
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


def write_site(site: "Site", path: Path) -> None:
    """The made-up school as a site file, and beside it a plan, where there is none."""
    from devices.simulation.schools import site_file

    if site.school.id != "simulated":
        raise CampusError("--site-out is for a made-up school: give --nodes and --points")
    plan = path.with_name("safety_plan.toml")
    try:
        path.write_text(site_file(site), "utf-8")
        if not plan.exists():
            plan.write_text(_general_plan(), "utf-8")
    except OSError as error:
        raise CampusError(f"{path} cannot be written: {error.strerror}") from None


def _general_plan() -> str:
    """The example plan without the rules that name a room or a point of the example school."""
    head, *rules = (EXAMPLE / "safety_plan.toml").read_text("utf-8").split("[[rule]]\n")
    named = re.compile(r"^select = \{.*\b(rooms|points) =", re.MULTILINE)
    return "[[rule]]\n".join([head, *(rule for rule in rules if not named.search(rule))])


def course_of(args: argparse.Namespace, site: "Site", start: datetime, lasting: str) -> "Course":
    from devices.simulation.course import Course

    lasts = timedelta(milliseconds=_duration(lasting))
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


def start_of(text: str, site: "Site") -> datetime:
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
