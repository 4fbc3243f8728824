"""Recorded values go the way that live ones go, and what cannot be sent is named by its line."""

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.ingest import Ingester
from collectors.ledger import Ledger
from collectors.mqtt import connect_to
from collectors.store import EventQuery, Store, open_store
from dashboard.cli import main
from devices.catalog import Site
from devices.model import PointId, Reading, from_ms
from devices.service import Clock
from tests.support.brokers import running_broker
from tests.support.ports import free_port
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
ALL = (from_ms(0), from_ms(4_000_000_000_000))


class School:
    """A broker and an ingester; `words` are the options of a command there."""

    def __init__(self, site: Site, store: Store, words: list[str]) -> None:
        self.site, self.store, self.words = site, store, words

    def stored(self, point: PointId = FRIDGE) -> list[Reading]:
        return self.store.events(EventQuery([point], *ALL, limit=10_000))


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    port = free_port()
    site = small_site(tmp_path, mqtt=port)
    words = ["--config", str(site.path), "--data", str(tmp_path)]
    with (
        running_broker(tmp_path, port=port),
        closing(open_store(site, tmp_path)) as store,
        closing(Ledger(tmp_path / "ingest.db", site.timezone)) as ledger,
        closing(connect_to(site, "ingest")) as transport,
        closing(Ingester(site, store, transport, ledger, Clock())) as ingester,
    ):
        transport.start()
        ingester.start()
        transport.wait_connected(5)
        yield School(site, store, words)


def replay(school: School, file: Path, *more: str) -> int:
    return main(["replay", str(file), "--point", FRIDGE, *more, *school.words])


def test_every_row_is_stored_once_however_often_it_is_sent(school: School, tmp_path: Path) -> None:
    file = tmp_path / "fridge.csv.gz"
    rows = [f"{1763901000 + 60 * n},{4 + n % 7 / 8}" for n in range(1234)]
    with gzip.open(file, "wt") as out:
        out.write("time,value\n" + "\n".join(rows) + "\n")
    assert replay(school, file) == 0
    assert replay(school, file) == 0
    found = school.stored()
    assert len(found) == 1234
    assert [r.value for r in found[:3]] == [4.0, 4.125, 4.25]


def test_times_may_be_iso_seconds_or_milliseconds(school: School, tmp_path: Path) -> None:
    file = tmp_path / "fridge.csv"
    file.write_text(
        "value,time\n1,2025-11-23T20:30:00+08:00\n2,2025-11-23 20:31:00\n"
        "3,1763901120\n4,1763901180000\n"
    )
    assert replay(school, file) == 0
    times = [int(r.at.timestamp()) for r in school.stored()]
    assert times == [1763901000, 1763901060, 1763901120, 1763901180]


def test_rows_that_are_no_readings_are_named_and_the_others_are_sent(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fridge.csv"
    file.write_text(
        "time,value\n1763901000,4.5\nyesterday,4\n1763901060,warm\n12,3\n1763901090,nan\n"
    )
    assert replay(school, file) == 1
    said = capsys.readouterr()
    assert "1 readings" in said.out
    for line in ("line 3", "line 4", "line 5", "line 6"):
        assert line in said.err
    assert [r.value for r in school.stored()] == [4.5]


def test_at_a_speed_it_takes_its_time(school: School, tmp_path: Path) -> None:
    file = tmp_path / "fridge.csv"
    file.write_text("time,value\n1763901000,4\n1763901060,5\n1763901120,6\n")
    assert replay(school, file, "--speed", "600") == 0
    assert len(school.stored()) == 3


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("a,b\n1,2\n", [], "columns time,value"),
        ("time,value\n", [], "holds no value"),
        ("time,value\nx,y\n", [], "line 2"),
        ("time,value\n1763901000,4\n", ["--speed", "0"], "--speed"),
    ],
)
def test_a_file_that_cannot_be_sent_says_why(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str], text: str, more: list[str],
    said: str,
) -> None:  # fmt: skip
    file = tmp_path / "x.csv"
    file.write_text(text)
    words = ["--config", str(site.path), "--data", str(tmp_path)]
    assert main(["replay", str(file), "--point", FRIDGE, *more, *words]) == 1
    assert said in capsys.readouterr().err


def test_no_file_and_no_point_are_named(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--config", str(site.path), "--data", str(tmp_path)]
    assert main(["replay", str(tmp_path / "no.csv"), "--point", FRIDGE, *words]) == 1
    assert "no.csv" in capsys.readouterr().err
    assert main(["replay", "x", "--point", "no/such", *words]) == 1
    assert "no/such" in capsys.readouterr().err
