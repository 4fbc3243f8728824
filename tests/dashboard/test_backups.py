"""What the monitor keeps goes into one checked file while it runs, and comes back whole."""

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.store import EventQuery, open_store
from collectors.store.sqlite import SqliteStore
from dashboard.backups import forget_old, verify
from dashboard.cli import main
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Quality, Reading, from_ms
from tests.support.sites import small_site

FRIDGE, ACCESS = PointId("canteen/fridge-1/temperature"), PointId("gate-east/access")
START = datetime(2026, 11, 20, tzinfo=UTC)
FOR_EVER = EventQuery([FRIDGE, ACCESS], from_ms(0), from_ms(4_000_000_000_000), 1_000_000)


def written() -> list[Reading]:
    origin, node = Origin(NodeId("canteen-pi"), "", 0), NodeId("gate-east-pi")
    found = [
        Reading(FRIDGE, START + timedelta(minutes=n), n % 80 / 8, origin,
                Quality.CLOCK if n % 9 == 0 else Quality.GOOD)
        for n in range(4000)
    ]  # fmt: skip
    detail = {"card": "h:1", "note": 'say "门", \n'}
    at = START + timedelta(hours=1)
    return [*found, Reading(ACCESS, at, "denied", Origin(node, "", 0), detail=detail)]


@pytest.fixture
def place(tmp_path: Path) -> tuple[Site, Path]:
    """A school with readings in the store, nothing running."""
    site, data = small_site(tmp_path), tmp_path / "data"
    with closing(SqliteStore(data / "telemetry.db", site)) as store:
        store.write(written())
    return site, data


@pytest.fixture
def words(place: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    site, data = place
    yield ["--config", str(site.path), "--data", str(data)]


def stored(site: Site, data: Path) -> list[Reading]:
    with closing(open_store(site, data, readonly=True)) as store:
        return store.events(FOR_EVER)


@pytest.mark.parametrize("name", ["all.csv", "all.csv.gz", "all.parquet"])
def test_what_was_exported_comes_back_the_same(
    name: str, place: tuple[Site, Path], words: list[str], tmp_path: Path
) -> None:
    site, data = place
    before, file = stored(site, data), tmp_path / name
    assert main(["export", str(file), "--from", "2026-11-01", "--to", "2026-12-01", *words]) == 0
    elsewhere = ["--config", str(site.path), "--data", str(tmp_path / "other")]
    for _ in range(2):
        assert main(["import", str(file), *elsewhere]) == 0
        assert stored(site, tmp_path / "other") == before
    assert len(before) == 4001


def test_line_protocol_is_what_influxdb_takes(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "-", "--format", "lp", "--from", "2026-11-20", "--point", ACCESS,
                 "--to", "2026-12-01", *words]) == 0  # fmt: skip
    (line,) = capsys.readouterr().out.split(" 1795")[:1]
    assert line.startswith("access,building=grounds,campus=test,node=gate-east-pi,point=gate-east/")
    assert r'note="say \"门\"' in line


def test_what_is_wrong_in_a_file_is_told_and_the_rest_imported(
    place: tuple[Site, Path], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "some.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write(f"time,point,value\n2026-11-01,{FRIDGE},4.5\n2026-11-02,{FRIDGE},warm\n")
        out.write(f"never,{FRIDGE},1\n2026-11-02,no/point,1\n2026-11-03,{FRIDGE},nan\n")
    assert main(["import", str(file), *words]) == 1
    said = capsys.readouterr()
    assert "1 readings are in the store" in said.out
    assert said.err.count("left out") == 4
    assert stored(*place)[0].value == 4.5


def test_a_backup_is_taken_while_others_write_and_restores_to_the_same(
    place: tuple[Site, Path], words: list[str], tmp_path: Path
) -> None:
    site, data = place
    before, file = stored(site, data), tmp_path / "backup.tar.gz"
    (data / "broker").mkdir()
    (data / "broker" / "server.password").write_text("s3cret")
    with closing(SqliteStore(data / "telemetry.db", site)) as running:
        assert main(["backup", str(file), *words]) == 0
        running.write([Reading(FRIDGE, START - timedelta(days=1), 1.0, written()[0].origin)])
    assert file.stat().st_mode & 0o077 == 0
    site.path.write_text(site.path.read_text("utf-8") + "\n# changed since\n", "utf-8")
    assert main(["restore", str(file), *words]) == 0
    assert stored(site, data) == before
    assert (data / "broker" / "server.password").read_text() == "s3cret"
    assert "changed since" not in site.path.read_text("utf-8")
    (aside,) = tmp_path.glob("data.before-*")
    with closing(sqlite3.connect(aside / "telemetry.db")) as db:
        assert db.execute("SELECT count(*) FROM reading").fetchone()[0] == 4002


def test_a_restore_is_refused_under_a_running_monitor_and_from_a_damaged_file(
    place: tuple[Site, Path], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site, data = place
    file = tmp_path / "backup.tar.gz"
    assert main(["backup", str(file), *words]) == 0
    (data / "run").mkdir()
    (data / "run" / "supervisor.json").write_text('{"pid": 1}')
    assert main(["restore", str(file), *words]) == 1
    assert "stop it first" in capsys.readouterr().err
    (data / "run" / "supervisor.json").unlink()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    assert main(["restore", str(file), *words]) == 1
    assert "use another one" in capsys.readouterr().err
    assert len(stored(site, data)) == 4001


def test_backups_do_not_outlive_what_they_may_hold(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = folder / "campus-20200101T000000.tar.gz"
    other = folder / "holiday-20200101.tar.gz"
    for path in (old, other):
        path.write_bytes(b"")
    assert main(["backup", str(folder), *words]) == 0
    assert "Removed campus-20200101T000000.tar.gz" in capsys.readouterr().out
    assert not old.exists() and other.exists()
    (made,) = folder.glob("campus-*.tar.gz")
    assert "data/telemetry.db" in verify(made)
    assert forget_old(folder, datetime.now(UTC), 30) == []
