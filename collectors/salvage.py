"""Salvage: reads whole batches from the pages of a corrupt outbox, whatever no longer leads there.

By SQLite's description of its file format; what its own reading still reaches comes from there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from collectors.logcheck import PAGE, frames, log_of

Row = tuple[int | None, str, int, int, int, int, bytes]
"""id, boot, seq, urgent, count, crc, payload; no id where it cannot be believed."""
_MOST_ROWS = 2**40
_LEAF = 0x0D
_COLUMNS = 7
_LONGEST_PAYLOAD = 16 * 1024 * 1024
_Read = Callable[[int], bytes]


def salvage(database: Path) -> Iterator[Row]:
    """Every whole batch of the file as its log left it, by page. Raises OSError."""
    log = log_of(database).read_bytes() if log_of(database).exists() else b""
    newest = {frame.page: frame.offset for frame in frames(log)}
    with database.open("rb") as file:
        count = max(database.stat().st_size // PAGE, max(newest, default=0))

        def read(number: int) -> bytes:
            if number in newest:
                return log[newest[number] : newest[number] + PAGE]
            file.seek((number - 1) * PAGE)
            return file.read(PAGE)

        unused = _unused(read)
        for number in range(2, min(count, 2**20) + 1):
            if number not in unused:
                yield from _batches(read(number), read)


def _unused(read: _Read) -> set[int]:
    """Pages that wait for another use; they still hold what was deleted long ago."""
    found: set[int] = set()
    trunk = int.from_bytes(read(1)[32:36], "big")
    while trunk and trunk not in found and len(found) < 2**20:
        page = read(trunk)
        if len(page) != PAGE:
            break
        found.add(trunk)
        leaves = min(int.from_bytes(page[4:8], "big"), (PAGE - 8) // 4)
        found.update(int.from_bytes(page[8 + 4 * n : 12 + 4 * n], "big") for n in range(leaves))
        trunk = int.from_bytes(page[:4], "big")
    return found


def _row(id: int, values: list[Any]) -> Row | None:
    """A batch by its columns; what its payload says of itself is believed, where its sum fits."""
    urgent, _count, crc, payload = values[3:7]
    if not isinstance(payload, bytes) or crc32(payload) != crc:
        return None
    try:
        batch = orjson.loads(payload)
        boot, seq, count = batch["boot"], batch["seq"], len(batch["readings"])
    except (ValueError, LookupError, TypeError):
        return None
    known = id if 0 < id < _MOST_ROWS else None
    return known, boot, seq, 1 if urgent == 1 else 0, count, crc, payload


def _batches(page: bytes, read: _Read) -> Iterator[Row]:
    if len(page) != PAGE or page[0] != _LEAF:
        return
    cells = min(int.from_bytes(page[3:5], "big"), (PAGE - 8) // 2)
    for number in range(cells):
        start = int.from_bytes(page[8 + 2 * number : 10 + 2 * number], "big")
        try:
            id, data = _cell(page, start, read)
            values = _record(data)
        except (IndexError, ValueError):
            continue
        found = _row(id, values) if len(values) == _COLUMNS else None
        if found is not None:
            yield found


def _cell(page: bytes, start: int, read: _Read) -> tuple[int, bytes]:
    """The row's number and the record of one cell, with what of it lies on other pages."""
    length, at = _varint(page, start)
    id, at = _varint(page, at)
    if length > _LONGEST_PAYLOAD:
        raise ValueError("no record is so long")
    if length <= PAGE - 35:
        return id, page[at : at + length]
    least = (PAGE - 12) * 32 // 255 - 23
    here = least + (length - least) % (PAGE - 4)
    here = here if here <= PAGE - 35 else least
    parts, left = [page[at : at + here]], length - here
    following = int.from_bytes(page[at + here : at + here + 4], "big")
    while left > 0 and following:
        more = read(following)
        if len(more) < 4:
            raise ValueError("it ends too early")
        parts.append(more[4 : 4 + left])
        left -= len(parts[-1])
        following = int.from_bytes(more[:4], "big")
    return id, b"".join(parts)


def _record(data: bytes) -> list[Any]:
    """The first columns of a record; text that is none stays bytes."""
    body, at = _varint(data, 0)
    values: list[Any] = []
    end = body
    while at < end and len(values) < _COLUMNS:
        kind, at = _varint(data, at)
        if kind in (8, 9):
            values.append(kind - 8)
            continue
        size = (0, 1, 2, 3, 4, 6, 8, 8)[kind] if kind < 8 else (kind - 12) // 2
        part = data[body : body + size]
        if len(part) != size:
            raise ValueError("a column ends too early")
        body += size
        values.append(int.from_bytes(part, "big", signed=True) if 0 < kind < 7 else part)
    return values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(8):
        byte = data[at + position]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + position + 1
    return value << 8 | data[at + 8], at + 9
