"""What a node costs: memory, processor and import time with 40 points, beside mqtt-io.

Ours is `campus node` on mock pins: twelve contacts, two buttons, a badge reader, a beacon, eight
1-Wire probes and sixteen channels of two converters, each sampled once a second, saved durably and
acknowledged end to end. mqtt-io is installed by this script into a folder that goes again; it gets
16 gpiozero inputs on mock pins and 24 of its own mock sensors, once a second, and saves nothing.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._forty import NODE, points
from collectors.broker import Broker
from collectors.mqtt import MqttTransport
from collectors.transport import Message
from devices.sitefile import load_site
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.sites import SMALL
from tests.support.waiting import eventually

IMPORTS = (
    "import time; start = time.perf_counter()\n"
    "import dashboard.cli; dashboard.cli.parser()\n"
    "import collectors.mqtt, collectors.node\n"
    "from devices.driver import DRIVERS; [DRIVERS[n] for n in "
    "('contact', 'button', 'wiegand', 'beacon', 'onewire', 'analog')]\n"
    "import gpiozero; print(time.perf_counter() - start)"
)
PEER_IMPORTS = (
    "import time; start = time.perf_counter()\n"
    "import mqtt_io.__main__, gpiozero; print(time.perf_counter() - start)"
)
PEER = """\
mqtt: {{ host: 127.0.0.1, port: {port}, topic_prefix: peer, client_id: peer }}
gpio_modules: [{{ name: pins, module: gpiozero }}]
sensor_modules: [{{ name: mock, module: mock }}]
digital_inputs:
{inputs}
sensor_inputs:
{sensors}
"""


def usage(pid: int) -> tuple[float, float]:
    """CPU seconds so far and resident megabytes."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def running(words: list[str], **environment: str) -> Iterator[int]:
    """The process id of a program that ends with the block."""
    process = subprocess.Popen(
        words, env={**os.environ, **environment}, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def watched(pid: int, seconds: float) -> tuple[float, float]:
    """CPU in percent of one core, and the most resident megabytes, over a while."""
    before, most = usage(pid)
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        time.sleep(0.5)
        after, memory = usage(pid)
        most = max(most, memory)
    return 100 * (after - before) / (time.monotonic() - start), most


def import_time(python: str, program: str, times: int) -> float:
    """Seconds, the median of several fresh processes after one that warms the disk."""
    took = [
        float(subprocess.run([python, "-c", program], capture_output=True, check=True).stdout)
        for _ in range(times + 1)
    ]
    return median(took[1:] or took)


def ours(folder: Path, port: int, seconds: float, times: int) -> dict[str, float]:
    text = SMALL.format(mqtt=port, store="sqlite:telemetry.db", extra="")
    node = f'node = [\n  {{ id = "{NODE}", name = "forty", room = "class-1" }},\n'
    text = text.replace("node = [\n", node).replace("point = [\n", "point = [\n" + points())
    path = folder / "campus.toml"
    path.write_text(text, "utf-8")
    script = str(Path(__file__).with_name("_forty.py"))
    with closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "bench-server", clean=True)) as link:
        server = Server(link, load_site(path))
        link.start()
        words = [sys.executable, script, str(path), str(folder)]
        with running(words, CAMPUS_CLOCK_TRUSTED="1") as pid:
            eventually(lambda: len({r.point for r in server.readings}) >= 39, within=30)
            server.readings.clear()
            cpu, memory = watched(pid, seconds)
            rate = len(server.readings) / seconds
    took = import_time(sys.executable, IMPORTS, times)
    return {"rss_mb": memory, "cpu_percent": cpu, "import_s": took, "readings_per_s": rate}


def peer(folder: Path, port: int, seconds: float, times: int) -> dict[str, float]:
    """The same figures of mqtt-io. Raises CalledProcessError where it cannot be installed."""
    venv.create(folder / "peer", with_pip=True)
    python = str(folder / "peer" / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "mqtt-io", "gpiozero"]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    inputs = [
        f"  - {{ name: in{n}, module: pins, pin: {n}, pullup: yes, poll_interval: 1 }}"
        for n in range(2, 18)
    ]
    sensors = [f"  - {{ name: s{n}, module: mock, interval: 1 }}" for n in range(24)]
    config = folder / "peer.yml"
    config.write_text(PEER.format(port=port, inputs="\n".join(inputs), sensors="\n".join(sensors)))
    heard: list[Message] = []
    with closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "bench-ear", clean=True)) as ear:
        ear.subscribe("peer/#", heard.append)
        ear.start()
        words = [python, "-m", "mqtt_io", str(config)]
        with running(words, GPIOZERO_PIN_FACTORY="mock") as pid:
            eventually(lambda: len({m.topic for m in heard}) >= 24, within=30)
            heard.clear()
            cpu, memory = watched(pid, seconds)
            rate = len(heard) / seconds
    took = import_time(python, PEER_IMPORTS, times)
    return {"rss_mb": memory, "cpu_percent": cpu, "import_s": took, "readings_per_s": rate}


def measure(folder: Path, quick: bool) -> tuple[dict[str, float], dict[str, float], str]:
    """Our figures, the peer's, and why there are none of the peer's."""
    port = free_port()
    seconds, times = (15.0, 3) if quick else (60.0, 9)
    with closing(Broker(f"127.0.0.1:{port}", folder)) as broker:
        broker.start()
        mine = ours(folder, port, seconds, times)
        with contextlib.suppress(subprocess.TimeoutExpired):
            try:
                return mine, peer(folder, port, seconds, times), ""
            except (subprocess.CalledProcessError, AssertionError) as error:
                why = getattr(error, "stderr", b"") or str(error).encode()
                return mine, {}, why.decode(errors="replace").strip().splitlines()[-1]
    return mine, {}, "it could not be installed in two minutes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mine, other, why = measure(Path(folder), args.quick)
    print("40 points, one sample a second each")
    for key, value in mine.items():
        beside = f"{other[key]:10.2f}   {value / other[key]:6.2f} x" if other.get(key) else ""
        print(f"  {key:16} {value:10.2f}   mqtt-io {beside or 'not measured'}")
    if why:
        print(f"  mqtt-io did not run here: {why}")
    if args.json:
        figures = {key: round(value, 3) for key, value in mine.items()}
        print(json.dumps(figures | {f"peer_{key}": round(v, 3) for key, v in other.items()}))


if __name__ == "__main__":
    main()
