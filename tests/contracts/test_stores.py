"""What every store promises: durable, idempotent, nothing averaged away, gaps stay gaps."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.store import EventQuery, SeriesQuery, Store, open_store
from devices.model import Detail, NodeId, Origin, PointId, Quality, Reading, Value
from tests.support.influxd import Influxd
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
ROOM = PointId("class-1/temperature")
GATE = PointId("gate-east/gate")
ACCESS = PointId("gate-east/access")
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "influxdb 1.x"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        site = small_site(tmp_path)
    else:
        influxd: Influxd = request.getfixturevalue("influxd")
        bucket = f"t{abs(hash(tmp_path))}"
        extra = f'store.mode = "1.x"\nstore.bucket = "{bucket}"\n'
        site = small_site(tmp_path, store=influxd.url, extra=extra)
    with closing(open_store(site, tmp_path)) as store:
        yield store


def reading(
    point: PointId, seconds: float, value: Value, quality: Quality = Quality.GOOD,
    detail: Detail | None = None, seq: int = 1,
) -> Reading:  # fmt: skip
    at = START + timedelta(seconds=seconds)
    return Reading(point, at, value, Origin(NodeId("n"), "b", seq), quality, detail or {})


def events(store: Store, *points: PointId, limit: int = 1000) -> list[Reading]:
    return store.events(EventQuery(points, START, START + timedelta(days=1), limit))


def seen(readings: list[Reading]) -> list[tuple[Any, ...]]:
    return [(r.point, r.at, r.value, r.quality, dict(r.detail)) for r in readings]


def test_readings_come_back_as_they_were_written(store: Store) -> None:
    written = [
        reading(FRIDGE, 0.123, 4.2),
        reading(ACCESS, 1, "denied", detail={"card": "h:5d0c", "direction": "in", "try": 2.0}),
        reading(GATE, 2, "open"),
        reading(ROOM, 3, -0.0625, Quality.CLOCK),
    ]
    assert list(store.write(written).refused) == []
    assert seen(events(store, FRIDGE, ACCESS, GATE, ROOM)) == seen(written)


def test_the_same_reading_written_twice_is_one(store: Store) -> None:
    for seq in (1, 2, 3):
        store.write([reading(FRIDGE, 0, 4.2, seq=seq), reading(GATE, 0, "open", seq=seq)])
    assert len(events(store, FRIDGE, GATE)) == 2
    (bucket,) = store.series(SeriesQuery(FRIDGE, START, START + timedelta(minutes=1), 1))
    assert bucket.count == 1


@pytest.mark.parametrize(
    "text", ['say "ah"', "back\\slash", "a,b=c d", "中文 🚪", "line\nbreak", "'; DROP--", "\\"]
)
def test_any_text_is_kept(store: Store, text: str) -> None:
    store.write([reading(ACCESS, 0, text, detail={"note": text})])
    (found,) = events(store, ACCESS)
    assert found.value == text
    assert found.detail == {"note": text}


def test_a_short_spike_is_never_averaged_away(store: Store) -> None:
    store.write([reading(FRIDGE, s, 14.0 if s == 1800 else 4.0) for s in range(0, 3600, 10)])
    buckets = store.series(SeriesQuery(FRIDGE, START, START + timedelta(hours=1), 4))
    assert [b.max for b in buckets] == [4.0, 4.0, 14.0, 4.0]
    assert [b.min for b in buckets] == [4.0] * 4
    assert [b.count for b in buckets] == [90] * 4
    assert buckets[2].mean == pytest.approx(4.0 + 10 / 90)
    assert [b.at for b in buckets] == [START + timedelta(minutes=15 * n) for n in range(4)]


def test_a_gap_stays_a_gap(store: Store) -> None:
    store.write([reading(FRIDGE, 0, 4.0), reading(FRIDGE, 3599, 5.0)])
    buckets = store.series(SeriesQuery(FRIDGE, START, START + timedelta(hours=1), 60))
    assert [b.at for b in buckets] == [START, START + timedelta(minutes=59)]


def test_what_the_sensor_disowns_is_an_event_but_no_curve(store: Store) -> None:
    store.write([reading(FRIDGE, 0, 4.0), reading(FRIDGE, 10, 85.0, Quality.ERROR_VALUE),
                 reading(FRIDGE, 20, 999.0, Quality.OUT_OF_RANGE)])  # fmt: skip
    (bucket,) = store.series(SeriesQuery(FRIDGE, START, START + timedelta(minutes=1), 1))
    assert (bucket.max, bucket.count) == (4.0, 1)
    assert [r.value for r in events(store, FRIDGE)] == [4.0, 85.0, 999.0]


def test_the_latest_is_by_source_time_not_by_arrival(store: Store) -> None:
    store.write([reading(FRIDGE, 60, 5.0), reading(GATE, 5, "closed")])
    store.write([reading(FRIDGE, 0, 4.0)])
    latest = store.latest([FRIDGE, GATE, ROOM])
    assert latest[FRIDGE].value == 5.0
    assert latest[GATE].value == "closed"
    assert ROOM not in latest


def test_events_are_the_newest_ones_oldest_first(store: Store) -> None:
    store.write([reading(ACCESS, s, f"card {s}") for s in range(10)])
    assert [r.value for r in events(store, ACCESS, limit=3)] == ["card 7", "card 8", "card 9"]


def test_the_range_begins_in_and_ends_out(store: Store) -> None:
    store.write([reading(FRIDGE, s, float(s)) for s in (0, 30, 60)])
    asked = EventQuery([FRIDGE], START, START + timedelta(seconds=60))
    assert [r.value for r in store.events(asked)] == [0.0, 30.0]


def test_unknown_points_have_nothing(store: Store) -> None:
    nobody = PointId("no/body")
    assert store.latest([nobody]) == {}
    assert store.events(EventQuery([nobody], START, START + timedelta(days=1))) == []
