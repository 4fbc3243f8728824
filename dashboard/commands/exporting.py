"""`campus export` and `campus import`: readings out of the store into a file, and back."""

import argparse
import gzip
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO

from collectors.archive import FORMATS, CsvSink, LineSink, ParquetSink, Sink, read_csv, read_parquet
from dashboard.commands.place import Workplace, add_place_options, workplace
from dashboard.commands.quiet import refuse_running
from devices.errors import CampusError
from devices.model import Fact, PointId, fact_of

AT_ONCE = 5000
DAY = timedelta(days=1)


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    out = verbs.add_parser("export", help="readings into a file: CSV, Parquet or line protocol")
    out.add_argument("file", metavar="FILE", help="where to; - for the screen or a pipe")
    out.add_argument("--point", action="append", default=[], help="only this one; may be repeated")
    out.add_argument("--from", dest="start", required=True, metavar="TIME", help="ISO 8601")
    out.add_argument("--to", dest="end", metavar="TIME", help="ISO 8601; else now")
    out.add_argument("--format", choices=FORMATS, help="else by the file's ending; csv for -")
    add_place_options(out)
    out.set_defaults(run=run_export)
    back = verbs.add_parser("import", help="an exported file into the store; no alarm is raised")
    back.add_argument("file", metavar="FILE", type=Path, help=".csv, .csv.gz or .parquet")
    add_place_options(back)
    back.set_defaults(run=run_import)


def run_export(args: argparse.Namespace) -> int:
    from collectors.store import EventQuery, open_store

    place = workplace(args)
    start, end = _time(args.start, place), place.clock().now()
    end = _time(args.end, place) if args.end else end
    unknown = [point for point in args.point if point not in place.site.points]
    if unknown:
        raise CampusError(f"the site file has no point {unknown[0]!r}")
    points = [PointId(point) for point in args.point] or list(place.site.points)
    count = 0
    with ExitStack() as opened:
        store = opened.enter_context(closing(open_store(place.site, place.data, readonly=True)))
        sink = opened.enter_context(closing(_sink(args, place, opened)))
        for number, point in enumerate(points):
            for first in _days(start, end):
                query = EventQuery([point], first, min(end, first + DAY), 10_000_000)
                facts = [fact_of(reading) for reading in store.events(query)]
                if facts:
                    sink.write(facts)
                count += len(facts)
            _progress(f"{number + 1} of {len(points)} points, {count:,} readings")
    print(f"{count:,} readings of {len(points)} points.", file=sys.stderr)
    return 0


def _sink(args: argparse.Namespace, place: Workplace, opened: ExitStack) -> Sink:
    form = args.format or {".parquet": "parquet", ".lp": "lp"}.get(Path(args.file).suffix, "csv")
    if form == "parquet":
        if args.file == "-":
            raise CampusError("Parquet needs a file: name one that ends in .parquet")
        return ParquetSink(Path(args.file))
    file: IO[str] = sys.stdout
    if args.file != "-":
        try:
            file = opened.enter_context(_text(Path(args.file), "w"))
        except OSError as error:
            raise CampusError(f"{args.file} cannot be written: {error.strerror}") from None
    return CsvSink(file) if form == "csv" else LineSink(file, place.site)


def _text(path: Path, mode: str) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, f"{mode}t", encoding="utf-8", newline="")  # type: ignore[return-value]
    return path.open(mode, encoding="utf-8", newline="")


def _days(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += DAY


def _time(text: str, place: Workplace) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CampusError(f"{text!r} is no time: write 2026-11-24 or 2026-11-24T08:00") from None
    return at if at.tzinfo else at.replace(tzinfo=place.site.timezone)


def run_import(args: argparse.Namespace) -> int:
    """Straight into the store: what is long past shall call nobody."""
    from collectors.store import open_store

    place = workplace(args)
    mistakes: list[str] = []
    count = 0
    with ExitStack() as opened:
        try:
            facts = _facts(args.file, place, mistakes, opened)
            if place.site.store.url.startswith("sqlite:"):
                refuse_running(place.data, "the embedded store has one writer")
            store = opened.enter_context(closing(open_store(place.site, place.data)))
            while part := list(islice(facts, AT_ONCE)):
                refused = store.put(part).refused
                mistakes += [f"{item.reading.point}: {item.reason}" for item in refused]
                count += len(part) - len(refused)
                _progress(f"{count:,} readings")
        except OSError as error:
            raise CampusError(f"{args.file} cannot be read: {error.strerror or error}") from None
    print(f"{count:,} readings are in the store.")
    for mistake in mistakes[:5]:
        print(f"  left out: {mistake}", file=sys.stderr)
    if len(mistakes) > 5:
        print(f"  and {len(mistakes) - 5} more", file=sys.stderr)
    return int(bool(mistakes))


def _facts(path: Path, place: Workplace, mistakes: list[str], opened: ExitStack) -> Iterator[Fact]:
    if path.suffix == ".parquet":
        return read_parquet(path, place.site, mistakes)
    if path.suffix == ".lp":
        raise CampusError("line protocol goes into InfluxDB by its own tools; export CSV instead")
    return read_csv(opened.enter_context(_text(path, "r")), place.site, mistakes)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r  {text}  ", end="", file=sys.stderr)
