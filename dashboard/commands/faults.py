"""`campus faults`: the live detector over a recorded file; one JSON line for each fault episode."""

import argparse
import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import CampusError

if TYPE_CHECKING:
    from collectors.faults import Episode

LOST_SENSOR = -127.0
"""What libraries return for a DS18B20 that does not answer; no school is as cold."""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verb = verbs.add_parser(
        "faults", help="sensor faults in a recorded file, one JSON line an episode"
    )
    verb.add_argument(
        "file", metavar="FILE.csv[.gz]", type=Path,
        help="columns time,device,value and perhaps voltage; rows in any order",
    )  # fmt: skip
    verb.add_argument("--low", type=float, help="what is below cannot be")
    verb.add_argument("--high", type=float, help="what is above cannot be")
    verb.add_argument(
        "--ended", action="store_true",
        help="tell a device that never comes back as silent; else it may have been taken away",
    )  # fmt: skip
    verb.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from collectors.faults import Detector
    from collectors.faults.recorded import read

    low, high = args.low, args.high
    if any(limit is not None and not math.isfinite(limit) for limit in (low, high)):
        raise CampusError("--low and --high are numbers such as -30 and 60")
    if low is not None and high is not None and low >= high:
        raise CampusError(f"--low {low:g} is not below --high {high:g}")
    recording = read(args.file)
    detector = Detector((low, high, (LOST_SENSOR,)), tell=_tell)
    observe = detector.observe
    for at, device, value, voltage in recording.rows():
        if voltage == voltage:
            observe(device, at, value, voltage)
        else:
            observe(device, at, value)
    detector.finish(ended=args.ended)
    for mistake in recording.mistakes:
        print(f"  left out: {mistake}", file=sys.stderr)
    more = recording.left_out - len(recording.mistakes)
    if more:
        print(f"  and {more:,} rows more", file=sys.stderr)
    return 0


def _tell(episode: "Episode") -> None:
    line = {
        "device": episode.device,
        "fault": str(episode.fault),
        "start": _iso(episode.start),
        "end": _iso(episode.end),
        "evidence": episode.evidence,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
