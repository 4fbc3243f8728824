"""What recognising broken sensors costs and finds: readings a second, and scores on recorded data.

The stream is a school's: siblings in rooms, a reading a minute each, for two weeks; memory is asked
before and after its second week. The scores are those of `shared/data/sensor_faults/score.py` where
that folder is beside the repository, else null.
"""

import argparse
import importlib.util
import json
import math
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from collectors.faults import Detector, Episode
from collectors.faults.recorded import read

DATA = Path(__file__).parents[2] / "shared" / "data" / "sensor_faults"
SUSTAINED = ("malfunction", "bias", "drift", "polydrift")
"""What the owners call their kinds; the first is noise, the second a stuck value, the third a jump
with noise, the last a drift."""
NAMES = {
    "malfunction": ("noise",),
    "bias": ("frozen",),
    "drift": ("jump", "bias", "noise"),
    "polydrift": ("drift",),
}
DAY = 86400


def stream(sensors: int, days: float, period: float = 60.0) -> Iterator[tuple[str, float, float]]:
    random = Random(7)
    names = [f"room-{n}" for n in range(sensors)]
    for step in range(int(days * DAY / period)):
        at = 1.7e9 + step * period
        true = 20 + 3 * math.sin(2 * math.pi * at / DAY)
        for number, name in enumerate(names):
            yield name, at + number, round(true + number / 10 + random.gauss(0, 0.05), 2)


def per_s(days: float) -> float:
    """Readings a second on one core, of ten siblings."""
    readings = list(stream(10, days))
    observe = Detector(tell=lambda _episode: None).observe
    begun = time.process_time()
    for name, at, value in readings:
        observe(name, at, value)
    return len(readings) / (time.process_time() - begun)


def bytes_per_sensor(days: float) -> tuple[float, float]:
    """Memory of a sensor after a part of the stream, and after all of it."""
    detector = Detector(tell=lambda _episode: None)
    tracemalloc.start()
    sizes = []
    for part in (0.5, 1.0):
        first = int(days * DAY * (part - 0.5) / 60) * 10
        for position, (name, at, value) in enumerate(stream(10, days * part)):
            if position >= first:
                detector.observe(name, at, value)
        sizes.append(tracemalloc.get_traced_memory()[0] / 10)
    tracemalloc.stop()
    return sizes[0], sizes[1]


def found_in(path: Path) -> list[Episode]:
    """The episodes of a recorded file."""
    detector = Detector()
    for row in read(path).rows():
        detector.observe(row.device, row.at, row.value)
    detector.finish()
    return list(detector.taken())


def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", DATA / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(module: ModuleType, path: Path, episodes: Sequence[Episode]) -> dict[str, Any]:
    """What score.py says of the episodes of a file."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for episode in episodes:
            start, end = (datetime.fromtimestamp(t, UTC) for t in (episode.start, episode.end))
            line = {"device": episode.device, "start": start.isoformat(), "end": end.isoformat()}
            file.write(json.dumps(line) + "\n")
        file.flush()
        words, sys.argv = sys.argv, ["score.py", str(path), file.name]
        try:
            with redirect_stdout(StringIO()) as told:
                module.main()
        finally:
            sys.argv = words
    answer: dict[str, Any] = json.loads(told.getvalue())
    return answer


def events_of(module: ModuleType, path: Path) -> dict[str, list[tuple[float, float]]]:
    return {device: spans for device, (_, _, spans) in module.labelled_events(str(path)).items()}


def named(module: ModuleType, path: Path, episodes: Sequence[Episode]) -> Counter[str]:
    """How often which name was given, of the events that were found; the longest episode counts."""
    names: Counter[str] = Counter()
    for device, spans in events_of(module, path).items():
        own = [e for e in episodes if e.device == device]
        for start, end in spans:
            met = [e for e in own if e.start <= end + 600 and e.end >= start]
            if met:
                names[str(max(met, key=lambda e: e.end - e.start).fault)] += 1
    return names


def site(name: str) -> dict[str, Any]:
    """The scores of one recorded site: the sustained kinds pooled, and its clean file."""
    module = scorer()
    hits = events = true = alarms = right = told = 0.0
    table: dict[str, Any] = {}
    for kind in SUSTAINED:
        path = DATA / name / f"{kind}.csv.gz"
        episodes = [e for e in found_in(path) if e.device != "*"]
        result = score(module, path, episodes)
        events += result["events"]
        alarms += result["alarms"]
        hits += (result["recall"] or 0) * result["events"]
        true += (result["precision"] or 0) * result["alarms"]
        names = named(module, path, episodes)
        right += sum(names[fault] for fault in NAMES[kind])
        told += names.total()
        table[kind] = {**result, "named": dict(names.most_common())}
    clean = score(module, DATA / name / "clean.csv.gz", found_in(DATA / name / "clean.csv.gz"))
    recall, precision = hits / events, true / alarms
    return {
        "f1": 2 * recall * precision / (recall + precision),
        "recall": recall,
        "precision": precision,
        "clean": clean["false_per_sensor_day"],
        "right": right / told,
        "kinds": table,
    }


def show(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name}: F1 {found['f1']:.3f} (recall {found['recall']:.3f}, precision"
        f" {found['precision']:.3f}), clean {found['clean']:.3f} false a sensor-day,"
        f" right name {found['right']:.0%}"
    )
    for kind, row in found["kinds"].items():
        print(
            f"  {kind:12} events {row['events']:4} recall {row['recall']:.2f} precision"
            f" {row['precision']:.2f} delay {row['median_delay_min']:5.0f} min  {row['named']}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    days = 7 if args.quick else 28
    figures: dict[str, float | None] = {"per_s": round(per_s(days))}
    before, after = bytes_per_sensor(days)
    figures["bytes_per_sensor_half"], figures["bytes_per_sensor"] = round(before), round(after)
    print(f"{days * 14_400:,} readings of ten siblings, one core: {figures['per_s']:,} readings/s")
    print(f"memory of a sensor: {before:,.0f} bytes after half of them, {after:,.0f} after all")
    for name in ("santander", "sensorscope"):
        found = site(name) if (DATA / name).is_dir() else None
        figures[f"{name}_f1"] = found and round(found["f1"], 3)
        figures[f"{name}_clean_per_day"] = found and found["clean"]
        figures[f"{name}_right_name"] = found and round(found["right"], 3)
        if found:
            show(name, found)
        else:
            print(f"{name}: not here; it belongs into {DATA}")
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
