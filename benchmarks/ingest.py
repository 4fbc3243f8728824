"""How fast readings get from MQTT into the store, beside the store alone and bare paho.

Run in one go on one machine: (a) a bare client feeds the store the same line protocol, (b) our
ingester takes the same readings from mosquitto in batches of 50, (c) bare paho receives those
batches and does nothing, (d) Node-RED, installed from npm, does the job. Then nodes with real
outboxes commit 5,000 readings a second: the time from each commit to the word that it is stored.
The ratios count, not the figures alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import _nodered, _school
from benchmarks._nodes import BATCH, NODES, POINTS, START_MS, batch
from collectors.broker import Broker
from collectors.ledger import Ledger
from collectors.store import SeriesQuery, open_store
from collectors.store.line import Encoder
from collectors.store.sqlite import SqliteStore
from devices import wire
from devices.catalog import Site
from devices.model import NodeId, PointId, from_ms
from devices.sitefile import load_site
from tests.support.influxd import Influxd
from tests.support.ports import free_port
from tests.support.sites import small_site

WARM_UP = 200
"""Batches before the clock starts."""


@contextmanager
def publisher(port: int, first: int, count: int, *, stored: bool) -> Iterator[Popen[str]]:
    """A process with `count` batches prepared; `go` starts it."""
    words = [sys.executable, str(Path(__file__).with_name("_nodes.py"))]
    numbers = [str(number) for number in (port, first, count, int(stored))]
    process = Popen([*words, *numbers], stdin=PIPE, stdout=PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the publisher did not start")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def go(process: Popen[str]) -> None:
    """Have all batches published; returns once they are answered."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    if not process.stdout.readline().startswith("sent"):
        raise RuntimeError("the publisher ended before everything was answered")


def store_alone(site: Site, influxd: Influxd | None, folder: Path, count: int) -> float:
    """Readings a second that the store takes from a bare client, 5,000 at a time."""
    readings = [r for number in range(count) for r in batch(number)[1]]
    if influxd is None:
        with closing(SqliteStore(folder / "alone.db", site)) as store:
            start = time.perf_counter()
            for n in range(0, len(readings), 5000):
                store.write(readings[n : n + 5000])
            return len(readings) / (time.perf_counter() - start)
    encoder = Encoder(site)
    lines = [encoder.line(reading) for reading in readings]
    ask = f"{influxd.url}/query?q=CREATE+DATABASE+alone"
    urllib.request.urlopen(urllib.request.Request(ask, b"")).close()
    start = time.perf_counter()
    for n in range(0, len(lines), 5000):
        body = "\n".join(lines[n : n + 5000]).encode()
        url = f"{influxd.url}/write?db=alone&precision=ms"
        urllib.request.urlopen(urllib.request.Request(url, body)).close()
    return len(readings) / (time.perf_counter() - start)


def bare_paho(port: int, count: int) -> float:
    """Readings a second that reach a paho client which does nothing with them."""
    done = threading.Event()
    listening = threading.Event()
    times: list[float] = []

    def hear(_client: Any, _data: Any, _message: Any) -> None:
        times.append(time.perf_counter())
        if len(times) == count:
            done.set()

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_message = hear
    client.on_subscribe = lambda *_: listening.set()
    client.connect("127.0.0.1", port)
    client.subscribe(wire.UP_FILTER, 1)
    client.loop_start()
    listening.wait(10)
    with publisher(port, 0, count, stored=False) as sender:
        go(sender)
        done.wait(300)
    client.disconnect()
    client.loop_stop()
    return len(times) * BATCH / (times[-1] - times[0])


