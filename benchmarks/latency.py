"""How long from a reading to the alert, beside a bare paho echo; calm and under load; and to SSE.

Run in one go on one machine. `bare` is a message to another process and back through the same
broker, both bare paho. `ours` is a gate's reading to the retained alert that follows it: judged by
the plan, saved in the book (synchronous), published. `sse` is a reading to an open page's stream,
which gathers readings for up to 100 ms.
"""

import argparse
import http.client
import json
import math
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from dashboard.records.accounts import Accounts
from devices import wire
from tests.support.ports import free_port
from tests.support.sites import small_site
from tests.support.waiting import eventually

PLAN = """
role = [{ id = "guard", name = "门卫" }]
route = [{ channel = "guard-post", to = ["own"] }]
[[rule]]
id = "GATE"
kind = "state"
title = "校门打开"
title_en = "Gate open"
area = "person"
severity = "major"
select = { kinds = ["gate"] }
options = { equals = "open" }
text = "{place}打开"
text_en = "{place} open"
effective_from = 2020-01-01
basis = [{ about = "-", standing = "own-default" }]
"""
GATE_UP = wire.up_topic("gate-east-pi")
LOAD_PER_S = 500
PATIENCE_S = 10.0


def connected(port: int, ready: Callable[[], None] | None = None) -> Client:
    """A bare paho client that sends each packet at once, as our own connections do."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_socket_open = lambda _client, _data, sock: sock.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    if ready is not None:
        client.on_subscribe = lambda *_: ready()
    client.connect("127.0.0.1", port)
    return client


class Timer:
    """Publishes something and waits for what follows, again and again."""

    def __init__(self, port: int, answers: str) -> None:
        self._came = threading.Event()
        self._wanted: Callable[[bytes], bool] = lambda payload: False
        listening = threading.Event()
        self.client = connected(port, listening.set)
        self.client.on_message = self._hear
        self.client.subscribe(answers, 1)
        self.client.loop_start()
        listening.wait(PATIENCE_S)

    def _hear(self, _client: Any, _data: Any, message: Any) -> None:
        if self._wanted(message.payload):
            self._came.set()

    def took(self, topic: str, payload: bytes, wanted: Callable[[bytes], bool]) -> float:
        """Milliseconds from publishing `payload` until an answer that is `wanted`."""
        self._wanted = wanted
        self._came.clear()
        start = time.perf_counter()
        self.client.publish(topic, payload, qos=1)
        if not self._came.wait(PATIENCE_S):
            raise RuntimeError(f"nothing followed within {PATIENCE_S:g} s: {payload[:200]!r}")
        return (time.perf_counter() - start) * 1000

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def echo(port: int) -> None:
    """The other end of the bare echo: a process of its own."""
    client = connected(port, lambda: print("ready", flush=True))
    client.on_message = lambda c, _d, m: c.publish("bench/back", m.payload, qos=1)
    client.subscribe("bench/there", 1)
    client.loop_forever()


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[max(0, math.ceil(len(times) * share) - 1)]


def reading(seq: int, point: str, value: Any) -> bytes:
    rows = [[point, time.time_ns() // 1_000_000, value]]
    batch = {"v": 1, "boot": "bench", "seq": seq, "clock": "synced", "readings": rows}
    return json.dumps(batch).encode()


def bare(port: int, count: int) -> list[float]:
    words = [sys.executable, __file__, "--echo", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with closing(Timer(port, "bench/back")) as timer:
                times = []
                for number in range(count):
                    sent = reading(number, "gate-east/gate", "open")
                    times.append(timer.took("bench/there", sent, sent.__eq__))
                return times
        finally:
            process.kill()


def alarms(port: int, count: int, first: int) -> list[float]:
    """From the gate's reading to the alert that says so."""
    with closing(Timer(port, wire.ALERT_FILTER)) as timer:
        times = []
        for number in range(count):
            active = number % 2 == 0
            mark = b'"active":true' if active else b'"active":false'
            sent = reading(first + number, "gate-east/gate", "open" if active else "closed")
            times.append(timer.took(GATE_UP, sent, lambda payload, mark=mark: mark in payload))  # type: ignore[misc]
        return times


@contextmanager
def load(port: int) -> Iterator[None]:
    """Telemetry of other points, LOAD_PER_S readings a second in batches of 10."""
    stop = threading.Event()
    client = connected(port)
    client.loop_start()

    def run() -> None:
        due, seq = time.monotonic(), 1
        while not stop.is_set():
            now = time.time_ns() // 1_000_000
            rows = [["class-1/power", now + n, 100.0 + n] for n in range(10)]
            batch = {"v": 1, "boot": "load", "seq": seq, "clock": "synced", "readings": rows}
            client.publish(wire.up_topic("teach-pi"), json.dumps(batch).encode(), qos=1)
            seq += 1
            due += 10 / LOAD_PER_S
            stop.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


def streams(port: int, http_port: int, token: str, count: int) -> list[float]:
    """From a reading's publishing to its event on an open page's stream."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    connection.request("GET", "/live", headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"/live answered {answer.status}")
    client = connected(port)
    client.loop_start()
    times = []
    try:
        for number in range(count):
            value = 10.0 + number / 1000
            start = time.perf_counter()
            client.publish(
                wire.up_topic("teach-pi"), reading(number, "class-1/temperature", value), qos=1
            )
            while f'"value":{value!r}'.encode() not in answer.readline():
                pass
            times.append((time.perf_counter() - start) * 1000)
    finally:
        connection.close()
        client.disconnect()
        client.loop_stop()
    return times


@contextmanager
def services(folder: Path) -> Iterator[tuple[int, int, str]]:
    """Broker, ingest, engine and web as a school runs them: their MQTT and HTTP port, a token."""
    port, http_port = free_port(), free_port()
    site = small_site(folder, mqtt=port)
    (folder / "safety_plan.toml").write_text(PLAN, "utf-8")
    data = folder / "data"
    data.mkdir()
    with closing(Accounts(f"sqlite:///{data / 'register.db'}")) as accounts:
        token = accounts.add_token("bench", "viewer")
    with ExitStack() as stack:
        for verb in ("broker", "ingest", "engine", "web"):
            words = [verb, "--config", str(site.path), "--data", str(data)]
            if verb == "web":
                words += ["--http", f"127.0.0.1:{http_port}"]
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", *words], stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        eventually(lambda: healthy(http_port), within=60, what="all services answer")
        yield port, http_port, token


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def measure(count: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        services(Path(folder)) as (port, http_port, token),
    ):
        alarms(port, 10, 0)
        echoed = bare(port, count)
        calm = alarms(port, count, 100)
        with load(port):
            loaded = alarms(port, count, 100_000)
        streamed = streams(port, http_port, token, min(count, 200))
    return {
        "bare_p50_ms": percentile(echoed, 0.5), "bare_p99_ms": percentile(echoed, 0.99),
        "p50_ms": percentile(calm, 0.5), "p99_ms": percentile(calm, 0.99),
        "loaded_p99_ms": percentile(loaded, 0.99), "sse_p99_ms": percentile(streamed, 0.99),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.echo:
        echo(args.echo)
        return
    count = 300 if args.quick else 2000
    figures = measure(count)
    print(f"{count} readings each way; load: {LOAD_PER_S} other readings a second")
    for key, value in figures.items():
        print(f"  {key:15} {value:9.2f} ms   {value / figures['bare_p50_ms']:6.2f} x bare_p50")
    if args.json:
        print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
