"""The outbox over power cuts, damage, a full card and a clock that jumps."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.logroom import ROOM_BYTES
from collectors.outbox import CARRIED_AFTER, Outbox, Waiting
from collectors.timeline import Taken
from devices import wire
from devices.catalog import Site
from devices.errors import StoreUnavailable
from devices.model import ClockState, NodeId, PointId, Reading, Value
from tests.support.clock import FakeClock

NODE = NodeId("canteen-pi")
FRIDGE = PointId("canteen/fridge-1/temperature")
DOOR = PointId("canteen/fridge-1/door")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path, clock: FakeClock) -> Iterator[Outbox]:
    with closing(Outbox(path, NODE, clock)) as outbox:
        yield outbox


def put(
    outbox: Outbox, clock: FakeClock, value: Value = 4.0, *, urgent: bool = False
) -> tuple[Waiting, list[Reading]]:
    """One reading of the fridge, or as an event of its door, now."""
    point = DOOR if urgent else FRIDGE
    taken = [Taken(point, clock.now(), value, {})]
    return outbox.commit(taken, ClockState.SYNCED, urgent=urgent)


def values(outbox: Outbox, site: Site) -> list[Value]:
    """What would be sent, in this order."""
    found: list[Value] = []
    for waiting in outbox.pending(10_000):
        decoded = wire.decode_batch(wire.up_topic(NODE), waiting.payload, site.kinds)
        assert not decoded.refusals
        found += [reading.value for reading in decoded.readings]
    return found


def test_a_batch_waits_until_it_is_acknowledged(outbox: Outbox, clock: FakeClock) -> None:
    first, _ = put(outbox, clock)
    second, _ = put(outbox, clock)
    assert (first.seq, second.seq) == (1, 2)
    assert outbox.depth() == 2
    assert outbox.pending(10) == [first, second]
    assert outbox.acknowledge(outbox.boot, [1, 99]) == 1
    assert outbox.acknowledge(outbox.boot, [1]) == 0
    assert outbox.depth() == 1
    assert outbox.pending(10) == [second]


def test_what_goes_over_the_wire_is_the_contracts_batch(
    outbox: Outbox, clock: FakeClock, site: Site
) -> None:
    taken = [
        Taken(FRIDGE, clock.now(), 4.2, {}),
        Taken(DOOR, clock.now(), "open", {"opened_s": 3.5}),
    ]
    waiting, readings = outbox.commit(taken, ClockState.UNSYNCED, urgent=False)
    decoded = wire.decode_batch(wire.up_topic(NODE), waiting.payload, site.kinds)
    assert decoded.clock is ClockState.UNSYNCED
    assert decoded.origin == readings[0].origin
    assert [(r.point, r.at, r.value, dict(r.detail)) for r in decoded.readings] == [
        (r.point, r.at, r.value, dict(r.detail)) for r in readings
    ]


def test_the_newest_event_is_sent_first_then_the_others_and_telemetry_old_before_new(
    outbox: Outbox, clock: FakeClock, site: Site
) -> None:
    put(outbox, clock, 1.0)
    put(outbox, clock, "open", urgent=True)
    put(outbox, clock, 2.0)
    put(outbox, clock, "closed", urgent=True)
    put(outbox, clock, "open", urgent=True)
    assert values(outbox, site) == ["open", "open", "closed", 1.0, 2.0]


def test_batches_on_their_way_are_left_out(outbox: Outbox, clock: FakeClock) -> None:
    batches = [put(outbox, clock)[0] for _ in range(5)]
    outbox.acknowledge(outbox.boot, [2])
    assert outbox.pending(2, {batches[0].key}) == [batches[2], batches[3]]


def test_a_restart_keeps_all_under_the_old_boot_and_counts_anew(
    path: Path, clock: FakeClock
) -> None:
    with closing(Outbox(path, NODE, clock)) as outbox:
        old = [put(outbox, clock)[0] for _ in range(3)]
        outbox.acknowledge(outbox.boot, [2])
    with closing(Outbox(path, NODE, clock)) as again:
        assert again.boot != old[0].boot
        assert again.pending(10) == [old[0], old[2]]
        assert again.depth() == 2
        assert put(again, clock)[0].seq == 1
        assert again.acknowledge(old[0].boot, [1, 3]) == 2
        assert again.depth() == 1


def test_times_of_a_point_strictly_increase_on_a_tie_and_over_a_restart(
    path: Path, clock: FakeClock
) -> None:
    start, ms = clock.now(), timedelta(milliseconds=1)
    with closing(Outbox(path, NODE, clock)) as outbox:
        tied = [Taken(FRIDGE, start, v, {}) for v in (1.0, 2.0)] + [Taken(DOOR, start, "open", {})]
        _, readings = outbox.commit(tied, ClockState.SYNCED, urgent=False)
        assert [reading.at for reading in readings] == [start, start + ms, start]
        _, (third,) = put(outbox, clock)
        assert third.at == start + 2 * ms
    with closing(Outbox(path, NODE, clock)) as again:
        _, (fourth,) = put(again, clock)
        assert fourth.at == start + 3 * ms


def test_a_clock_that_is_set_back_reorders_nothing_and_is_told(
    outbox: Outbox, clock: FakeClock
) -> None:
    _, (before,) = put(outbox, clock)
    clock.move(-3600)
    _, (after,) = put(outbox, clock)
    assert after.at > before.at
    assert outbox.ahead(clock.now()) > timedelta(minutes=59)
    clock.move(7200)
    _, (later,) = put(outbox, clock)
    assert later.at == clock.now()
    assert not outbox.ahead(clock.now())


COMMITTER = """
import sys
from pathlib import Path
from collectors.outbox import Outbox
from collectors.timeline import Taken
from devices.model import ClockState
from devices.service import Clock
clock = Clock()
outbox = Outbox(Path(sys.argv[1]), "canteen-pi", clock)
number = 0
while True:
    number += 1
    outbox.commit(
        [Taken("canteen/fridge-1/temperature", clock.now(), float(number), {})],
        ClockState.SYNCED, urgent=number % 3 == 0,
    )
    print(number, flush=True)
