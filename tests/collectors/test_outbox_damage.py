"""The outbox after a power cut that hurt its files: every kind of place, every kind of wound."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from collectors.logcheck import frames
from collectors.outbox import Outbox
from collectors.timeline import Taken
from devices import wire
from devices.catalog import Site
from devices.model import ClockState, NodeId, PointId, Value
from tests.support.clock import FakeClock

NODE, BOOT = NodeId("canteen-pi"), "firstboot2"
FRIDGE, DOOR = PointId("canteen/fridge-1/temperature"), PointId("canteen/fridge-1/door")
PAGE = 4096
FRAME = PAGE + 24
Told = tuple[str, int, Value]
"""Point, time in ms, value."""


@dataclass(frozen=True)
class Cut:
    """The files of an outbox as a power cut left them, and what was committed and not stored."""

    folder: Path
    waiting: dict[int, list[Told]]
    stored: set[int]

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.folder, to)
        return to / "outbox.db"


def commit(outbox: Outbox, clock: FakeClock, number: int) -> tuple[int, list[Told]]:
    """Telemetry of one, and now and then of many readings; each fifth is an event."""
    clock.move(1)
    many = 120 if number % 37 == 0 else 3
    taken = [Taken(FRIDGE, clock.now(), number + n / 1000, {}) for n in range(many)]
    if number % 5 == 0:
        taken = [Taken(DOOR, clock.now(), "open" if number % 2 else "closed", {})]
    waiting, readings = outbox.commit(taken, ClockState.SYNCED, urgent=number % 5 == 0)
    return waiting.seq, [(r.point, round(r.at.timestamp() * 1000), r.value) for r in readings]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """300 batches in the file with pages that were freed, 40 more in the log alone."""
    folder, clock = tmp_path_factory.mktemp("cut"), FakeClock()
    path = folder / "live" / "outbox.db"
    path.parent.mkdir()
    waiting: dict[int, list[Told]] = {}
    with closing(Outbox(path, NODE, clock, boot=BOOT)) as outbox:
        waiting.update(commit(outbox, clock, number) for number in range(300))
        stored = set(range(1, 120))
        outbox.acknowledge(BOOT, stored)
        outbox.tidy()
        outbox._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        waiting.update(commit(outbox, clock, number) for number in range(300, 340))
        shutil.copytree(path.parent, folder / "files")
    left = {seq: told for seq, told in waiting.items() if seq not in stored}
    return Cut(folder / "files", left, stored)


# --- where -------------------------------------------------------------------------------------


def pages(path: Path) -> dict[str, list[int]]:
    """The offsets of the pages of a file, by what they are."""
    data = path.read_bytes()
    found: dict[str, list[int]] = {"leaf": [], "inner": [], "index": [], "last page": []}
    trunk = int.from_bytes(data[32:36], "big")
    unused = {trunk}
    count = int.from_bytes(data[(trunk - 1) * PAGE + 4 :][:4], "big")
    for n in range(count):
        unused.add(int.from_bytes(data[(trunk - 1) * PAGE + 8 + 4 * n :][:4], "big"))
    for offset in range(PAGE, len(data), PAGE):
        name = {0x0D: "leaf", 0x05: "inner", 0x0A: "index", 0x02: "index"}.get(data[offset])
        if name and offset // PAGE + 1 not in unused:
            found[name].append(offset)
    found["last page"].append(len(data) - PAGE)
    found["freed"] = [(number - 1) * PAGE for number in sorted(unused)]
    return found


def places(cut: Cut) -> dict[str, tuple[str, list[tuple[int, int]]]]:
    """File, and the ranges of it that belong to a class."""
    path = cut.folder / "outbox.db"
    log = path.with_name("outbox.db-wal").read_bytes()
    offsets = [frame.offset for frame in frames(log)]
    kinds = {name: ("outbox.db", [(o, PAGE) for o in found]) for name, found in pages(path).items()}
    return kinds | {
        "header": ("outbox.db", [(0, 100)]),
        "first page": ("outbox.db", [(100, PAGE - 100)]),
        "log header": ("outbox.db-wal", [(0, 32)]),
        "frame header": ("outbox.db-wal", [(o - 24, 24) for o in offsets]),
        "frame": ("outbox.db-wal", [(o, PAGE) for o in offsets]),
    }


# --- how ---------------------------------------------------------------------------------------


def flip(data: bytearray, at: int, _start: int, chance: random.Random) -> bytearray:
    data[at] ^= 1 << chance.randrange(8)
    return data


def change(data: bytearray, at: int, _start: int, chance: random.Random) -> bytearray:
    data[at] = (data[at] + chance.randrange(1, 256)) % 256
    return data


def overwrite(data: bytearray, _at: int, start: int, chance: random.Random) -> bytearray:
    end = min(start + PAGE, len(data))
    data[start:end] = chance.choice((b"\0", b"\xff", b"\xa5")) * (end - start)
    return data


def truncate(data: bytearray, at: int, _start: int, _chance: random.Random) -> bytearray:
    return data[:at]


Wound = Callable[[bytearray, int, int, random.Random], bytearray]
PLACES = ("header", "first page", "leaf", "inner", "index", "freed", "last page", "log header",
          "frame header", "frame")  # fmt: skip


def told(outbox: Outbox, site: Site) -> Iterator[tuple[str, int, Told]]:
    for waiting in outbox.pending(10_000):
        decoded = wire.decode_batch(wire.up_topic(NODE), waiting.payload, site.kinds)
        assert not decoded.refusals
        for r in decoded.readings:
            yield waiting.boot, waiting.seq, (r.point, round(r.at.timestamp() * 1000), r.value)


def examine(path: Path, cut: Cut, site: Site, *, most_lost: int, silent: set[int]) -> str:
    """What went wrong after this wound, or nothing; `silent` may be missing without a word."""
    clock = FakeClock("2026-11-24T12:00:00+08:00")
    with closing(Outbox(path, NODE, clock, boot="second")) as outbox:
        got = list(told(outbox, site))
        seqs = {seq for _, seq, _ in got}
        lost = set(cut.waiting) - seqs
        known = {(BOOT, seq, one) for seq, all in cut.waiting.items() for one in all}
        if len(set(got)) != len(got):
            return "something is sent twice"
        if {one for one in got if one[1] not in cut.stored} - known:
            return "something is sent that was never committed"
        if lost - silent and not outbox.faults():
            return f"{len(lost)} batches are lost and nobody is told"
        if len(lost) > most_lost:
            return f"{len(lost)} batches are lost"
        commit(outbox, clock, 1)
        if len(list(told(outbox, site))) != len(got) + 3:
            return "the next commit is not there"
    with closing(Outbox(path, NODE, clock, boot="third")) as again:
        if len(list(told(again, site))) != len(got) + 3:
            return "the next start finds something else"
        if again.faults():
            return "the next start still finds damage"
    return ""


def unknowable(cut: Cut, name: str, wound: Wound) -> set[int]:
    """What can be missing with no trace: a last commit looks like one that was never finished, and
    a log that was cut short like one that never was longer."""
    if not name.endswith("-wal"):
        return set()
    newest = sorted(cut.waiting)
    return set(newest[-40:] if wound is truncate else newest[-1:])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wound", [flip, change, overwrite, truncate])
def test_wherever_it_is_hurt_it_starts_keeps_what_is_whole_and_tells_what_is_not(
    cut: Cut, site: Site, tmp_path: Path, place: str, wound: Wound
) -> None:
    name, ranges = places(cut)[place]
    assert ranges
    for seed in range(4):
        chance = random.Random(f"{place} {wound.__name__} {seed}")
        start, length = chance.choice(ranges)
        at = start + chance.randrange(length)
        path = cut.copy(tmp_path / str(seed))
        hurt = path.with_name(name)
        hurt.write_bytes(wound(bytearray(hurt.read_bytes()), at, start, chance))
        most = len(cut.waiting) if wound is truncate else 60
        trouble = examine(path, cut, site, most_lost=most, silent=unknowable(cut, name, wound))
        assert not trouble, f"{trouble}: {place}, {wound.__name__} at {at} of {name}, seed {seed}"


def test_without_the_index_of_its_log_nothing_is_missing(
    cut: Cut, site: Site, tmp_path: Path
) -> None:
    path = cut.copy(tmp_path / "files")
    path.with_name("outbox.db-shm").unlink()
    assert examine(path, cut, site, most_lost=0, silent=set()) == ""
