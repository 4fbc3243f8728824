"""`campus init` and `campus check`: a site file and plan to start from, and whether they hold."""

import argparse
import dataclasses
import json
import shutil
from pathlib import Path

from dashboard.commands.place import EXAMPLE, add_place_options, site_path
from devices.assigned import FILE, Assigned
from devices.errors import CampusError, ConfigError, Problem
from devices.sitefile import load_site

FILES = ("campus.toml", "safety_plan.toml", "safety_plan.tests.toml")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    init = verbs.add_parser("init", help="a commented site file and safety plan to start from")
    init.add_argument("dir", metavar="DIR", type=Path)
    init.set_defaults(run=run_init)
    check = verbs.add_parser("check", help="lists every mistake in the site file and the plan")
    add_place_options(check)
    check.add_argument("--json", action="store_true", help="one JSON object, for programs")
    check.set_defaults(run=run_check)


def run_init(args: argparse.Namespace) -> None:
    folder: Path = args.dir
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise CampusError(f"{folder} has {' and '.join(taken)} already: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(EXAMPLE / name, folder / name)
    except OSError as error:
        raise CampusError(
            f"{folder} cannot be written ({error.strerror}): check its rights"
        ) from None
    print(f"Wrote {', '.join(str(folder / name) for name in FILES)}.")
    print(f"Change them to your school, then: campus check --config {folder / FILES[0]}")


def problems_of(path: Path, data: Path | None = None) -> tuple[list[Problem], str]:
    """Every mistake in the site file, the plan beside it, and the points assigned on the page
    (in the folder `data`); a summary where there is none."""
    from alerts.plan import load_plan, read_plan

    plan_path = path.with_name("safety_plan.toml")
    assigned = Assigned((data or path.parent / "data") / FILE)
    try:
        site = dataclasses.replace(load_site(path), overlay=assigned)
        assigned.join(site)
    except ConfigError as error:
        # Without a site the plan's references cannot be followed, but its tables can be read.
        return [*error.problems, *read_plan(plan_path)[1]], ""
    try:
        plan = load_plan(plan_path, site)
    except ConfigError as error:
        return [*assigned.problems, *error.problems], ""
    if assigned.problems:
        return list(assigned.problems), ""
    counts = (
        f"{len(site.places)} rooms and gates, {len(site.nodes)} nodes, {len(site.points)} points"
    )
    return [], f"{site.school.name}: {counts}, {len(plan.rules)} rules. No mistakes."


def run_check(args: argparse.Namespace) -> None:
    problems, summary = problems_of(site_path(args), args.data)
    if args.json:
        rows = [
            {"file": p.file, "line": p.line, "where": p.where, "what": p.what, "remedy": p.remedy}
            for p in problems
        ]
        print(json.dumps({"ok": not rows, "problems": rows}, ensure_ascii=False))
        raise SystemExit(2 if rows else 0)
    if problems:
        raise ConfigError(problems)
    print(summary)
