"""What every Store promises, over each: SQLite, a real InfluxDB 1.x, and the 2.x interface."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from collectors.store import Bucket, EventQuery, SeriesQuery, Store, open_store
from collectors.store.grid import grid_of
from devices.catalog import Site
from devices.model import (
    Detail,
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    from_ms,
    to_ms,
)
from tests.support.influx2 import running_influx2
from tests.support.influxd import Influxd
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
ROOM = PointId("class-1/temperature")
POWER = PointId("class-1/power")
ACCESS = PointId("gate-east/access")
GATE = PointId("gate-east/gate")
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TIMEZONE = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)
Open = Callable[[], Store]


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "influxdb 1.x", "influxdb 2.x"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Opens the same empty store, as often as it is called; all are closed in the end."""
    for name in ("INFLUXDB_V2_URL", "INFLUXDB_V2_ORG", "INFLUXDB_V2_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    made: list[Store] = []

    def opening(site: Site) -> Open:
        def open() -> Store:
            made.append(open_store(site, tmp_path))
            return made[-1]

        return open

    try:
        if request.param == "sqlite":
            yield opening(small_site(tmp_path, extra="store.raw_days = 0"))
            return
        influxd = request.getfixturevalue("influxd")
        name = f"test-{uuid4().hex}"
        if request.param == "influxdb 1.x":
            extra = f'store.mode = "1.x"\nstore.bucket = "{name}"'
            yield opening(small_site(tmp_path, store=influxd.url, extra=extra))
            return
        with running_influx2(influxd, name) as influx2:
            monkeypatch.setitem(os.environ, "INFLUXDB_V2_TOKEN", influx2.token)
            extra = f'store.org = "{influx2.org}"'
            yield opening(small_site(tmp_path, store=influx2.url, extra=extra))
            close(made)
    finally:
        close(made)


def close(stores: list[Store]) -> None:
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Open) -> Store:
    return opened()


def reading(
    point: PointId,
    seconds: float,
    value: Value,
    quality: Quality = Quality.GOOD,
    detail: Detail | None = None,
) -> Reading:
    """As a store gives it back: the node is kept, its boot and batch number are not."""
    at = START + timedelta(seconds=seconds)
    node = {FRIDGE: "canteen-pi", ACCESS: "gate-east-pi", GATE: "gate-east-pi"}
    origin = Origin(NodeId(node.get(point, "teach-pi")), "", 0)
    return Reading(point, at, value, origin, quality, detail or {})


def all_events(store: Store, *points: PointId, limit: int = 1000) -> list[Reading]:
    end = START + timedelta(days=1)
    return store.events(EventQuery(points, START, end, limit))


def test_an_empty_store_answers_with_nothing(store: Store) -> None:
    assert store.latest([FRIDGE, ACCESS]) == {}
    assert store.series(SeriesQuery(FRIDGE, START, START + timedelta(hours=1))) == []
    assert all_events(store, FRIDGE, ACCESS) == []
    assert not store.write([]).refused
    assert store.health().ok


@pytest.mark.parametrize(
    "written",
    [
        reading(FRIDGE, 0.123, 4.2),
        reading(FRIDGE, 0, -127.0, Quality.ERROR_VALUE),
        reading(FRIDGE, 0, 1.7976931348623157e308, Quality.OUT_OF_RANGE),
        reading(FRIDGE, 0, 5e-324),
        reading(FRIDGE, 0, 4.0, Quality.CLOCK),
        reading(FRIDGE, 0, 4.0, Quality.FROZEN),
        reading(GATE, 0, "open"),
        reading(ACCESS, 0, "denied", detail={"card": "h:5d0c…", "direction": "in"}),
        reading(ACCESS, 0, "", detail={"tries": 3.0, "forced": True, "held": False}),
        reading(ACCESS, 0, 'say "门" \\ , = \\n', detail={"note": "a\nfake,x=1 value=1 1\t"}),
        reading(ACCESS, 0, "ends with \\", detail={"note": "\\"}),
        reading(ACCESS, 0, "ok", detail={"room": "r", "node_": "n", "campus": 1.0}),
    ],
    ids=str,
)
def test_a_reading_comes_back_as_it_was_written(store: Store, written: Reading) -> None:
    assert not store.write([written]).refused
    assert all_events(store, written.point) == [written]
    assert store.latest([written.point]) == {written.point: written}


@pytest.mark.parametrize(
    "text",
    ["", "中文 🚪", 'say "ah"', "back\\slash", "\\", "a,b=c d", "'; DROP--", "1", "true",
     "line\nbreak", "\\n", "\r\n", "#", " both ends "],
    ids=repr,
)  # fmt: skip
def test_any_text_is_kept(store: Store, text: str) -> None:
    store.write([reading(ACCESS, 0, text, detail={"note": text})])
    (found,) = all_events(store, ACCESS)
    assert (found.value, found.detail) == (text, {"note": text})


