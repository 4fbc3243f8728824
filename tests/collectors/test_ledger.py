"""The ledger holds ranges, finds holes, and stays small."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.ledger import DeadLetter, Ledger, Receipt
from devices.model import NodeId, Origin

NODE = NodeId("canteen-pi")
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ingest.db", ZONE)) as ledger:
        yield ledger


def receive(ledger: Ledger, *seqs: int, boot: str = "b1", at: datetime = NOON) -> None:
    receipts = [Receipt(Origin(NODE, boot, seq), at, 3) for seq in seqs]
    ledger.record(receipts, [], Counter(), NOON)


def test_numbers_in_any_order_join_to_one_range(ledger: Ledger) -> None:
    seqs = list(range(1, 501))
    random.Random(7).shuffle(seqs)
    for seq in seqs:
        receive(ledger, seq)
    assert ledger.ranges(NODE, "b1") == [(1, 500)]
    receive(ledger, 250)
    assert ledger.counters()["duplicates"] == 1
    assert ledger.counters()["batches"] == 500


def test_holes_are_missing_until_they_come(ledger: Ledger) -> None:
    receive(ledger, 1, 2, 5, 9)
    assert ledger.ranges(NODE, "b1") == [(1, 2), (5, 5), (9, 9)]
    (day,) = ledger.completeness(NODE, NOON, NOON)
    assert day.missing == 5
    receive(ledger, 3, 4, 6, 7, 8)
    (day,) = ledger.completeness(NODE, NOON, NOON)
    assert (day.missing, day.received) == (0, 9)


def test_boots_and_days_are_apart(ledger: Ledger) -> None:
    receive(ledger, 1, 2, boot="b1", at=NOON - timedelta(days=1))
    receive(ledger, 3, boot="b1")
    receive(ledger, 1, boot="b2")
    yesterday, today = ledger.completeness(NODE, NOON - timedelta(days=1), NOON)
    assert (yesterday.boots, yesterday.received, yesterday.missing) == (1, 2, 0)
    assert (today.boots, today.received, today.missing) == (2, 2, 0)


def test_what_comes_old_is_late(ledger: Ledger) -> None:
    receive(ledger, 1, at=NOON - timedelta(hours=1))
    (day,) = ledger.completeness(NODE, NOON, NOON)
    assert day.late == 1


def test_a_day_is_the_schools_day(ledger: Ledger) -> None:
    receive(ledger, 1, at=datetime(2026, 11, 23, 16, 30, tzinfo=UTC))
    (day,) = ledger.completeness(NODE, NOON, NOON)
    assert day.day.isoformat() == "2026-11-24"


def test_dead_letters_come_newest_first_and_survive(ledger: Ledger, tmp_path: Path) -> None:
    letters = [DeadLetter(NOON, NODE, f"reason {n}", b"\x00raw") for n in range(3)]
    ledger.record([], letters, Counter(refused=3), NOON)
    with closing(Ledger(tmp_path / "ingest.db", ZONE, readonly=True)) as reader:
        assert [letter.reason for letter in reader.dead_letters(2)] == ["reason 2", "reason 1"]
        assert reader.dead_letters(1)[0].raw == b"\x00raw"


def test_a_reader_may_come_before_the_file(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "none.db", ZONE, readonly=True)) as reader:
        assert reader.completeness(None, NOON, NOON) == []
        assert reader.dead_letters() == []
        assert reader.counters() == {}
