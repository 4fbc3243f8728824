"""How long from a gate's pin to the alert at the guard post, beside a bare paho script; and to SSE.

Run in one go on one machine, in turns, each at 50 events a second, through the same broker, QoS 1,
with the same hops and the same observer:

- `bare`: a bare paho process publishes -> broker -> a bare paho script republishes -> broker ->
  observer. Nothing is decided and nothing is durable.
- ours: a contact on a node's (mock) pin settles, is committed to the node's outbox, published ->
  broker -> the engine judges with 1,000 rules, commits to the book, publishes -> broker ->
  observer. Every change of the alert counts, its raising and its return; ingest and web run too.
- `loaded`: ours while 5,000 other readings a second pass.
- `sse`: ours to the event on an open page in place of the guard post.
"""

import argparse
import http.client
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._ends import Mover, Observer, Page, running
from dashboard.records.accounts import Accounts
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
EVENTS_PER_S = 50
SETTLES_S = 1.0
PATIENCE_S = 3.0
TRIES = 5
TURN = 100
"""Events of one side before the other has its turn: what else the machine does meets both."""


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[max(0, math.ceil(len(times) * share) - 1)]


def took(mover: Mover, came: list[int], count: int) -> list[float]:
    """Milliseconds from each move to what followed of it, in turns of so many."""
    found: list[float] = []
    for _ in range(count // TURN):
        found += _turn(mover, came)
    return found


def _turn(mover: Mover, came: list[int]) -> list[float]:
    for _ in range(TRIES):
        came.clear()
        moved = mover.moves(TURN)
        end = time.monotonic() + PATIENCE_S
        while len(came) < len(moved) and time.monotonic() < end:
            time.sleep(0.01)
        if len(came) == len(moved):
            return [(seen - at) / 1e6 for seen, at in zip(came, moved, strict=True)]
        # A process that got no processor for 20 ms opens and closes the gate in one step.
        print("  a turn is repeated: the machine is too busy", file=sys.stderr)
    raise RuntimeError("the machine is too busy: the gate moves faster than it is looked at")


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
        closing(Mover("_pin.py", site_file, Path(folder) / "node", EVENTS_PER_S)) as pin,
        running("_bare.py", "script", port),
        closing(Mover("_bare.py", "source", port, EVENTS_PER_S)) as source,
        closing(Observer(port)) as observer,
    ):
        took(source, observer.echoes, TURN)
        pin.moves(TURN)  # the gate stands open at first, and closed after these
        time.sleep(SETTLES_S)
        bare, calm = list[float](), list[float]()
        for _ in range(count // TURN):
            bare += took(source, observer.echoes, TURN)
            calm += took(pin, observer.alerts, TURN)
        with running("_bare.py", "load", port, LOAD_PER_S, RULES):
            loaded = took(pin, observer.alerts, count)
        with closing(Page(http_port, token)) as page:
            streamed = took(pin, page.alerts, count)
    figures = {
        f"{name}_{label}_ms".removeprefix("_"): percentile(times, share)
        for name, times in (("bare", bare), ("", calm), ("loaded", loaded), ("sse", streamed))
        for label, share in (("p50", 0.5), ("p99", 0.99))
    }
    figures["p50_ratio"] = figures["p50_ms"] / figures["bare_p50_ms"]
    figures["p99_ratio"] = figures["p99_ms"] / figures["bare_p99_ms"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    count = 400 if args.quick else 2000
    figures = measure(count)
    print(f"{count} events each at {EVENTS_PER_S} a second, {RULES:,} rules; "
          f"loaded: beside {LOAD_PER_S:,} readings a second")  # fmt: skip
    for name, what in (
        ("bare_", "a bare paho script that republishes"),
        ("", "pin to the message at the guard post"),
        ("loaded_", "the same beside the load"),
        ("sse_", "pin to the event on an open page"),
    ):
        p50, p99 = figures[f"{name}p50_ms"], figures[f"{name}p99_ms"]
        print(f"  {what:38} p50 {p50:6.2f} ms {p50 / figures['bare_p50_ms']:6.2f} x"
              f"   p99 {p99:6.2f} ms {p99 / figures['bare_p99_ms']:6.2f} x")  # fmt: skip
    if args.json:
        print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
