"""A day of one point in some kilobytes: how the embedded store keeps what is past.

Columns, not rows: differences of times, numbers as whole multiples of a step where that gives them
back to the last bit, each byte place by itself, then deflate. A reading takes one to four bytes.
"""

import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, compress, pairwise
from math import fsum
from struct import Struct

import orjson

from collectors.store.grid import DAY, MINUTE

Row = tuple[int, float | int | str, int, int, str | None]
"""At (ms), value, quality code, number of the node, detail as JSON; as in the table of readings."""
Entry = tuple[int, float, float, float, int]
"""A roll-up: where it begins (ms), lowest, mean, highest, and how many."""

_HEAD = Struct("<cId")
"""How values are written, how many, and the scale of whole multiples."""
_WHOLE, _FLOAT, _MIXED = b"i", b"d", b"j"
_SCALES = (1.0, 10.0, 16.0, 100.0, 1000.0, 10_000.0)
_LARGEST = 2**31 - 1
_LEVEL = 6


def pack(day: int, rows: Sequence[Row]) -> bytes:
    """`rows` of one UTC day (since 1970), in the order of their times."""
    times = array("I", (row[0] - day * DAY for row in rows))
    values = [row[1] for row in rows]
    form, scale, written = _values(values)
    parts = [
        _shuffled(array("I", _differences(times))), written,
        bytes(row[2] for row in rows), _shuffled(array("H", (row[3] for row in rows))),
        orjson.dumps([[n, row[4]] for n, row in enumerate(rows) if row[4] is not None]),
    ]  # fmt: skip
    lengths = array("I", (len(part) for part in parts))
    body = _HEAD.pack(form, len(rows), scale) + _bytes(lengths) + b"".join(parts)
    return zlib.compress(body, _LEVEL)


def unpack(day: int, data: bytes) -> list[Row]:
    """The rows of `pack`, to the last bit."""
    times, values, qualities, nodes, details = _columns(day, data)
    told: dict[int, str] = {n: text for n, text in orjson.loads(details)}
    nodes_read = _unshuffled("H", nodes)
    rows = zip(times, values, qualities, nodes_read, strict=True)
    return [(*row, told.get(number)) for number, row in enumerate(rows)]


def numbers(day: int, data: bytes, usable: bytes) -> tuple[Sequence[int], Sequence[float]]:
    """Times and values of the numbers whose quality code is among `usable`."""
    times, values, qualities, _, _ = _columns(day, data)
    if not isinstance(values, array):
        kept = [
            (at, value)
            for at, value, quality in zip(times, values, qualities, strict=True)
            if type(value) is float and quality in usable
        ]
        return [at for at, _ in kept], [value for _, value in kept]
    if not qualities.strip(usable):
        return times, values
    chosen = [quality in usable for quality in qualities]
    return array("q", compress(times, chosen)), array("d", compress(values, chosen))


def _columns(
    day: int, data: bytes
) -> tuple["array[int]", "array[float] | list[float | int | str]", bytes, bytes, bytes]:
    body = zlib.decompress(data)
    form, _, scale = _HEAD.unpack_from(body)
    at = _HEAD.size + 5 * 4
    parts = []
    for length in _array("I", body[_HEAD.size : at]):
        parts.append(body[at : at + length])
        at += length
    times = array("q", accumulate(_unshuffled("I", parts[0]), initial=day * DAY))[1:]
    values: array[float] | list[float | int | str]
    if form == _WHOLE:
        wholes = accumulate(_unshuffled("i", parts[1]))
        values = array("d", [whole / scale for whole in wholes])
    elif form == _FLOAT:
        values = _floats(parts[1])
    else:
        values = orjson.loads(parts[1])
    return times, values, parts[2], parts[3], parts[4]


