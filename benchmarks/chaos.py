"""Whatever is killed, cut or full: every committed reading is in the store once, none altered.

Twenty nodes with real outboxes commit readings that are known beforehand, while mishaps drawn by
the seed befall ingesters, broker, store, nodes and network. Then all is let heal, and the store is
read whole. Everything listens on 127.0.0.1 and is stopped by its process id.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._mishaps import Door, Mishap, Process, drawn, listens, relay
from benchmarks._school import POINTS, committed, node_name, point_name, said, site_text
from collectors.store import EventQuery, Store, open_store
from devices.model import from_ms, to_ms
from devices.sitefile import load_site
from tests.support.influxd import Influxd
from tests.support.ports import free_port
from tests.support.waiting import eventually

HERE = Path(__file__).parent
NODES = 20
NODES_A_PROCESS = 4
MOSQUITTO = """user root
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 1000
set_tcp_nodelay true
persistence true
persistence_location {folder}/
autosave_interval 5
"""


class School:
    """All processes of one run; `mishaps` are what can befall them."""

    def __init__(self, folder: Path, kind: str, readings: int, batches_per_s: float) -> None:
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(parents=True)
        self._opened = ExitStack()
        self.broker_port, self._cable_port = free_port(), free_port()
        self.door: Door | None = None
        self.influxd: Influxd | None = None
        self.influx_kills = 0
        store, extra = "sqlite:telemetry.db", ""
        if kind == "influx":
            (folder / "influx").mkdir()
            self.influxd = Influxd(folder / "influx")
            self._opened.callback(self.influxd.stop)
            self.door = Door(self.influxd.port)
            self._opened.callback(self.door.close)
            store, extra = f"http://127.0.0.1:{self.door.port}", 'store.mode = "1.x"'
        self.site_file = folder / "campus.toml"
        self.site_file.write_text(site_text(NODES, self.broker_port, store, extra), "utf-8")
        self.parts = self._start(kind, readings, NODES * 50 / (batches_per_s * 50))

    def _start(self, kind: str, readings: int, pause: float) -> dict[str, list[Process]]:
        conf = self.folder / "mosquitto.conf"
        conf.write_text(MOSQUITTO.format(port=self.broker_port, folder=self.folder))
        broker = self._run("broker", ["/usr/sbin/mosquitto", "-c", str(conf)])
        eventually(lambda: listens(self.broker_port), what="the broker listens")
        cable = relay(self._cable_port, self.broker_port, self.folder / "relay.log")
        self._opened.callback(cable.stop)
        eventually(lambda: listens(self._cable_port), what="the cable is in")
        ingest = [sys.executable, "-m", "dashboard", "ingest", "--config", str(self.site_file),
                  "--data", str(self.data)]  # fmt: skip
        names = ("a", "b") if kind == "influx" else ("",)
        ingesters = [
            self._run("ingest", [*ingest, *(["--name", name] if name else [])]) for name in names
        ]
        nodes = []
        for first in range(0, NODES, NODES_A_PROCESS):
            which = f"{first}-{first + NODES_A_PROCESS - 1}"
            words = [str(HERE / "_school.py"), str(self.data / "nodes"), str(self._cable_port),
                     which, str(readings), str(pause)]  # fmt: skip
            nodes.append(self._run("node", [sys.executable, *words]))
        return {"broker": [broker], "network": [cable], "ingest": ingesters, "node": nodes}

    def _run(self, name: str, words: list[str]) -> Process:
        process = Process(name, words, self.folder / f"{name}.log")
        self._opened.callback(process.stop)
        return process

    # --- mishaps -----------------------------------------------------------------------------

    def mishaps(self, chance: random.Random) -> list[Mishap]:
        def kill(name: str) -> None:
            victim = chance.choice(self.parts[name])
            victim.kill()
            time.sleep(chance.uniform(0, 0.8))
            victim.revive()

        def freeze(name: str) -> None:
            chance.choice(self.parts[name]).pause(chance.uniform(0.3, 2.0))

        found: list[Mishap] = [
            (f"{name} killed", partial(kill, name)) for name in ("ingest", "broker", "node")
        ]
        found += [("network cut", partial(kill, "network")),
                  ("network paused", partial(freeze, "network")),
                  ("ingest paused", partial(freeze, "ingest"))]  # fmt: skip
        if self.influxd is None:
            ingest = self.parts["ingest"][0]
            found.append(("disk full", lambda: ingest.fill_disk(chance.uniform(0.5, 2.0))))
        else:
            found += [("store killed", lambda: self._kill_store(chance.uniform(0, 1.0))),
                      ("store answers 503", lambda: self._shut("closed", chance)),
                      ("store answers too late", lambda: self._shut("late", chance)),
                      ("disk full", lambda: self._fill_store(chance.uniform(0.5, 2)))]  # fmt: skip
        return found

    def _kill_store(self, away: float) -> None:
        assert self.influxd is not None
        self.influxd.kill()
        self.influx_kills += 1
        time.sleep(away)
        self.influxd.start()

    def _shut(self, mode: str, chance: random.Random) -> None:
        assert self.door is not None
        self.door.mode = mode
        time.sleep(chance.uniform(0.5, 2.0))
        self.door.mode = "open"

    def _fill_store(self, seconds: float) -> None:
        """Its log may not grow; Go's runtime may end at that, and then it is started again."""
        assert self.influxd is not None
        self.influxd.limit_files(4096)
        time.sleep(seconds)
        self.influxd.limit_files(None)
        if self.influxd.ended():
            self._kill_store(0)

    # --- the end -----------------------------------------------------------------------------

    def revive(self) -> None:
        for processes in self.parts.values():
            for process in processes:
                process.revive()

    @property
    def finished(self) -> bool:
        return all(process.done for process in self.parts["node"])

    @property
    def kills(self) -> int:
        return self.influx_kills + sum(p.kills for ps in self.parts.values() for p in ps)

    def committed(self) -> dict[int, int]:
        paths = {n: self.data / "nodes" / node_name(n) / "outbox.db" for n in range(NODES)}
        return {number: committed(path) for number, path in paths.items()}

    def close(self) -> None:
        self._opened.close()


