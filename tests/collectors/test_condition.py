"""What is wrong with a node's machine is told, and low power of before once in each run of it."""

from pathlib import Path

import pytest

from collectors.condition import Condition
from collectors.vitals import Vitals, read_vitals
from devices.model import ClockState


def vitals(throttled: str = "0x0", free: float | None = 0.6, **more: bool | int) -> Vitals:
    return Vitals(ClockState.SYNCED, throttled, 48.0, free, **more)  # type: ignore[arg-type]


def reasons(condition: Condition, of: Vitals, now: float = 0.0, waiting: float = 0.0) -> list[str]:
    return [fault.reason for fault in condition.faults(of, now, waiting)]


@pytest.fixture
def condition(tmp_path: Path) -> Condition:
    return Condition(tmp_path / "told", "run 1")


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (vitals(), []),
        (vitals("0x1"), ["under-voltage"]),
        (vitals("0x4"), ["throttled"]),
        (vitals("0x8"), ["throttled"]),
        (vitals("0xe0000"), []),
        (vitals("unknown"), ["throttled-unknown"]),
        (vitals(free=0.099), ["disk-low"]),
        (vitals(free=0.1), []),
        (vitals(free=None), []),
        (vitals(read_only=True), ["read-only"]),
        (vitals(worn=90), ["card-worn"]),
        (vitals(worn=80), []),
    ],
)
def test_each_trouble_has_its_reason(condition: Condition, of: Vitals, told: list[str]) -> None:
    assert reasons(condition, of) == told


def test_low_power_before_is_told_once_in_each_run_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "told"
    first = Condition(file, "run 1")
    assert reasons(first, vitals("0x10000")) == ["under-voltage-before"]
    assert reasons(first, vitals("0x10000"), now=3500) == ["under-voltage-before"]
    assert reasons(first, vitals("0x10000"), now=3700) == []
    assert reasons(Condition(file, "run 1"), vitals("0x10000")) == []
    assert reasons(Condition(file, "run 2"), vitals("0x10001")) == [
        "under-voltage",
        "under-voltage-before",
    ]


def test_readings_that_wait_for_an_hour_are_told(condition: Condition) -> None:
    (fault,) = condition.faults(vitals(), 0.0, 7200.0)
    assert fault.reason == "outbox-old"
    assert "for 2.0 h" in fault.text


def test_wear_and_writing_are_read_from_the_kernel(tmp_path: Path) -> None:
    card = tmp_path / "block" / "mmcblk0"
    (card / "device").mkdir(parents=True)
    (card / "stat").write_text("  100 0 800 10  50 0 2048 20 0 30 30 0 0 0 0\n")
    (card / "device" / "life_time").write_text("0x02 0x0b\n")
    (tmp_path / "block" / "ram0").mkdir()
    (tmp_path / "block" / "ram0" / "stat").write_text("0 0 0 0 0 0 999 0\n")
    found = read_vitals(tmp_path, tmp_path)
    assert (found.written, found.worn, found.read_only) == (2048 * 512, 100, False)
    (card / "device" / "life_time").write_text("0x00 0x00\n")
    (card / "stat").write_text("nonsense\n")
    found = read_vitals(tmp_path, tmp_path)
    assert (found.written, found.worn) == (None, None)