"""


def test_a_power_cut_loses_nothing_that_was_committed(
    path: Path, clock: FakeClock, site: Site
) -> None:
    committed = 0
    for run in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", COMMITTER, str(path)], stdout=subprocess.PIPE, text=True
        ) as node:
            assert node.stdout is not None
            for line in node.stdout:
                if int(line) >= 50 + run * 17:
                    node.kill()
                    break
            rest = node.stdout.read().split()
            last = int(rest[-1]) if rest else int(line)
        committed += last
        with closing(Outbox(path, NODE, clock)) as outbox:
            stored = values(outbox, site)
            assert outbox.faults() == []
        # One more may have been committed before its number was printed.
        assert committed <= len(stored) <= committed + run + 1
    for number in range(1, 51):
        assert stored.count(float(number)) == 3


def filled(path: Path, clock: FakeClock, count: int = 300) -> None:
    with closing(Outbox(path, NODE, clock)) as outbox:
        for number in range(count):
            put(outbox, clock, float(number))


def test_a_truncated_outbox_is_set_aside_and_what_is_readable_taken_over(
    path: Path, clock: FakeClock, site: Site
) -> None:
    filled(path, clock)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    with closing(Outbox(path, NODE, clock)) as outbox:
        rescued = values(outbox, site)
        assert 20 < len(rescued) < 300
        assert len(set(rescued)) == len(rescued)
        (fault,) = outbox.faults()
        assert fault.reason == "outbox-corrupt"
        assert f"{len(rescued)} batches" in fault.text
        put(outbox, clock, 1000.0)
        assert 1000.0 in values(outbox, site)
    assert list(path.parent.glob("outbox.db.corrupt-*"))


def test_a_hole_in_the_middle_costs_only_what_was_in_it(
    path: Path, clock: FakeClock, site: Site
) -> None:
    filled(path, clock)
    damaged = bytearray(path.read_bytes())
    page = int.from_bytes(damaged[16:18], "big")
    middle = len(damaged) // page // 2 * page
    damaged[middle : middle + page] = b"\xa5" * page
    path.write_bytes(damaged)
    with closing(Outbox(path, NODE, clock)) as outbox:
        assert len(values(outbox, site)) > 150
        assert outbox.faults()


@pytest.mark.parametrize("content", [b"not a database at all" * 400, b"\0" * 8192, b"SQLite"])
def test_rubbish_in_place_of_the_outbox_does_not_block_the_start(
    path: Path, clock: FakeClock, site: Site, content: bytes
) -> None:
    path.write_bytes(content)
    with closing(Outbox(path, NODE, clock)) as outbox:
        put(outbox, clock, 5.0)
        assert values(outbox, site) == [5.0]
        assert [fault.reason for fault in outbox.faults()] == ["outbox-corrupt"]


def test_an_empty_file_is_simply_a_new_outbox(path: Path, clock: FakeClock) -> None:
    path.touch()
    with closing(Outbox(path, NODE, clock)) as outbox:
        put(outbox, clock)
        assert outbox.faults() == []


def test_corrupt_files_do_not_pile_up(path: Path, clock: FakeClock) -> None:
    for _ in range(6):
        path.write_bytes(b"x" * 5000)
        clock.move(60)
        Outbox(path, NODE, clock).close()
    assert len(list(path.parent.glob("outbox.db.corrupt-*"))) == 3


def test_a_damaged_batch_is_never_sent(path: Path, clock: FakeClock, site: Site) -> None:
    filled(path, clock, 3)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE batch SET payload = replace(payload, '1.0', '9.0') WHERE seq = 2")
        db.execute("UPDATE batch SET payload = cast(payload AS BLOB)")
    with closing(Outbox(path, NODE, clock)) as outbox:
        assert values(outbox, site) == [0.0, 2.0]
        assert outbox.depth() == 2
        assert [fault.reason for fault in outbox.faults()] == ["outbox-damaged"]


def test_a_folder_that_is_gone_leaves_the_queue_in_memory_and_says_so(
    tmp_path: Path, clock: FakeClock, site: Site
) -> None:
    with closing(Outbox(tmp_path / "gone" / "outbox.db", NODE, clock)) as outbox:
        put(outbox, clock, 5.0)
        assert values(outbox, site) == [5.0]
        assert [fault.reason for fault in outbox.faults()] == ["outbox-memory"]


def test_above_its_limit_it_drops_old_telemetry_before_events_and_says_so(
    path: Path, clock: FakeClock, site: Site
) -> None:
    with closing(Outbox(path, NODE, clock, limit_bytes=10_000)) as outbox:
        for _ in range(5):
            put(outbox, clock, "open", urgent=True)
        for number in range(300):
            put(outbox, clock, float(number))
        kept = values(outbox, site)
        assert kept[:5] == ["open"] * 5
        assert kept[-1] == 299.0
        assert sum(len(waiting.payload) for waiting in outbox.pending(1000)) <= 10_000
        dropped = 305 - len(kept)
        assert outbox.depth() == len(kept)
        assert f"{dropped:,} readings were dropped" in outbox.faults()[0].text
    with closing(Outbox(path, NODE, clock, limit_bytes=10_000)) as again:
        assert f"{dropped:,} readings were dropped" in again.faults()[0].text
        clock.move(25 * 3600)
        assert again.faults() == []


def test_events_alone_above_the_limit_lose_the_oldest(
    path: Path, clock: FakeClock, site: Site
) -> None:
    with closing(Outbox(path, NODE, clock, limit_bytes=2_000)) as outbox:
        for number in range(60):
            put(outbox, clock, "open" if number % 2 else "closed", urgent=True)
        assert values(outbox, site)[0] == "open"
        assert len(values(outbox, site)) < 30
        assert outbox.faults()


def test_a_commit_that_fails_has_not_happened(
    outbox: Outbox, path: Path, clock: FakeClock, site: Site
) -> None:
    put(outbox, clock, 1.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        outbox._db.execute("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="cannot be written"):
            put(outbox, clock, 2.0)
        other.execute("ROLLBACK")
    assert outbox.depth() == 1
    assert put(outbox, clock, 3.0)[0].seq == 2
    assert values(outbox, site) == [1.0, 3.0]


def test_a_file_that_breaks_while_in_use_is_replaced(
    outbox: Outbox, path: Path, clock: FakeClock, site: Site
) -> None:
    put(outbox, clock, 1.0)
    outbox.tidy()
    broken = path.with_name("broken")
    broken.write_bytes(b"x" * 8192)
    outbox._db.close()
    shutil.move(broken, path)
    outbox._db = sqlite3.connect(path, isolation_level=None)
    put(outbox, clock, 2.0)
    assert 2.0 in values(outbox, site)
    assert [fault.reason for fault in outbox.faults()] == ["outbox-corrupt"]


def test_acknowledged_rows_leave_the_file(outbox: Outbox, path: Path, clock: FakeClock) -> None:
    for _ in range(200):
        put(outbox, clock)
    outbox.acknowledge(outbox.boot, range(1, 201))
    outbox.pending(1)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM batch").fetchone() == (0,)
    assert outbox.depth() == 0


def test_the_log_has_room_from_the_start_and_never_outgrows_it(
    path: Path, outbox: Outbox, clock: FakeClock
) -> None:
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size
    assert size >= ROOM_BYTES
    for _ in range(5 * CARRIED_AFTER):
        put(outbox, clock, urgent=True)
        outbox.rest()
    assert log.stat().st_size == size


def test_what_lies_in_a_roomy_log_is_there_after_a_power_cut(
    path: Path, outbox: Outbox, clock: FakeClock, tmp_path: Path
) -> None:
    batches = [put(outbox, clock)[0] for _ in range(3)]
    after = tmp_path / "after" / path.name
    after.parent.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{after}{end}")
    with closing(Outbox(after, NODE, clock)) as again:
        assert again.pending(10) == batches


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from collectors.outbox import Outbox
from collectors.timeline import Taken
from devices.errors import StoreUnavailable
from devices.model import ClockState
from devices.service import Clock

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
clock = Clock()
outbox = Outbox(Path(sys.argv[1]), "canteen-pi", clock)
committed = refused = 0

def commit(value):
    taken = [Taken("canteen/fridge-1/temperature", clock.now(), value, {"note": "x" * 900})]
    outbox.commit(taken, ClockState.SYNCED, urgent=False)

soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, hard))
while refused < 3 and committed < 50_000:
    try:
        commit(float(committed))
        committed += 1
        if committed % 100 == 0:
            outbox.rest()
    except StoreUnavailable:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
commit(float(committed))
print(committed + 1, refused, outbox.depth())
outbox.close()
"""


def test_a_full_disk_refuses_and_loses_nothing_that_was_committed(
    path: Path, site: Site, clock: FakeClock
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    committed, refused, depth = map(int, done.stdout.split())
    assert refused == 3
    assert depth == committed
    with closing(Outbox(path, NODE, clock)) as again:
        assert again.faults() == []
        assert values(again, site)[:10_000] == [float(n) for n in range(committed)][:10_000]
