"""How long a chart takes where the store holds a year: 300 points, one reading a minute each.

The embedded store is asked through `campus web`, as a browser asks; every reading of the year is
kept single, which is more than the 90 days it keeps by default. InfluxDB gets a part of the same
readings and is asked through our store, so its figures lack what the web server adds.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._year import DAYS, facts, fill, year_before
from collectors.store import SeriesQuery
from collectors.store.grid import DAY
from collectors.store.influx import InfluxStore
from devices.model import PointId, to_ms
from devices.sitefile import load_site
from tests.support.influxd import Influxd
from tests.support.ports import free_port
from tests.support.sites import SMALL
from tests.support.waiting import eventually

POINT = """[[point]]
id = "{id}"
kind = "temperature-cold"
node = "canteen-pi"
room = "kitchen"
name = "冷藏柜"
"""
CHARTS = {"day": timedelta(days=1), "week": timedelta(days=7), "year": timedelta(days=DAYS)}
BUCKETS = 300
INFLUX_POINTS = 12


def site_file(folder: Path, count: int, http: int) -> Path:
    """A site with `count` fridges that keeps every reading."""
    head = SMALL.replace("point = [", "point_list = [").partition("point_list")[0]
    text = head.format(mqtt=free_port(), store="sqlite:telemetry.db", extra=f"""
services.http = "127.0.0.1:{http}"
store.raw_days = 0
""")  # fmt: skip
    path = folder / "campus.toml"
    points = "\n".join(POINT.format(id=f"fridge-{n}/temperature") for n in range(count))
    path.write_text(text + points, encoding="utf-8")
    (folder / "safety_plan.toml").write_text("", encoding="utf-8")
    return path


def p95_ms(ask: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.quantiles(took, n=20)[-1]


def campus(*words: str) -> list[str]:
    return [sys.executable, "-m", "dashboard", *words]


@contextmanager
def api(path: Path, data: Path, http: int) -> Iterator[Callable[[str], bytes]]:
    """A running `campus web`, asked by a path with a token of its own."""
    place = ["--config", str(path), "--data", str(data)]
    added = subprocess.run(
        campus("token", "add", "bench", "--role", "viewer", *place),
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    token = added.stdout.split()[-1]
    process = subprocess.Popen(campus("web", *place), stderr=subprocess.DEVNULL)

    def get(address: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{http}{address}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def answers() -> bool:
        try:
            return bool(get("/api/v1/points"))
        except OSError:
            return False

    try:
        eventually(answers, within=60, what="campus web answers")
        yield get
    finally:
        process.terminate()
        process.wait(30)


def embedded(folder: Path, count: int, times: int) -> dict[str, float]:
    http, now = free_port(), datetime.now(UTC)
    path = site_file(folder, count, http)
    site, data = load_site(path), folder / "data"
    data.mkdir()
    start = time.perf_counter()
    readings = fill(data / "telemetry.db", site, list(site.points), now)
    print(f"  made in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    size = (data / "telemetry.db").stat().st_size
    found = {"year_readings": readings, "bytes_per_reading": size / readings}
    chance = random.Random(1)
    points = list(site.points)
    with api(path, data, http) as get:
        for name, span in CHARTS.items():

            def ask(span: timedelta = span) -> bytes:
                end = now - timedelta(days=chance.random() * (DAYS - 7)) * (span.days < DAYS)
                query = {"point": chance.choice(points), "from": to_ms(end - span),
                         "to": to_ms(end), "buckets": BUCKETS}  # fmt: skip
                return get(f"/api/v1/series?{urllib.parse.urlencode(query)}")

            shown = json.loads(ask())
            assert sum(shown["count"]) > span.days * 1400, "the year is not whole"
            found[f"{name}_chart_p95_ms"] = p95_ms(ask, times)
    return found


def folder_size(folder: Path, files: str = "*") -> int:
    return sum(f.stat().st_size for f in folder.rglob(files) if f.is_file())


def influx(folder: Path, count: int, times: int) -> dict[str, float]:
    path = site_file(folder, count, free_port())
    influxd = Influxd(folder)
    try:
        text = path.read_text("utf-8")
        address = f'"{influxd.url}"\nstore.mode = "1.x"'
        path.write_text(text.replace('"sqlite:telemetry.db"', address), "utf-8")
        site, now = load_site(path), datetime.now(UTC)
        points, readings = list(site.points), 0
        with closing(InfluxStore(site)) as store:
            for part in facts(points, to_ms(year_before(now)) // DAY, DAYS):
                store.put(part)
                readings += len(part)
            chance, found = random.Random(1), {}
            for name, span in CHARTS.items():

                def ask(span: timedelta = span) -> None:
                    end = now - timedelta(days=chance.random() * (DAYS - 7)) * (span.days < DAYS)
                    point = PointId(chance.choice(points))
                    assert store.series(SeriesQuery(point, end - span, end, BUCKETS))

                found[f"influx_{name}_chart_p95_ms"] = p95_ms(ask, max(20, times // 5))
        eventually(lambda: folder_size(folder / "wal") < 100_000, within=60, what="all is packed")
        size = folder_size(folder / "data", "*.tsm")
        return {**found, "influx_readings": readings, "influx_bytes_per_reading": size / readings}
    finally:
        influxd.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute: 12 points")
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    count = 12 if args.quick else args.points
    os.environ.pop("CAMPUS_CONFIG", None)
    os.environ["INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION"] = "2s"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "influx").mkdir()
        figures = embedded(Path(folder), count, 200)
        figures |= influx(Path(folder) / "influx", 2 if args.quick else INFLUX_POINTS, 100)
    print(f"{count} points, a reading a minute for {DAYS} days, {BUCKETS} buckets a chart")
    for key, value in figures.items():
        print(f"  {key:26} {value:14,.1f}")
    if args.json:
        print(json.dumps({key: round(value, 2) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