def _values(values: Sequence[float | int | str]) -> tuple[bytes, float, bytes]:
    """The form, the scale, and the values written so."""
    if not all(type(value) is float for value in values):
        return _MIXED, 0.0, orjson.dumps(list(values))
    floats: list[float] = values  # type: ignore[assignment]
    biggest = max(map(abs, floats), default=0.0)
    few = floats[:16]
    for scale in _SCALES:
        if biggest * scale >= _LARGEST // 2:
            break
        if [round(value * scale) / scale for value in few] != few:
            continue
        wholes = [round(value * scale) for value in floats]
        # Minus zero is another number to whoever reads the bits.
        if [whole / scale for whole in wholes] == floats and not _minus_zero(floats):
            return _WHOLE, scale, _shuffled(array("i", _differences(wholes)))
    return _FLOAT, 0.0, _shuffled(array("d", floats))


def _minus_zero(values: Iterable[float]) -> bool:
    return any(value == 0.0 and str(value)[0] == "-" for value in values)


def _differences(values: Sequence[int]) -> Iterator[int]:
    if values:
        yield values[0]
    yield from (after - before for before, after in pairwise(values))


def _bytes(values: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _array(code: str, data: bytes) -> "array[int]":
    found: array[int] = array(code)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _shuffled(values: "array[int] | array[float]") -> bytes:
    """All first bytes, then all second ones, and so on: like stands beside like."""
    data, size = _bytes(values), values.itemsize
    return b"".join(data[place::size] for place in range(size))


def _unshuffled(code: str, data: bytes) -> "array[int]":
    size = array(code).itemsize
    count = len(data) // size
    mixed = bytearray(len(data))
    for place in range(size):
        mixed[place::size] = data[place * count : (place + 1) * count]
    return _array(code, bytes(mixed))


def _floats(data: bytes) -> "array[float]":
    found: array[float] = _unshuffled("d", data)  # type: ignore[assignment]
    return found


# --- roll-ups ------------------------------------------------------------------------------------


def pack_entries(day: int, entries: Sequence[Entry]) -> bytes:
    """Minutes of one UTC day, in their order."""
    columns = [array("d", [entry[place] for entry in entries]) for place in (1, 2, 3)]
    if columns[0] == columns[1] == columns[2]:
        columns = columns[:1]
    parts: list[array[int] | array[float]] = [
        array("H", [(entry[0] - day * DAY) // MINUTE for entry in entries]),
        array("I", [entry[4] for entry in entries]),
        *columns,
    ]
    head = _HEAD.pack(_FLOAT, len(entries), float(len(columns)))
    return zlib.compress(head + b"".join(map(_shuffled, parts)), _LEVEL)


def unpack_entries(day: int, data: bytes) -> list[Entry]:
    body = zlib.decompress(data)
    _, count, columns = _HEAD.unpack_from(body)
    at = _HEAD.size
    read: list[Sequence[float]] = []
    for code in ("H", "I", *["d"] * int(columns)):
        length = array(code).itemsize * count
        read.append(_unshuffled(code, body[at : at + length]))
        at += length
    lows = read[2]
    means, highs = (read[3], read[4]) if columns == 3 else (lows, lows)
    starts = [day * DAY + int(minute) * MINUTE for minute in read[0]]
    return list(zip(starts, lows, means, highs, map(int, read[1]), strict=True))


def summed(times: Sequence[int], values: Sequence[float], width: int) -> list[Entry]:
    """One entry for each stretch of `width` ms (from 1970) that has numbers; times ascend."""
    found: list[Entry] = []
    at, count = 0, len(times)
    while at < count:
        begins = times[at] // width * width
        until = bisect_left(times, begins + width, at)
        part = values[at:until]
        found.append((begins, min(part), mean_of(part), max(part), len(part)))
        at = until
    return found


def mean_of(values: Sequence[float]) -> float:
    """Of at least one number; also where their sum is more than a float can hold."""
    count = len(values)
    try:
        return fsum(values) / count
    except OverflowError:
        return fsum(value / count for value in values)


def joined(entries: Iterable[Entry], at: int) -> Entry:
    """Several entries (at least one) as one that begins at `at`."""
    parts = list(entries)
    count = sum(part[4] for part in parts)
    mean = fsum(part[2] * (part[4] / count) for part in parts)
    return (at, min(p[1] for p in parts), mean, max(p[3] for p in parts), count)
