"""`campus replay`: recorded values through the whole live path, as if their node sent them now."""

import argparse
import csv
import gzip
import math
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from collectors.outbox import new_boot
from dashboard.commands.place import add_place_options, workplace
from devices import wire
from devices.errors import CampusError, TransportError, WireError
from devices.model import (
    ClockState,
    Kind,
    NodeId,
    Origin,
    PointId,
    Reading,
    Value,
    ValueType,
    from_ms,
    to_ms,
)

if TYPE_CHECKING:
    from collectors.mqtt import MqttTransport
    from collectors.transport import Message
    from devices.catalog import Site

BATCH = 100
WINDOW = 20
"""Batches that may be on their way unanswered."""
PATIENCE_S = 30.0
SHOWN_MISTAKES = 5


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = verbs.add_parser("replay", help="recorded values through the whole live path")
    verb.add_argument("file", metavar="FILE.csv[.gz]", type=Path, help="columns time,value")
    verb.add_argument("--point", required=True, help="whose values they are")
    verb.add_argument(
        "--speed", type=float, metavar="N", help="N times as fast as recorded; else at once"
    )
    add_place_options(verb)
    verb.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    place = workplace(args)
    point = place.site.points.get(PointId(args.point))
    if point is None:
        raise CampusError(f"the site file has no point {args.point!r}")
    if args.speed is not None and args.speed <= 0:
        raise CampusError("--speed is over 0, such as 60 for an hour a minute")
    kind = place.site.kinds[PointId(point.id)]
    mistakes: list[str] = []
    rows = sorted(_rows(args.file, kind, place.site, mistakes))
    if not rows:
        raise CampusError(f"{args.file} holds no value that can be sent: {'; '.join(mistakes[:3])}")
    _send(place.site, NodeId(point.node), PointId(point.id), rows, args.speed)
    print(f"{len(rows):,} readings of {point.id} are in the store.")
    for mistake in mistakes[:SHOWN_MISTAKES]:
        print(f"  left out: {mistake}", file=sys.stderr)
    if len(mistakes) > SHOWN_MISTAKES:
        print(f"  and {len(mistakes) - SHOWN_MISTAKES} rows more", file=sys.stderr)
    return int(bool(mistakes))


def _open(path: Path) -> TextIO:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CampusError(f"{path} cannot be read: {error.strerror}") from None


def _rows(path: Path, kind: Kind, site: "Site", mistakes: list[str]) -> Iterator[tuple[int, Value]]:
    """Time in ms and value of each row; what is wrong with the others goes into `mistakes`."""
    with _open(path) as file:
        table = csv.DictReader(file)
        if not {"time", "value"} <= set(table.fieldnames or ()):
            raise CampusError(f"{path} needs a first line with the columns time,value")
        try:
            for row in table:
                try:
                    yield _at(row["time"] or "", site), _value(row["value"] or "", kind)
                except ValueError as error:
                    mistakes.append(f"line {table.line_num}: {error}")
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            mistakes.append(f"after line {table.line_num} the file is damaged: {error}")


def _at(text: str, site: "Site") -> int:
    """ISO 8601 (without a zone: the school's time), or s or ms since 1970."""
    try:
        number = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=site.timezone))
    ms = int(number if number > 1e11 else number * 1000)
    if not wire.EARLIEST_MS <= ms <= wire.LATEST_MS:
        raise ValueError(f"the time {text!r} is not between 2000 and 2100")
    return ms


def _value(text: str, kind: Kind) -> Value:
    if kind.value_type is ValueType.NUMBER:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text!r} is no number")
        return number
    if kind.value_type is ValueType.BOOLEAN:
        if text not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text == "true"
    if kind.values and text not in kind.values:
        raise ValueError(f"{text!r} is not one of {', '.join(kind.values)}")
    return text


@dataclass(slots=True)
class _Answers:
    """Which batches are in the store."""

    boot: str
    stored: set[int]
    changed: threading.Condition

    def hear(self, message: "Message") -> None:
        try:
            ack = wire.decode_ack(message.payload)
        except WireError:
            return
        if ack.boot == self.boot:
            with self.changed:
                self.stored.update(ack.seqs)
                self.changed.notify_all()

    def wait_for(self, sent: int, most: int) -> None:
        """Until at most `most` of the `sent` are unanswered. Raises TransportError."""
        with self.changed:
            if not self.changed.wait_for(lambda: sent - len(self.stored) <= most, PATIENCE_S):
                raise TransportError(
                    f"{sent - len(self.stored)} batches are not answered after {PATIENCE_S:g} s: "
                    "is `campus ingest` running? Sending the file again does no harm"
                )


def _send(
    site: "Site", node: NodeId, point: PointId, rows: Sequence[tuple[int, Value]],
    speed: float | None,
) -> None:  # fmt: skip
    from collectors.mqtt import connect_to

    answers = _Answers(f"replay-{new_boot()}", set(), threading.Condition())
    transport = connect_to(site, f"campus-{answers.boot}", clean=True)
    transport.subscribe(wire.ack_topic(node), answers.hear)
    transport.start()
    try:
        transport.wait_connected(5.0)
        sent = 0
        for batch in _batches(rows, speed):
            sent += 1
            _publish(transport, point, Origin(node, answers.boot, sent), batch)
            answers.wait_for(sent, WINDOW)
            if sys.stderr.isatty():
                print(f"\r  {sent * BATCH:,} of {len(rows):,}", end="", file=sys.stderr)
        answers.wait_for(sent, 0)
    finally:
        transport.close()


def _batches(
    rows: Sequence[tuple[int, Value]], speed: float | None
) -> Iterator[Sequence[tuple[int, Value]]]:
    if speed is None:
        for first in range(0, len(rows), BATCH):
            yield rows[first : first + BATCH]
        return
    began, start = time.monotonic(), rows[0][0]
    for row in rows:
        due = began + (row[0] - start) / 1000 / speed
        time.sleep(max(0.0, due - time.monotonic()))
        yield [row]


def _publish(
    transport: "MqttTransport", point: PointId, origin: Origin, rows: Sequence[tuple[int, Value]]
) -> None:
    readings = [Reading(point, from_ms(ms), value, origin) for ms, value in rows]
    batch = wire.Batch(origin, ClockState.SYNCED, readings)
    transport.publish(wire.up_topic(origin.node), wire.encode_batch(batch))
