"""How long from a gate's pin to the alert at the guard post, beside a bare paho echo; and to SSE.

Run in one go on one machine. `bare` is a message to another process and back through the same
broker, both bare paho, nothing durable. `ours` is a contact at a node's (mock) pin, 50 times a
second: settled, committed to the node's outbox, published, judged with 1,000 rules loaded,
committed to the book, published as the alert that the guard post shows. `loaded` is the same while
5,000 other readings a second pass. `sse` is a reading to its event on an open page.
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
telling = { repeat_s = {}, acknowledge_expires_s = {} }
[[rule]]
id = "GATE"
kind = "state"
title = "校门打开"
title_en = "Gate open"
area = "person"
severity = "critical"
select = { kinds = ["gate"] }
options = { equals = "open" }
text = "{place}打开"
text_en = "{place} open"
effective_from = 2020-01-01
basis = [{ about = "-", standing = "own-default" }]
"""
RULE = """
[[rule]]
id = "BENCH-{n}"
kind = "threshold"
title = "-"
title_en = "-"
area = "food"
severity = "warning"
select = {{ points = ["bench/{n}"] }}
options = {{ above = 50.0, hold_s = 60 }}
text = "-"
text_en = "-"
effective_from = 2020-01-01
basis = [{{ about = "-", standing = "own-default" }}]
"""
POINT = (
    '{{ id = "bench/{n}", kind = "temperature-cold", node = "teach-pi", room = "class-1",'
    ' name = "-" }},\n'
)
RULES = 1000
LOAD_PER_S = 5000
LOAD_BATCH = 50
EVENTS_PER_S = 50
TRIES = 3
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


class Post:
    """A guard post's end of the wire: when each change of the gate's alert came."""

    def __init__(self, port: int) -> None:
        self.came: list[int] = []
        self._active = False
        listening = threading.Event()
        self.client = connected(port, listening.set)
        self.client.on_message = self._hear
        self.client.subscribe(wire.ALERT_FILTER, 1)
        self.client.loop_start()
        listening.wait(PATIENCE_S)

    def _hear(self, _client: Any, _data: Any, message: Any) -> None:
        at = time.monotonic_ns()
        active = b'"active":true' in message.payload
        if active is not self._active:
            self._active = active
            self.came.append(at)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Pin:
    """The node's process; see _pin.py."""

    def __init__(self, site_file: Path, folder: Path, edges: int) -> None:
        script = str(Path(__file__).with_name("_pin.py"))
        words = [sys.executable, script, str(site_file), str(folder), str(edges)]
        self._process = subprocess.Popen(
            [*words, str(EVENTS_PER_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        if "ready" not in self._lines.readline():
            raise RuntimeError("the node did not start")

    def moves(self) -> list[int]:
        """When each edge was settled."""
        self._say("go")
        found = []
        for line in self._lines:
            if line.startswith("over"):
                return found
            found.append(int(line))
        raise RuntimeError("the node ended")

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._say("end")
        self._process.wait(30)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._lines.close()


def alarms(port: int, pin: Pin) -> list[float]:
    """From the gate's pin to the alert that says so, in ms."""
    for _ in range(TRIES):
        with closing(Post(port)) as post:
            edges = pin.moves()
            end = time.monotonic() + PATIENCE_S
            while len(post.came) < len(edges) and time.monotonic() < end:
                time.sleep(0.01)
            if len(post.came) == len(edges):
                return [(came - edge) / 1e6 for came, edge in zip(post.came, edges, strict=True)]
        # Two edges within one look of a node that got no processor for 20 ms are none at all.
    raise RuntimeError("the machine is too busy: the node did not see every edge of its pin")


@contextmanager
def load(port: int) -> Iterator[None]:
    """Telemetry of other points from a process of its own."""
    words = [sys.executable, __file__, "--load", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.kill()


def telemetry(port: int) -> None:
    """The other end of `load`."""
    client = connected(port)
    client.loop_start()
    topic, due, seq = wire.up_topic("teach-pi"), time.monotonic(), 1
    print("ready", flush=True)
    while True:
        now = time.time_ns() // 1_000_000
        first = seq * LOAD_BATCH % RULES
        rows = [[f"bench/{first + n}", now, 4.0 + n / 100] for n in range(LOAD_BATCH)]
        batch = {"v": 1, "boot": "load", "seq": seq, "clock": "synced", "readings": rows}
        client.publish(topic, json.dumps(batch).encode(), qos=1)
        seq += 1
        due += LOAD_BATCH / LOAD_PER_S
        time.sleep(max(0.0, due - time.monotonic()))


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


def school(folder: Path, port: int) -> Path:
    """The small school with a gate on a pin, and 1,000 points with a rule each."""
    path = small_site(folder, mqtt=port).path
    text = path.read_text("utf-8")
    contact = 'driver = "contact", options = { gpio = 17, debounce_s = 0.001, stable_s = 0.001,'
    contact += " chatter_per_min = 1000000 }"
    text = text.replace('{ id = "gate-east/gate",', '{ id = "gate-east/gate", ' + contact + ",")
    more = "".join(POINT.format(n=n) for n in range(RULES))
    path.write_text(text.rstrip().removesuffix("]") + more + "]\n", "utf-8")
    rules = "".join(RULE.format(n=n) for n in range(RULES - 1))
    (folder / "safety_plan.toml").write_text(PLAN + rules, "utf-8")
    return path


@contextmanager
def services(folder: Path) -> Iterator[tuple[int, int, str, Path]]:
    """Broker, ingest, engine and web as a school runs them: their MQTT and HTTP port, a token and
    the site file."""
    port, http_port = free_port(), free_port()
    site_file = school(folder, port)
    data = folder / "data"
    data.mkdir()
    with closing(Accounts(f"sqlite:///{data / 'register.db'}")) as accounts:
        token = accounts.add_token("bench", "viewer")
    with ExitStack() as stack:
        for verb in ("broker", "ingest", "engine", "web"):
            words = [verb, "--config", str(site_file), "--data", str(data)]
            if verb == "web":
                words += ["--http", f"127.0.0.1:{http_port}"]
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", *words], stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        eventually(lambda: healthy(http_port), within=60, what="all services answer")
        yield port, http_port, token, site_file


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
        services(Path(folder)) as (port, http_port, token, site_file),
        closing(Pin(site_file, Path(folder) / "node", count)) as pin,
    ):
        echoed = bare(port, count)
        alarms(port, pin)
        calm = alarms(port, pin)
        with load(port):
            loaded = alarms(port, pin)
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
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.echo:
        echo(args.echo)
        return
    if args.load:
        telemetry(args.load)
        return
    count = 300 if args.quick else 2000
    figures = measure(count)
    print(f"{count} events at {EVENTS_PER_S} a second, {RULES:,} rules; "
          f"loaded: beside {LOAD_PER_S:,} readings a second")  # fmt: skip
    for key, value in figures.items():
        print(f"  {key:15} {value:9.2f} ms   {value / figures['bare_p50_ms']:6.2f} x bare_p50")
    if args.json:
        print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
