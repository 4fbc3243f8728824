"""How fast readings get from MQTT into the store, beside the store alone and bare paho.

Run in one go on one machine: (a) a bare client feeds the store the same line protocol, (b) our
ingester takes the same readings from mosquitto in batches of 50, (c) bare paho receives those
batches and does nothing. The ratios count, not the figures alone.
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
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from collectors.broker import Broker
from collectors.ledger import Ledger
from collectors.store.line import Encoder
from collectors.store.sqlite import SqliteStore
from devices import wire
from devices.catalog import Site
from devices.model import (
    ClockState,
    NodeId,
    Origin,
    PointId,
    Reading,
    from_ms,
)
from tests.support.influxd import Influxd
from tests.support.ports import free_port
from tests.support.sites import small_site

BATCH = 50
START_MS = 1_790_000_000_000
NODES = ("canteen-pi", "teach-pi")
POINTS = ("canteen/fridge-1/temperature", "class-1/temperature", "class-1/power")
WINDOW = 200
"""Batches that a node may have on their way unacknowledged, so that no queue overflows."""


def batch(number: int) -> tuple[str, list[Reading]]:
    """The readings of one batch, all different, and the node that says them."""
    node = NODES[number % len(NODES)]
    origin = Origin(NodeId(node), "bench", number // len(NODES) + 1)
    first = number * BATCH
    return node, [
        Reading(PointId(POINTS[n % 3]), from_ms(START_MS + n), 20 + n % 7 / 8, origin)
        for n in range(first, first + BATCH)
    ]


def payload(number: int) -> tuple[str, bytes]:
    node, readings = batch(number)
    encoded = wire.encode_batch(wire.Batch(readings[0].origin, ClockState.SYNCED, readings))
    return wire.up_topic(node), encoded


def publish(port: int, count: int, answered: bool) -> None:
    """Another process: publishes `count` batches, at most WINDOW of them unanswered."""
    messages = [payload(number) for number in range(count)]
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    room = threading.Semaphore(WINDOW)

    def hear(_client: Any, _data: Any, message: Any) -> None:
        for _ in wire.decode_ack(message.payload)[1]:
            room.release()

    client.on_message = hear
    client.connect("127.0.0.1", port)
    client.subscribe(wire.ack_topic("+"), 1)
    if not answered:
        client.on_publish = lambda *_: room.release()
    client.loop_start()
    for topic, body in messages:
        room.acquire(timeout=60)
        client.publish(topic, body, 1)
    for _ in range(WINDOW):
        room.acquire(timeout=60)
    client.disconnect()
    client.loop_stop()


def publisher(port: int, count: int, *, answered: bool) -> "subprocess.Popen[bytes]":
    words = [sys.executable, __file__, "--publish", str(port), str(count), str(int(answered))]
    return subprocess.Popen(words)


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
    seen = 0
    times: list[float] = []

    def hear(_client: Any, _data: Any, _message: Any) -> None:
        nonlocal seen
        seen += 1
        times.append(time.perf_counter())
        if seen == count:
            done.set()

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_message = hear
    client.connect("127.0.0.1", port)
    client.subscribe(wire.UP_FILTER, 1)
    client.loop_start()
    sender = publisher(port, count, answered=False)
    done.wait(300)
    sender.wait()
    client.disconnect()
    client.loop_stop()
    return seen * BATCH / (times[-1] - times[0])


@contextmanager
def ingester(site: Site, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`campus ingest` as a school runs it."""
    words = ["ingest", "--config", str(site.path), "--data", str(folder)]
    process = subprocess.Popen([sys.executable, "-m", "dashboard", *words])
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
    with ingester(site, folder) as process:
        publisher(port, 200, answered=True).wait()
        cpu, memory = usage(process.pid)
        start = time.perf_counter()
        publisher(port, count, answered=True).wait()
        took = time.perf_counter() - start
        after, grown = usage(process.pid)
    with closing(Ledger(folder / "ingest.db", site.timezone, readonly=True)) as ledger:
        stored = ledger.counters().get("readings", 0)
    readings = count * BATCH
    return {
        "ingest_per_s": readings / took,
        "readings_per_cpu_s": readings / (after - cpu),
        "rss_growth_mb": grown - memory,
        "lost": readings - stored,
    }


def measure(folder: Path, kind: str, count: int) -> dict[str, float | None]:
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
        figures = ours(site, port, folder, count)
    finally:
        broker.close()
        if influxd is not None:
            influxd.stop()
    return {"store_alone_per_s": alone, "bare_paho_per_s": bare, "peer_per_s": None, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("influx", "sqlite"), default="influx")
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--publish", nargs=3, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.publish:
        publish(args.publish[0], args.publish[1], bool(args.publish[2]))
        return
    count = 4_000 if args.quick else 40_000
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), args.store, count)
    alone = figures["store_alone_per_s"] or 1
    print(f"store: {args.store}, {count * BATCH:,} readings in batches of {BATCH}")
    for key in ("store_alone_per_s", "bare_paho_per_s", "ingest_per_s"):
        rate = figures[key] or 0
        print(f"  {key:20} {rate:12,.0f}   {rate / alone:6.2f} x the store alone")
    print(f"  {'readings_per_cpu_s':20} {figures['readings_per_cpu_s']:12,.0f}   of the ingester")
    print(f"  {'rss_growth_mb':20} {figures['rss_growth_mb']:12,.1f}")
    print(f"  {'lost':20} {figures['lost']:12,.0f}")
    print("  no peer is run here yet")
    if args.json:
        rounded = {k: round(v, 1) if v is not None else None for k, v in figures.items()}
        print(json.dumps({"store": args.store, **rounded}))


if __name__ == "__main__":
    main()
