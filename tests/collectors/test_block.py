"""A packed day gives back every reading to the last bit, in little room."""

import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.store.block import (
    Row,
    joined,
    numbers,
    pack,
    pack_entries,
    summed,
    unpack,
    unpack_entries,
)
from collectors.store.grid import DAY, HOUR, MINUTE
from collectors.store.history import USABLE

TODAY = 20_781
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-400, 1600).map(lambda n: n / 16),
    st.integers(-400, 1600).map(lambda n: n / 10),
    st.just(-0.0),
)
TEXTS = st.one_of(st.text('a"\\\n门🚪', max_size=8), st.integers(0, 1), NUMBERS)


patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def days(values: st.SearchStrategy[float | int | str]) -> st.SearchStrategy[list[Row]]:
    row = st.tuples(
        values, st.integers(0, 4), st.integers(1, 60_000), st.none() | st.just('{"card":"h:1"}')
    )
    times = st.lists(st.integers(0, DAY - 1), unique=True, max_size=50).map(sorted)
    return times.flatmap(
        lambda found: st.lists(row, min_size=len(found), max_size=len(found)).map(
            lambda rows: [(TODAY * DAY + at, *rest) for at, rest in zip(found, rows, strict=True)]
        )
    )


def bits(value: object) -> object:
    return struct.pack("d", value) if isinstance(value, float) else value


@patiently
@given(days(NUMBERS) | days(TEXTS))
def test_a_packed_day_comes_back_to_the_last_bit(rows: list[Row]) -> None:
    found = unpack(TODAY, pack(TODAY, rows))
    assert found == rows
    assert [bits(row[1]) for row in found] == [bits(row[1]) for row in rows]
    assert [type(row[1]) for row in found] == [type(row[1]) for row in rows]


@patiently
@given(days(NUMBERS) | days(TEXTS))
def test_the_numbers_of_a_day_are_those_that_an_alarm_may_use(rows: list[Row]) -> None:
    times, values = numbers(TODAY, pack(TODAY, rows), USABLE)
    wanted = [(r[0], r[1]) for r in rows if type(r[1]) is float and r[2] in USABLE]
    assert list(zip(times, values, strict=True)) == wanted


@patiently
@given(days(NUMBERS))
def test_minutes_come_back_as_they_were(rows: list[Row]) -> None:
    times, values = [row[0] for row in rows], [float(row[1]) for row in rows]
    entries = summed(times, values, MINUTE)
    assert unpack_entries(TODAY, pack_entries(TODAY, entries)) == entries
    assert sum(entry[4] for entry in summed(times, values, HOUR)) == len(rows)


def test_a_fridge_at_one_a_minute_takes_some_bits_a_reading() -> None:
    rows: list[Row] = [
        (TODAY * DAY + n * 60_000 + n * 7 % 40, 4 + (n * n % 23) / 16, 0, 3, None)
        for n in range(1440)
    ]
    assert len(pack(TODAY, rows)) / 1440 < 4


def test_numbers_whose_sum_no_float_can_hold_have_a_mean() -> None:
    at = TODAY * DAY
    (entry,) = summed([at, at + 1], [1.7e308, 1.7e308], HOUR)
    assert joined([entry, entry], at) == (at, 1.7e308, 1.7e308, 1.7e308, 4)