def compare(store: Store, told: dict[int, int]) -> Counter[str]:
    """What of the committed readings is stored, lost, twice there or altered."""
    counts: Counter[str] = Counter(stored=0, lost=0, duplicated=0, altered=0)
    for number, count in told.items():
        for place in range(POINTS):
            point = point_name(number, place)
            wanted = {}
            for k in range(place, count, POINTS):
                _, at, value = said(number, k)
                wanted[at] = value
            query = EventQuery([point], from_ms(0), from_ms(4_000_000_000_000), 10_000_000)
            found = [(to_ms(r.at), r.value) for r in store.events(query)]
            times = Counter(at for at, _ in found)
            counts["stored"] += len(times)
            counts["duplicated"] += sum(times.values()) - len(times)
            counts["lost"] += sum(at not in times for at in wanted)
            counts["altered"] += sum(wanted.get(at) != value for at, value in found)
    return counts


def run(
    folder: Path, kind: str, readings: int, seed: int, *, batches_per_s: float = 150.0,
    deadline_s: float = 1500.0, calm_s: tuple[float, float] = (0.3, 1.5),
) -> dict[str, object]:  # fmt: skip
    """One run of `readings` in all; raises AssertionError where it does not come to its end."""
    chance, happened = random.Random(seed), Counter[str]()
    begun = time.monotonic()
    with closing(School(folder, kind, readings // NODES, batches_per_s)) as school:
        mishaps = drawn(school.mishaps(chance), chance)
        planned = readings / 50 / batches_per_s
        while time.monotonic() - begun < planned:
            threading.Event().wait(chance.uniform(*calm_s))
            name, happen = next(mishaps)
            happen()
            happened[name] += 1
            school.revive()
        eventually(
            lambda: school.revive() or school.finished,
            within=deadline_s - (time.monotonic() - begun), what="all outboxes are empty",
        )  # fmt: skip
        told = school.committed()
        kills = school.kills
        for process in school.parts["ingest"]:
            process.stop()
        site = load_site(school.site_file)
        with closing(open_store(site, school.data, readonly=True)) as store:
            counts = compare(store, told)
    return {
        "store": kind, "seed": seed, "committed": sum(told.values()), **counts, "kills": kills,
        "mishaps": dict(happened), "seconds": round(time.monotonic() - begun),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("influx", "sqlite", "both"), default="both")
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="within a minute: 60,000 readings")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    args = parser.parse_args()
    readings = 60_000 if args.quick else args.readings
    figures: dict[str, object] = {}
    sums: Counter[str] = Counter()
    for kind in ("sqlite", "influx") if args.store == "both" else (args.store,):
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder), kind, readings, args.seed)
        print(f"{kind}, seed {args.seed}, {found['seconds']} s: {found['mishaps']}")
        for key in ("committed", "stored", "lost", "duplicated", "altered", "kills"):
            print(f"  {key:12} {found[key]:>12,}")
            sums[key] += int(str(found[key]))
        figures[kind] = found
    if args.json:
        print(json.dumps({**sums, **figures}))


if __name__ == "__main__":
    main()