@contextmanager
def ingester(site: Site, folder: Path) -> Iterator[Popen[bytes]]:
    """`campus ingest` as a school runs it."""
    words = ["ingest", "--config", str(site.path), "--data", str(folder)]
    process = Popen([sys.executable, "-m", "dashboard", *words])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds and resident megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def ours(site: Site, port: int, folder: Path, count: int) -> dict[str, float]:
    """The whole way: published, stored, booked, acknowledged."""
    total = WARM_UP + count
    with ingester(site, folder) as process:
        with publisher(port, 0, WARM_UP, stored=True) as sender:
            go(sender)
        with publisher(port, WARM_UP, count, stored=True) as sender:
            cpu, memory = usage(process.pid)
            start = time.perf_counter()
            go(sender)
            took = time.perf_counter() - start
            after, grown = usage(process.pid)
    with closing(Ledger(folder / "ingest.db", site.timezone, readonly=True)) as ledger:
        missing = {node: total // len(NODES) for node in NODES}
        for node in NODES:
            for first, last in ledger.ranges(NodeId(node), "bench"):
                missing[node] -= last - first + 1
    return {
        "ingest_per_s": count * BATCH / took,
        "readings_per_cpu_s": count * BATCH / (after - cpu),
        "rss_growth_mb": grown - memory,
        "lost": sum(missing.values()) * BATCH
        + total * BATCH
        - stored_readings(site, folder, total),
    }


def peer_per_s(program: Path, influxd: Influxd, port: int, folder: Path, count: int) -> float:
    """Readings a second that Node-RED brings into the store, from the first batch to the last."""
    with (
        _nodered.running(program, folder, port, influxd),
        publisher(port, 0, count, stored=False) as sender,
    ):
        start = time.perf_counter()
        go(sender)
        quiet, before = 0, -1
        while (now := _nodered.stored(influxd)) < count * BATCH and quiet < 50:
            quiet, before = quiet + 1 if now == before else 0, now
            time.sleep(0.1)
        return now / (time.perf_counter() - start - quiet * 0.1)


def commit_to_durable(folder: Path, kind: str, seconds: int) -> dict[str, float]:
    """p50 and p99, in ms, of 20 nodes that commit 100 batches of 50 a second in all."""
    port = free_port()
    influxd = Influxd(folder) if kind == "influx" else None
    store = influxd.url if influxd else "sqlite:telemetry.db"
    extra = 'store.mode = "1.x"' if influxd else ""
    path = folder / "campus.toml"
    path.write_text(_school.site_text(20, port, store, extra), encoding="utf-8")
    broker = Broker(f"127.0.0.1:{port}", folder)
    broker.start()
    try:
        with ingester(load_site(path), folder):
            words = [str(Path(__file__).with_name("_school.py")), str(folder / "nodes"), str(port)]
            for load in (["0", str(BATCH), "1"], ["0-19", str(seconds * 5 * BATCH), "0.2"]):
                done = subprocess.run(
                    [sys.executable, *words, *load], stdout=PIPE, check=True, timeout=300
                )  # the first only waits until the ingester listens
    finally:
        broker.close()
        if influxd is not None:
            influxd.stop()
    took = json.loads(done.stdout)
    return {"commit_p50_ms": 1000 * took[len(took) // 2],
            "commit_p99_ms": 1000 * took[len(took) * 99 // 100]}  # fmt: skip


def stored_readings(site: Site, folder: Path, batches: int) -> int:
    """How many of the published readings the store gives back."""
    start, end = from_ms(START_MS), from_ms(START_MS + batches * BATCH)
    with closing(open_store(site, folder, readonly=True)) as store:
        buckets = [store.series(SeriesQuery(PointId(p), start, end, 1)) for p in POINTS]
    return sum(bucket.count for found in buckets for bucket in found)


def measure(folder: Path, kind: str, count: int, program: Path | None) -> dict[str, float | None]:
    port = free_port()
    influxd = Influxd(folder) if kind == "influx" else None
    mode = 'store.mode = "1.x"\n' if influxd else ""
    store = influxd.url if influxd else "sqlite:telemetry.db"
    site = small_site(folder, mqtt=port, store=store, extra=mode)
    broker = Broker(f"127.0.0.1:{port}", folder)
    broker.start()
    try:
        alone = store_alone(site, influxd, folder, count)
        bare = bare_paho(port, count)
        figures: dict[str, float | None] = {**ours(site, port, folder, count)}
        figures["peer_per_s"] = None
        if program is not None and influxd is not None:
            figures["peer_per_s"] = peer_per_s(program, influxd, port, folder, count // 2)
    finally:
        broker.close()
        if influxd is not None:
            influxd.stop()
    return {"store_alone_per_s": alone, "bare_paho_per_s": bare, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("influx", "sqlite"), default="influx")
    parser.add_argument("--no-peer", action="store_true", help="without Node-RED")
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    count = 8_000 if args.quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("npm", "run", "paced"):
            (folder / part).mkdir()
        program = None if args.no_peer else _nodered.install(folder / "npm")
        figures = measure(folder / "run", args.store, count, program)
        figures |= commit_to_durable(folder / "paced", args.store, 10 if args.quick else 60)
    alone, peer = figures["store_alone_per_s"] or 1, figures["peer_per_s"]
    print(f"store: {args.store}, {count * BATCH:,} readings in batches of {BATCH}")
    for key in ("store_alone_per_s", "bare_paho_per_s", "peer_per_s", "ingest_per_s"):
        rate = figures[key] or 0
        beside = f"   {rate / peer:6.2f} x Node-RED" if peer else ""
        print(f"  {key:20} {rate:12,.0f}   {rate / alone:6.2f} x the store alone{beside}")
    print(f"  {'readings_per_cpu_s':20} {figures['readings_per_cpu_s']:12,.0f}   of the ingester")
    for key, unit in (("rss_growth_mb", ""), ("lost", ""), ("commit_p50_ms", "at 5,000 a second"),
                      ("commit_p99_ms", "from the node's commit to stored")):  # fmt: skip
        print(f"  {key:20} {figures[key]:12,.1f}   {unit}")
    if peer is None:
        print("  no peer: Node-RED could not be installed, or the store is not InfluxDB")
    if args.json:
        rounded = {k: round(v, 1) if v is not None else None for k, v in figures.items()}
        print(json.dumps({"store": args.store, **rounded}))


if __name__ == "__main__":
    main()
