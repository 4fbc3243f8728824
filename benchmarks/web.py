"""The dashboard under load: the overview of 1,000 points, a year's chart, and 200 open pages.

Broker, ingest and `campus web` run as at a school, with 1,000 readings a second coming in. Times
of the browser are of Debian's Chromium on the same two cores; the bytes are what it received over
the wire for the whole page, and every address that it asked is counted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks._bare import connected
from benchmarks._year import fill
from benchmarks.latency import healthy
from dashboard.records.accounts import Accounts
from devices import wire
from devices.model import PointId
from devices.sitefile import load_site
from tests.support.browser import QUIET
from tests.support.ports import free_port
from tests.support.sites import SMALL
from tests.support.waiting import eventually

POINTS = 1000
PER_S = 1000
BATCH = 50
SCREENS, SLOW = 195, 5
"""Together the two hundred screens that the dashboard is promised to serve."""
PASSWORD = "only for the benchmark"
KINDS = ("temperature-cold", "temperature-room", "power", "humidity", "contact")
FIRST_VALUE = """() => new Promise((resolve) => {
  const watcher = new MutationObserver(() => resolve(performance.now()));
  for (const at of document.querySelectorAll("[data-point]"))
    watcher.observe(at, { attributes: true, attributeFilter: ["data-at"] });
})"""
CHART_DRAWN = """() => new Promise((resolve) => {
  const look = () => document.querySelector("[data-chart] .u-over")
    ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
  look();
})"""


def site_file(folder: Path, mqtt: int, http: int) -> Path:
    """Ten buildings' worth of rooms with five kinds of points, 1,000 in all."""
    head = SMALL.partition("point = [")[0].format(
        mqtt=mqtt, store="sqlite:telemetry.db", extra=f'services.http = "127.0.0.1:{http}"'
    )
    points = "".join(
        f'[[point]]\nid = "bench/{n}"\nkind = "{KINDS[n % len(KINDS)]}"\nnode = "canteen-pi"\n'
        f'room = "{"kitchen" if n % 3 else "class-1"}"\nname = "测点 {n}"\n'
        for n in range(POINTS)
    )
    path = folder / "campus.toml"
    path.write_text(head + points, encoding="utf-8")
    (folder / "safety_plan.toml").write_text("", encoding="utf-8")
    return path


@contextmanager
def services(path: Path, data: Path, http: int) -> Iterator[int]:
    """Broker, ingest, engine and web; the process id of web."""
    with ExitStack() as stack:
        pids = {}
        for verb in ("broker", "ingest", "engine", "web"):
            words = [verb, "--config", str(path), "--data", str(data)]
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", *words], stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            pids[verb] = process.pid
        eventually(lambda: healthy(http), within=60, what="all services answer")
        yield pids["web"]


@contextmanager
def readings(port: int) -> Iterator[None]:
    """PER_S readings a second of all points in turn, until the end."""
    stop, client = threading.Event(), connected(port)
    client.loop_start()

    def publish() -> None:
        topic, due, seq = wire.up_topic("canteen-pi"), time.monotonic(), 1
        while not stop.wait(max(0.0, due - time.monotonic())):
            now = time.time_ns() // 1_000_000
            first = seq * BATCH % POINTS
            rows = [[f"bench/{n}", now, value(n, seq)] for n in range(first, first + BATCH)]
            batch = {"v": 1, "boot": "web", "seq": seq, "clock": "synced", "readings": rows}
            client.publish(topic, json.dumps(batch).encode(), qos=1)
            seq, due = seq + 1, due + BATCH / PER_S

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.disconnect()
        client.loop_stop()


def value(number: int, seq: int) -> float | str:
    if KINDS[number % len(KINDS)] == "contact":
        return "open" if (number + seq) % 2 else "closed"
    return 4.0 + number % 7 + seq % 40 / 16


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def overview(http: int, token: str, times: int) -> float:
    """Milliseconds of the server for the overview, the 95th of 100."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{http}/", headers={"Authorization": f"Bearer {token}"}
    )
    took = []
    for _ in range(times):
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
        took.append((time.perf_counter() - start) * 1000)
    return p95(took)


def log_in(browser: Browser, http: int) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"http://127.0.0.1:{http}/login")
    page.fill("input[name=name]", "bench")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def in_browser(http: int, times: int) -> dict[str, float]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        page = log_in(browser, http)
        received: list[float] = []
        foreign: list[str] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.loadingFinished", lambda e: received.append(e["encodedDataLength"]))
        page.on("request", lambda r: foreign.append(r.url) if f":{http}/" not in r.url else None)
        page.goto(f"http://127.0.0.1:{http}/")
        first = float(page.evaluate(FIRST_VALUE))
        page.wait_for_timeout(1000)
        got, charts = sum(received), []
        for _ in range(times):
            page.goto(f"http://127.0.0.1:{http}/points/bench/0?range=1y", wait_until="commit")
            charts.append(float(page.evaluate(CHART_DRAWN)))
        browser.close()
    return {"overview_bytes": got, "external_requests": len(foreign), "first_value_ms": first,
            "year_chart_p95_ms": p95(charts)}  # fmt: skip


def spent_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def screens(http: int, token: str, pid: int, seconds: float) -> dict[str, Any]:
    words = [sys.executable, str(Path(__file__).parent / "_screens.py"), str(http), token,
             str(SCREENS), str(SLOW), str(seconds)]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(2)
        start, used, held = time.monotonic(), spent_s(pid), memory_mb(pid)
        said = json.loads(process.stdout.readline())
        share = (spent_s(pid) - used) / (time.monotonic() - start)
    return {
        "sse_clients": SCREENS + SLOW, "sse_lost": said["lost"], "sse_cut": said["cut"],
        "sse_events_per_s": said["events"] / SCREENS / seconds, "sse_behind": said["behind"],
        "sse_slow_resumed": said["slow_resumed"], "web_core_share": share,
        "web_growth_mb": memory_mb(pid) - held,
    }  # fmt: skip


def measure(quick: bool) -> dict[str, Any]:
    mqtt, http = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = site_file(folder, mqtt, http)
        data = folder / "data"
        data.mkdir()
        fill(data / "telemetry.db", load_site(path), [PointId("bench/0")], datetime.now(UTC))
        with closing(Accounts(f"sqlite:///{data / 'register.db'}")) as accounts:
            token = accounts.add_token("bench", "viewer")
            accounts.add_user("bench", PASSWORD, "viewer")
        with services(path, data, http) as pid, readings(mqtt):
            found: dict[str, Any] = {"overview_p95_ms": overview(http, token, 60 if quick else 200)}
            found |= in_browser(http, 10 if quick else 30)
            found |= screens(http, token, pid, 10 if quick else 60)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    figures = measure(args.quick)
    print(f"{POINTS:,} points, {PER_S:,} readings a second, {SCREENS} pages and {SLOW} slow ones")
    for key, figure in figures.items():
        print(f"  {key:20} {figure:14,.2f}")
    if args.json:
        print(json.dumps({key: round(figure, 3) for key, figure in figures.items()}))


if __name__ == "__main__":
    main()
