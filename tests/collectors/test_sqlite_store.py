"""The embedded store beyond the contract: its file, damage, readers beside the writer, death."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.store import EventQuery, SeriesQuery
from collectors.store.sqlite import CODES, SqliteStore
from devices.catalog import Site
from devices.errors import StoreError, StoreMisconfigured, StoreUnavailable
from devices.model import NodeId, Origin, PointId, Quality, Reading, to_ms
from tests.support.waiting import eventually

FRIDGE = PointId("canteen/fridge-1/temperature")
GATE = PointId("gate-east/gate")
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def reading(second: float, value: float = 4.0) -> Reading:
    origin = Origin(NodeId("canteen-pi"), "", 0)
    return Reading(FRIDGE, START + timedelta(seconds=second), value, origin)


def count(store: SqliteStore) -> int:
    return len(store.events(EventQuery([FRIDGE], START, START + timedelta(days=9), 1_000_000)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "telemetry.db"


@pytest.fixture
def store(path: Path, site: Site) -> Iterator[SqliteStore]:
    store = SqliteStore(path, site)
    yield store
    store.close()


def test_every_quality_has_its_own_number_in_the_file() -> None:
    assert set(CODES) == set(Quality)
    assert len(set(CODES.values())) == len(CODES)


def test_the_file_is_durable_and_small(store: SqliteStore, path: Path, site: Site) -> None:
    store.write([reading(second, second / 16) for second in range(20_000)])
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert path.stat().st_size / 20_000 < 40


def test_a_reader_sees_each_write_beside_the_writer(
    store: SqliteStore, path: Path, site: Site
) -> None:
    reader = SqliteStore(path, site, readonly=True)
    for second in range(5):
        store.write([reading(second)])
        assert count(reader) == second + 1
    assert reader.health().ok
    reader.close()


def test_a_reader_waits_for_a_file_that_is_not_there_yet(path: Path, site: Site) -> None:
    reader = SqliteStore(path, site, readonly=True)
    assert reader.latest([FRIDGE]) == {}
    assert reader.series(SeriesQuery(FRIDGE, START, START + timedelta(hours=1))) == []
    assert "does ingest run?" in reader.health().text
    assert not path.exists()
    writer = SqliteStore(path, site)
    writer.write([reading(0)])
    assert count(reader) == 1
    assert reader.health().ok
    reader.close()
    writer.close()


def test_a_file_without_tables_yet_is_an_empty_store_to_a_reader(path: Path, site: Site) -> None:
    path.parent.mkdir()
    path.touch()
    reader = SqliteStore(path, site, readonly=True)
    assert count(reader) == 0
    reader.close()


def test_a_reader_cannot_write(store: SqliteStore, path: Path, site: Site) -> None:
    reader = SqliteStore(path, site, readonly=True)
    with pytest.raises(StoreError, match="reading only"):
        reader.write([reading(0)])
    reader.close()


def test_a_reader_that_was_closed_may_be_closed_again(store: SqliteStore) -> None:
    count(store)
    store.close()
    store.close()


@pytest.mark.parametrize("spoil", ["start", "middle"])
def test_a_damaged_file_is_named_with_the_way_out_and_left_as_it_is(
    store: SqliteStore, path: Path, site: Site, spoil: str
) -> None:
    store.write([reading(second, second / 16) for second in range(20_000)])
    store.close()
    content = bytearray(path.read_bytes())
    at = 0 if spoil == "start" else len(content) // 2
    content[at : at + 9000] = b"\xaa" * 9000
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged.*mv telemetry.db\*.*backup") as caught:
        SqliteStore(path, site)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_damage_under_way_is_told_and_not_taken_for_weather(
    store: SqliteStore, path: Path, site: Site
) -> None:
    store.write([reading(second, second / 16) for second in range(20_000)])
    store.close()
    reader = SqliteStore(path, site, readonly=True)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xaa" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreMisconfigured, match="is damaged"):
        count(reader)
    assert not reader.health().ok
    reader.close()


def test_a_newer_file_is_not_touched(store: SqliteStore, path: Path, site: Site) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        SqliteStore(path, site)


def test_a_folder_in_place_of_the_file_is_told(path: Path, site: Site) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(path, site)


def test_a_write_that_failed_left_nothing_and_works_later(
    store: SqliteStore, path: Path, site: Site
) -> None:
    stranger = Reading(PointId("new/point"), START, 1.0, Origin(NodeId("new-node"), "", 0))
    with closing(sqlite3.connect(path)) as other:
        pages = store_pages(other)
    limit_pages(store, pages)
    with pytest.raises(StoreUnavailable, match="free space"):
        store.write([stranger, *(reading(second) for second in range(50_000))])
    assert "free space" in store.health().text
    limit_pages(store, 1_000_000)
    assert count(store) == 0
    store.write([stranger, reading(0)])
    assert store.latest([stranger.point])[stranger.point].origin.node == "new-node"
    assert store.health().ok


def store_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])


def limit_pages(store: SqliteStore, pages: int) -> None:
    """Let the file grow no further, as on a full disk."""
    assert store._writer is not None
    store._writer.execute(f"PRAGMA max_page_count = {pages}")


WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from collectors.store.sqlite import SqliteStore
from devices.sitefile import load_site
from tests.collectors.test_sqlite_store import reading
store = SqliteStore(Path(sys.argv[1]), load_site(Path(sys.argv[2])))
second = 0
while True:
    store.write([reading(second + n) for n in range(50)])
    second += 50
    print(second, flush=True)
"""


def test_what_was_confirmed_survives_the_writers_sudden_death(path: Path, site: Site) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(site.path)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert writer.stdout is not None
    confirmed = [int(writer.stdout.readline()) for _ in range(40)][-1]
    os.kill(writer.pid, signal.SIGKILL)
    confirmed = max([confirmed, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.wait(10)
    writer.stdout.close()
    reader = SqliteStore(path, site, readonly=True)
    stored = eventually(lambda: count(reader))
    reader.close()
    assert stored >= confirmed
    assert stored % 50 == 0


def test_readings_of_uncertain_time_are_moved_out_of_packed_days_too(store: SqliteStore) -> None:
    uncertain = [replace(reading(n, 50.0), quality=Quality.CLOCK) for n in range(3)]
    store.write([*uncertain, reading(10, 4.0), reading(20, 6.0)])
    later = START + timedelta(days=3)
    while store.tend(later):
        pass
    store.write([replace(reading(10, 99.0), quality=Quality.CLOCK)])
    store.forget([(r.point, to_ms(r.at)) for r in (*uncertain, reading(10))])
    found = store.events(EventQuery([reading(0).point], START, later))
    assert [r.value for r in found] == [4.0, 6.0]
    (bucket,) = store.series(SeriesQuery(reading(0).point, START, START + timedelta(hours=1), 1))
    assert (bucket.min, bucket.max, bucket.count) == (4.0, 6.0, 2)
    while store.tend(later):
        pass
    assert store.latest([reading(0).point])[reading(0).point].value == 6.0
