"""kill -9 of each part in turn while the school reports: what a node committed is stored once."""

import contextlib
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.store import EventQuery, open_store
from devices import wire
from devices.model import PointId, Value, from_ms, to_ms
from devices.sitefile import load_site
from tests.conftest import EXAMPLE
from tests.support.demo import Running
from tests.support.influxd import Influxd
from tests.support.waiting import eventually

NODE = "canteen-pi"
WITNESS = """
CREATE TABLE IF NOT EXISTS witness (boot TEXT, seq INTEGER, payload BLOB);
CREATE TRIGGER IF NOT EXISTS saw AFTER INSERT ON batch BEGIN
    INSERT INTO witness VALUES (NEW.boot, NEW.seq, NEW.payload);
END;
"""
"""Inside the node's own transaction: whatever was committed is witnessed, and nothing else."""


@pytest.fixture(params=["sqlite", "influxdb"])
def influxd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Influxd | None]:
    if request.param == "sqlite":
        yield None
        return
    (tmp_path / "influxd").mkdir()
    server = Influxd(tmp_path / "influxd")
    yield server
    server.stop()


@pytest.fixture
def site_file(influxd: Influxd | None, tmp_path: Path) -> Path:
    """The example school in a hurry, with the store under test: each sensor speaks every second."""
    shutil.copy(EXAMPLE / "safety_plan.toml", tmp_path)
    text = (EXAMPLE / "campus.toml").read_text("utf-8")
    if influxd is not None:
        address = f'store.url = "{influxd.url}"\nstore.mode = "1.x"'
        text = text.replace('store.url = "sqlite:telemetry.db"', address)
    text = re.sub(r'driver = "(onewire|analog|power)"', r"period = 1, \g<0>", text)
    path = tmp_path / "campus.toml"
    path.write_text(text, "utf-8")
    return path


def outboxes(running: Running) -> list[Path]:
    return sorted(running.data.glob("nodes/*/outbox.db"))


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, timeout=10)) as db:
        return db.execute(sql).fetchall()


def waiting(running: Running) -> int:
    """Batches that are in an outbox and not yet acknowledged."""
    return sum(
        int(str(ask(path, "SELECT count(*) FROM batch")[0][0])) for path in outboxes(running)
    )


def test_every_committed_reading_is_in_the_store_exactly_once(
    site_file: Path, influxd: Influxd | None, data: Path
) -> None:
    running = Running(data, "--demo", "--config", str(site_file))
    try:
        for path in outboxes(running):
            with closing(sqlite3.connect(path, timeout=10)) as db:
                db.executescript(WITNESS)
        for victim in ("ingest", "broker", NODE, "engine", "web"):
            running.kill(victim)
        if influxd is not None:
            influxd.kill()
            eventually(lambda: waiting(running) > 5, within=60, what="the outboxes fill")
            influxd.start()
        eventually(lambda: waiting(running) <= 20, within=60, what="the outboxes are empty again")
        restarts = {name: s["restarts"] for name, s in running.services().items()}
    finally:
        running.stop()
    for victim in ("ingest", "broker", NODE, "engine", "web"):
        assert restarts[victim] == 1, restarts
    unanswered = waiting(running)

    site = load_site(site_file)
    committed: dict[tuple[PointId, int], Value] = {}
    for path in outboxes(running):
        topic = wire.up_topic(path.parent.name)
        for _, _, payload in ask(path, "SELECT * FROM witness"):
            assert isinstance(payload, bytes)
            decoded = wire.decode_batch(topic, payload, site.kinds)
            assert decoded.refusals == []
            for reading in decoded.readings:
                key = (reading.point, to_ms(reading.at))
                assert committed.setdefault(key, reading.value) == reading.value
    assert len(committed) > 500
    with contextlib.closing(open_store(site, data, readonly=True)) as store:
        first = from_ms(min(at for _, at in committed))
        everything = EventQuery(
            list(site.points), first, from_ms(4_000_000_000_000), limit=1_000_000
        )
        stored = [(r.point, to_ms(r.at), r.value) for r in store.events(everything)]
    times = Counter((point, at) for point, at, _ in stored)
    assert max(times.values()) == 1
    values = {(point, at): value for point, at, value in stored}
    lost = [key for key in committed if key not in values]
    altered = [key for key, value in committed.items() if values.get(key, value) != value]
    assert altered == []
    # What had not been answered when all was stopped is still safe in its outbox.
    assert len(lost) == 0 or unanswered > 0
    held = {
        (r.point, to_ms(r.at))
        for path in outboxes(running)
        for (payload,) in ask(path, "SELECT payload FROM batch")
        if isinstance(payload, bytes)
        for r in wire.decode_batch(wire.up_topic(path.parent.name), payload, site.kinds).readings
    }
    assert [key for key in lost if key not in held] == []
