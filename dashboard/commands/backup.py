"""`campus backup` and `campus restore`: everything in one checked file, and back."""

import argparse
import sys
from pathlib import Path

from dashboard.commands.place import add_place_options, workplace
from dashboard.commands.quiet import refuse_running
from devices.errors import CampusError
from devices.service import Clock
from devices.sitefile import find_site_file

KEPT_DAYS = 30
"""As long as passages of pupils are kept one by one: a backup may not outlive them."""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    out = verbs.add_parser("backup", help="databases and configuration into one checked file")
    out.add_argument("target", metavar="FILE.tar.gz|DIR", type=Path, help="a folder: a new file")
    out.add_argument(
        "--keep", type=int, default=KEPT_DAYS, metavar="DAYS",
        help="remove backups in that folder older than this (30); 0: none",
    )  # fmt: skip
    add_place_options(out)
    out.set_defaults(run=run_backup)
    back = verbs.add_parser("restore", help="a backup into the data folder; what is there is kept")
    back.add_argument("file", metavar="FILE.tar.gz", type=Path)
    add_place_options(back)
    back.set_defaults(run=run_restore)


def run_backup(args: argparse.Namespace) -> int:
    from dashboard.backups import back_up, forget_old

    place = workplace(args)
    now, target = place.clock().now(), args.target
    if target.is_dir():
        target = target / f"campus-{now:%Y%m%dT%H%M%S}.tar.gz"

    def progress(name: str) -> None:
        if sys.stderr.isatty():
            print(f"\r  {name[:70]:70}", end="", file=sys.stderr)

    sums = back_up(target, place.data, place.site.path, now, progress)
    print(f"Wrote and checked {target}: {len(sums)} files, {target.stat().st_size:,} bytes.")
    store, records = place.site.store.url, place.site.records
    if not store.startswith("sqlite:"):
        print("InfluxDB's readings are not in it: back them up with influxd backup or its disk.")
    if records.book or records.register:
        print("Books in PostgreSQL are not in it: back them up with pg_dump.")
    if args.target.is_dir() and args.keep:
        for path in forget_old(args.target, now, args.keep):
            print(f"Removed {path.name}, older than {args.keep} days.")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    from dashboard.backups import restore, verify

    if not args.file.is_file():
        raise CampusError(f"there is no backup {args.file}")
    verify(args.file)
    data: Path = args.data.resolve()
    refuse_running(data, "a backup cannot be put under it")
    site_file = find_site_file(args.config) or Path("campus.toml")
    aside = restore(args.file, data, site_file.resolve(), Clock().now())
    print(f"Restored {data}. Start the monitor: campus up --data {data}")
    if aside is not None:
        print(f"What was there before is in {aside}.")
    return 0
