"""Rolling up, packing and giving up change how much room the past takes, never what it says."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.store import Bucket, EventQuery, SeriesQuery
from collectors.store.grid import grid_of
from collectors.store.sqlite import SqliteStore
from collectors.store.sqlite_file import FIRST_SCHEMA
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Quality, Reading, from_ms, to_ms
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
GATE = PointId("gate-east/gate")
START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FOR_EVER = EventQuery([FRIDGE, GATE], from_ms(0), from_ms(4_000_000_000_000), 10_000_000)


def reading(at: datetime, value: float | str = 4.0, quality: Quality = Quality.GOOD) -> Reading:
    point = GATE if isinstance(value, str) else FRIDGE
    return Reading(point, at, value, Origin(NodeId("canteen-pi"), "", 0), quality)


def tend(store: SqliteStore, now: datetime) -> None:
    """All upkeep that is due at `now`."""
    while store.tend(now):
        pass


def by_hand(readings: list[Reading], query: SeriesQuery, site: Site) -> list[Bucket]:
    """The series, from single readings alone."""
    grid = grid_of(query, site.timezone)
    assert grid is not None
    newest = {r.at: r for r in readings if r.point == query.point}
    found: dict[int, list[float]] = {}
    for at in sorted(newest):
        if query.start <= at < query.end and newest[at].quality.usable:
            number = (to_ms(at) - grid.origin) // grid.width
            found.setdefault(number, []).append(float(newest[at].value))
    return [
        Bucket(from_ms(grid.begins(n)), min(v), sum(v) / len(v), max(v), len(v))
        for n, v in sorted(found.items())
    ]


def same(found: list[Bucket], wanted: list[Bucket]) -> bool:
    return [(b.at, b.min, b.max, b.count) for b in found] == [
        (b.at, b.min, b.max, b.count) for b in wanted
    ] and [b.mean for b in found] == pytest.approx([b.mean for b in wanted])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "telemetry.db", small_site(tmp_path))) as store:
        yield store


moments = st.integers(0, 6 * 86_400).map(lambda s: START + timedelta(seconds=s, milliseconds=s % 7))
facts = st.builds(
    reading, moments, st.integers(-10, 80).map(lambda n: n / 8),
    st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.CLOCK, Quality.FROZEN]),
)  # fmt: skip
steps = st.lists(
    st.one_of(st.lists(facts, max_size=60), moments), min_size=2, max_size=8
)  # fmt: skip
queries = st.builds(
    lambda a, b, n: SeriesQuery(FRIDGE, min(a, b), max(a, b) + MINUTE, n),
    moments, moments, st.sampled_from([1, 2, 7, 24, 100, 300, 2000]),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.lists(queries, min_size=1, max_size=6))
def test_a_series_is_exact_whatever_was_rolled_up_packed_late_or_replaced(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[list[Reading] | datetime],
    queries: list[SeriesQuery],
) -> None:
    folder = tmp_path_factory.mktemp("store")
    site = small_site(folder)
    written: list[Reading] = []
    with closing(SqliteStore(folder / "telemetry.db", site)) as store:
        for number, step in enumerate(steps):
            if isinstance(step, datetime):
                tend(store, step + number * DAY)
                continue
            store.write(step)
            written += step
            for query in queries:
                assert same(store.series(query), by_hand(written, query, site))
        newest = {r.at: r for r in written}
        wanted = [newest[at].value for at in sorted(newest)]
        assert [r.value for r in store.events(FOR_EVER)] == wanted
        if wanted:
            assert store.latest([FRIDGE])[FRIDGE].value == wanted[-1]


def test_a_day_that_is_past_is_packed_and_says_the_same(store: SqliteStore, site: Site) -> None:
    written = [reading(START + n * MINUTE, n % 50 / 8) for n in range(3 * 1440)]
    written += [reading(START + n * HOUR, "open" if n % 2 else "closed") for n in range(72)]
    store.write(written)
    before = store.events(FOR_EVER)
    query = SeriesQuery(FRIDGE, START + timedelta(seconds=90), START + 3 * DAY, 50)
    series = store.series(query)
    tend(store, START + 4 * DAY)
    assert store.events(FOR_EVER) == before
    assert same(store.series(query), series)
    assert store.latest([FRIDGE, GATE])[GATE] == written[-1]
    few = EventQuery([FRIDGE, GATE], START, START + 3 * DAY, 7)
    assert store.events(few) == before[-7:]


def test_readings_go_when_their_time_is_past_and_their_minutes_and_hours_stay(
    tmp_path: Path,
) -> None:
    site = small_site(tmp_path, extra="store.raw_days = 10\nstore.minute_days = 20")
    with closing(SqliteStore(tmp_path / "telemetry.db", site)) as store:
        written = [reading(START + n * MINUTE, n % 1440 / 8) for n in range(40 * 1440)]
        store.write([*written, reading(START, "open")])
        now = START + 41 * DAY
        tend(store, now)
        left = store.events(FOR_EVER)
        assert left[0].at == START + 31 * DAY
        assert {r.point for r in left} == {FRIDGE}
        minutes = SeriesQuery(FRIDGE, START + 25 * DAY, START + 25 * DAY + HOUR, 12)
        assert same(store.series(minutes), by_hand(written, minutes, site))
        hours = SeriesQuery(FRIDGE, START, START + 40 * DAY, 40)
        assert same(store.series(hours), by_hand(written, hours, site))
        old = SeriesQuery(FRIDGE, START, START + DAY, 1000)
        assert sum(bucket.count for bucket in store.series(old)) == 1440
        assert max(bucket.max for bucket in store.series(old)) == 1439 / 8


def test_what_comes_late_for_a_day_that_was_given_up_still_counts(tmp_path: Path) -> None:
    site = small_site(tmp_path, extra="store.raw_days = 10\nstore.minute_days = 20")
    with closing(SqliteStore(tmp_path / "telemetry.db", site)) as store:
        store.write([reading(START + n * HOUR) for n in range(40 * 24)])
        now = START + 41 * DAY
        tend(store, now)
        for late in (START + timedelta(minutes=7), START + 25 * DAY + timedelta(minutes=7)):
            store.write([reading(late, 9.5)])
            for settled in (False, True):
                if settled:
                    tend(store, now)
                query = SeriesQuery(FRIDGE, late - 7 * MINUTE, late + 113 * MINUTE, 1)
                (bucket,) = store.series(query)
                assert (bucket.max, bucket.count) == (9.5, 3)


def test_retention_may_differ_by_kind_and_be_for_ever(tmp_path: Path) -> None:
    fridge = '{ kind = "temperature-cold", raw_days = 3, hour_days = 5 }'
    rules = f'[{{ kind = "gate", raw_days = 0 }}, {fridge}]'
    site = small_site(tmp_path, extra=f"store.retention = {rules}")
    with closing(SqliteStore(tmp_path / "telemetry.db", site)) as store:
        store.write([reading(START + n * HOUR, kind) for n in range(240) for kind in ("open", 4.0)])
        tend(store, START + 300 * DAY)
        assert {r.point for r in store.events(FOR_EVER)} == {GATE}
        assert len(store.events(FOR_EVER)) == 240
        year = SeriesQuery(FRIDGE, START, START + 300 * DAY, 10)
        assert store.series(year) == []


def test_the_file_shrinks_while_it_is_read_and_written(tmp_path: Path) -> None:
    site = small_site(tmp_path, extra="store.raw_days = 3\nstore.minute_days = 4")
    path = tmp_path / "telemetry.db"
    chance = random.Random(1)
    with (
        closing(SqliteStore(path, site)) as store,
        closing(SqliteStore(path, site, readonly=True)) as reader,
    ):
        store.write([reading(START + n * MINUTE, chance.random()) for n in range(80 * 1440)])
        assert len(reader.events(FOR_EVER)) == 80 * 1440
        tend(store, START + 81 * DAY)
        assert len(reader.events(FOR_EVER)) == 2 * 1440
        store.write([reading(START + 81 * DAY, 1.0)])
    assert path.stat().st_size < 2_000_000  # 115,200 rows take more than 3 MB


def test_upkeep_lets_readings_in_after_a_moment(store: SqliteStore) -> None:
    store.write([reading(START + n * MINUTE, n / 8) for n in range(60 * 1440)])
    pieces = 0
    while store.tend(START + 61 * DAY):
        pieces += 1
        assert not store.write([reading(START + 61 * DAY + pieces * MINUTE)]).refused
    assert pieces > 2


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path, site = tmp_path / "telemetry.db", small_site(tmp_path)
    with closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST_SCHEMA + "PRAGMA user_version = 1;")
        old.execute("INSERT INTO point VALUES (1, ?)", (FRIDGE,))
        old.execute("INSERT INTO node VALUES (1, 'canteen-pi')")
        old.executemany(
            "INSERT INTO reading VALUES (1, ?, ?, 0, 1, NULL)",
            [(to_ms(START + n * MINUTE), 4.0) for n in range(3000)],
        )
        old.commit()
    with closing(SqliteStore(path, site)) as store:
        tend(store, START + 9 * DAY)
        assert len(store.events(FOR_EVER)) == 3000
        query = SeriesQuery(FRIDGE, START, START + 9 * DAY, 3)
        assert sum(bucket.count for bucket in store.series(query)) == 3000
