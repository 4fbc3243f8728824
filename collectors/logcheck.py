"""Whether SQLite's write-ahead log is whole: it passes over all that follows a damaged frame."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096
"""Bytes of a page of every outbox."""
_HEAD, _FRAME_HEAD = 32, 24
_FRAME = _FRAME_HEAD + PAGE
_MAGIC = 0x377F0682


@dataclass(frozen=True, slots=True)
class Frame:
    """A page as one commit left it; `offset` is where in the log its bytes begin."""

    page: int
    commits: bool
    offset: int


def log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def frames(log: bytes) -> list[Frame]:
    """The frames of the log's present round, whatever their checksums say."""
    salts = _salts(log)
    return [
        Frame(int.from_bytes(head[:4], "big"), head[4:8] != b"\0\0\0\0", offset + _FRAME_HEAD)
        for offset, head in _heads(log)
        if head[8:16] == salts
    ]


def broken_within(log: bytes) -> bool:
    """Whether commits lie behind a damaged place.

    A last commit that was cut off is no damage: it never was one. A log that was cut short cannot
    be told from one that was never longer.
    """
    there = frames(log)
    if not there:
        return False
    sums = _sums(log[:24], (0, 0), _order(log))
    if not _header_whole(log):
        return True
    for number, (offset, head) in enumerate(_heads(log)):
        sums = _sums(head[:8], sums, _order(log))
        sums = _sums(log[offset + _FRAME_HEAD : offset + _FRAME], sums, _order(log))
        if struct.unpack(">II", head[16:24]) != sums or head[8:16] != log[16:24]:
            return _commits_behind(there, offset, number)
    return False


def _commits_behind(there: list[Frame], offset: int, number: int) -> bool:
    """Whether more than the commit that the frame at `offset` belongs to comes there."""
    behind = [frame for frame in there if frame.offset > offset]
    ends = [position for position, frame in enumerate(behind) if frame.commits]
    return bool(ends) and ends[0] < len(behind) - 1


def _heads(log: bytes) -> Iterator[tuple[int, bytes]]:
    for offset in range(_HEAD, len(log) - _FRAME + 1, _FRAME):
        yield offset, log[offset : offset + _FRAME_HEAD]


def _order(log: bytes) -> str:
    return ">" if log[3:4] == b"\x83" else "<"


def _header_whole(log: bytes) -> bool:
    magic = int.from_bytes(log[:4], "big")
    sums = struct.unpack(">II", log[24:32])
    return magic & ~1 == _MAGIC and sums == _sums(log[:24], (0, 0), _order(log))


def _salts(log: bytes) -> bytes:
    """Of this round; where the header is damaged, those of the first frame that has any."""
    if len(log) < _HEAD + _FRAME:
        return b""
    if _header_whole(log):
        return log[16:24]
    return next((head[8:16] for _, head in _heads(log) if any(head[8:16])), b"")


def _sums(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """SQLite's checksum, as its description of the file format gives it."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