def test_what_was_written_is_there_after_a_new_start(opened: Open) -> None:
    written = [reading(FRIDGE, second, second / 4) for second in range(100)]
    first = opened()
    first.write(written)
    first.close()
    assert all_events(opened(), FRIDGE) == written


def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    written = [reading(FRIDGE, 1, 4.0), reading(ACCESS, 1, "granted", detail={"card": "h:1"})]
    for _ in range(3):
        store.write(written)
    store.write([*written, *written])
    assert all_events(store, FRIDGE, ACCESS) == written


def test_a_second_value_of_the_same_moment_takes_the_place_of_the_first(store: Store) -> None:
    store.write([reading(FRIDGE, 1, 4.0), reading(FRIDGE, 1, 5.0)])
    store.write([reading(FRIDGE, 1, 6.0)])
    assert [event.value for event in all_events(store, FRIDGE)] == [6.0]


def test_a_number_that_is_none_is_refused_alone(store: Store) -> None:
    bad = [reading(FRIDGE, 1, float("nan")), reading(ROOM, 1, float("inf"))]
    refused = store.write([reading(FRIDGE, 0, 4.0), bad[0], bad[1], reading(POWER, 0, 80.0)])
    assert [item.reading.point for item in refused.refused] == [FRIDGE, ROOM]
    assert all("is not a number" in item.reason for item in refused.refused)
    assert len(all_events(store, FRIDGE, ROOM, POWER)) == 2


def test_the_latest_is_the_newest_by_source_time_however_late_it_came(store: Store) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    store.write([replace(reading(FRIDGE, 0, 5.0), at=now)])
    store.write([replace(reading(FRIDGE, 0, 4.0), at=now - timedelta(days=3))])
    store.write([replace(reading(ROOM, 0, 20.0), at=now - timedelta(days=40))])
    found = store.latest([FRIDGE, ROOM, POWER])
    assert {point: item.value for point, item in found.items()} == {FRIDGE: 5.0, ROOM: 20.0}


def test_events_are_oldest_first_and_the_newest_where_there_are_too_many(store: Store) -> None:
    store.write([reading(GATE, second, "open") for second in range(0, 20, 2)])
    store.write([reading(FRIDGE, second, 4.0) for second in range(1, 20, 2)])
    found = all_events(store, GATE, FRIDGE, limit=5)
    assert [(event.at - START).total_seconds() for event in found] == [15, 16, 17, 18, 19]
    assert all_events(store, GATE, limit=0) == []


def test_a_range_holds_its_start_and_not_its_end(store: Store) -> None:
    store.write([reading(FRIDGE, second, float(second)) for second in range(10)])
    start, end = START + timedelta(seconds=2), START + timedelta(seconds=5)
    assert [e.value for e in store.events(EventQuery([FRIDGE], start, end))] == [2.0, 3.0, 4.0]
    assert sum(b.count for b in store.series(SeriesQuery(FRIDGE, start, end, 1))) == 3
    assert store.series(SeriesQuery(FRIDGE, end, start)) == []
    assert store.events(EventQuery([FRIDGE], end, start)) == []


def test_a_series_has_equal_buckets_from_its_start_with_gaps_left_out(store: Store) -> None:
    values = {0: 1.0, 10: 3.0, 59: 2.0, 180: 7.0, 239: 9.0}
    store.write([reading(FRIDGE, second + 7, value) for second, value in values.items()])
    start = START + timedelta(seconds=7)
    found = store.series(SeriesQuery(FRIDGE, start, start + timedelta(minutes=5), 5))
    assert found == [
        Bucket(start, 1.0, 2.0, 3.0, 3),
        Bucket(start + timedelta(minutes=3), 7.0, 8.0, 9.0, 2),
    ]


@pytest.mark.parametrize("buckets", [1, 5, 24, 100, 1000])
@pytest.mark.parametrize("days", [0.04, 1, 9, 400])
def test_every_store_cuts_a_range_into_the_same_buckets_and_counts_all_in_them(
    store: Store, buckets: int, days: float
) -> None:
    start = START + timedelta(seconds=1234.567)
    step = timedelta(days=days) / 2000
    written = [
        replace(reading(FRIDGE, 0, n % 77 / 8), at=START + n * step.total_seconds() * SECOND)
        for n in range(2100)
    ]
    written = [replace(r, at=from_ms(to_ms(r.at))) for r in written]
    store.write(written[1000:])
    store.write(written[:1000])
    query = SeriesQuery(FRIDGE, start, start + timedelta(days=days), buckets)
    grid = grid_of(query, TIMEZONE)
    assert grid is not None
    wanted: dict[int, list[float]] = {}
    for one in written:
        if grid.start <= to_ms(one.at) < grid.end:
            number = (to_ms(one.at) - grid.origin) // grid.width
            wanted.setdefault(number, []).append(float(one.value))
    for tended in (False, True):
        while tended and store.tend(START + timedelta(days=500)):
            pass
        found = store.series(query)
        assert [(to_ms(b.at), b.min, b.max, b.count) for b in found] == [
            (grid.begins(n), min(v), max(v), len(v)) for n, v in sorted(wanted.items())
        ]
        assert [b.mean for b in found] == pytest.approx(
            [sum(v) / len(v) for _, v in sorted(wanted.items())]
        )
    assert 0 < len(found) <= buckets


def test_a_short_spike_stays_visible_in_a_wide_bucket(store: Store) -> None:
    store.write([reading(FRIDGE, second, 9.5 if second == 777 else 4.0) for second in range(1000)])
    (bucket,) = store.series(SeriesQuery(FRIDGE, START, START + timedelta(days=1), 1))
    assert (bucket.min, bucket.max, bucket.count) == (4.0, 9.5, 1000)
    assert bucket.mean == pytest.approx(4.0055)


def test_a_series_asks_for_no_more_buckets_than_wanted(store: Store) -> None:
    store.write([reading(FRIDGE, second, 4.0) for second in range(100)])
    for wanted in (1, 3, 7, 99, 100):
        query = SeriesQuery(FRIDGE, START, START + timedelta(seconds=100), wanted)
        found = store.series(query)
        assert len(found) <= wanted
        assert sum(bucket.count for bucket in found) == 100


def test_what_no_alarm_may_use_is_an_event_but_not_in_the_series(store: Store) -> None:
    written = [reading(FRIDGE, index, 4.0 + index, q) for index, q in enumerate(Quality)]
    store.write(written)
    assert all_events(store, FRIDGE) == written
    (bucket,) = store.series(SeriesQuery(FRIDGE, START, START + timedelta(hours=1), 1))
    assert bucket.count == sum(1 for quality in Quality if quality.usable)


def test_texts_have_no_series(store: Store) -> None:
    store.write([reading(GATE, 0, "open")])
    assert store.series(SeriesQuery(GATE, START, START + timedelta(hours=1))) == []


def test_points_that_nobody_knows_are_passed_over(store: Store) -> None:
    store.write([reading(FRIDGE, 0, 4.0)])
    asked = [PointId("no/such'; DROP"), FRIDGE]
    assert [event.point for event in all_events(store, *asked)] == [FRIDGE]
    assert list(store.latest(asked)) == [FRIDGE]
    assert store.series(SeriesQuery(asked[0], START, START + timedelta(hours=1))) == []


def test_a_large_write_is_there_completely(store: Store) -> None:
    store.write([reading(POWER, second, float(second)) for second in range(12_345)])
    buckets = store.series(SeriesQuery(POWER, START, START + timedelta(days=1), 100))
    assert sum(bucket.count for bucket in buckets) == 12_345


def test_a_reading_of_uncertain_time_never_takes_the_place_of_a_good_one(store: Store) -> None:
    good, marked = reading(FRIDGE, 0, 4.0), reading(FRIDGE, 0, 9.0, Quality.CLOCK)
    store.write([good])
    assert not store.write([marked, reading(FRIDGE, 1, 5.0, Quality.CLOCK)]).refused
    found = store.events(EventQuery([FRIDGE], START, START + timedelta(hours=1)))
    assert [(r.value, r.quality) for r in found] == [(4.0, Quality.GOOD), (5.0, Quality.CLOCK)]
    store.write([reading(FRIDGE, 1, 6.0)])
    found = store.events(EventQuery([FRIDGE], START, START + timedelta(hours=1)))
    assert [(r.value, r.quality) for r in found] == [(4.0, Quality.GOOD), (6.0, Quality.GOOD)]


def test_readings_of_uncertain_time_can_be_moved_and_good_ones_stay(store: Store) -> None:
    store.write([reading(FRIDGE, n, 4.0 + n, Quality.CLOCK) for n in range(3)])
    store.write([reading(FRIDGE, 3, 7.0), reading(ROOM, 1, 20.0, Quality.CLOCK)])
    old = [(FRIDGE, to_ms(reading(FRIDGE, n, 0.0).at)) for n in range(4)]
    store.forget(old)
    store.forget(old)
    store.forget([])
    found = store.events(EventQuery([FRIDGE, ROOM], START, START + timedelta(hours=1)))
    assert [(r.point, r.value) for r in found] == [(ROOM, 20.0), (FRIDGE, 7.0)]
