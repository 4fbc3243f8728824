"""What a node says of its machine, read from folders like the kernel's."""

from pathlib import Path

import pytest

from collectors.vitals import clock_state, read_vitals, throttled
from devices.model import ClockState
from tests.support.outside import sensor_vectors

RECORDED = {
    "throttled=0x0": "0x0", "throttled=0x50000": "0x50000", "volts=0x1": "unknown",
    "no value here": "unknown",
}  # fmt: skip


def test_a_pi_tells_its_temperature_and_throttling(tmp_path: Path) -> None:
    (tmp_path / "class/thermal/thermal_zone0").mkdir(parents=True)
    (tmp_path / "class/thermal/thermal_zone0/temp").write_text("48234\n")
    (tmp_path / "devices/platform/soc/soc:firmware").mkdir(parents=True)
    (tmp_path / "devices/platform/soc/soc:firmware/get_throttled").write_text("50005\n")
    vitals = read_vitals(tmp_path, tmp_path)
    assert (vitals.cpu_c, vitals.throttled) == (48.2, "0x50005")
    assert vitals.disk_free is not None and 0 <= vitals.disk_free <= 1


def test_a_machine_that_tells_nothing_is_no_trouble(tmp_path: Path) -> None:
    vitals = read_vitals(tmp_path / "gone", tmp_path)
    assert (vitals.cpu_c, vitals.throttled, vitals.disk_free) == (None, "0x0", None)


def test_a_trusted_clock_counts_as_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")
    assert clock_state() is ClockState.SYNCED
    monkeypatch.delenv("CAMPUS_CLOCK_TRUSTED")
    assert clock_state() in ClockState


@pytest.mark.parametrize("row", sensor_vectors("vcgencmd"), ids=lambda row: row["text"])
def test_each_recorded_answer_is_a_bit_field_or_unknown(row: dict[str, str]) -> None:
    assert throttled(row["text"]) == RECORDED[row["text"]]


@pytest.mark.parametrize(
    ("text", "field"),
    [("throttled=0xE0008\n", "0xe0008"), ("50005", "0x50005"), ("throttled=0x", "unknown"),
     ("throttled=yes", "unknown"), ("", "unknown"), ("throttled=-0x1", "unknown"),
     ("throttled=0x1 throttled=0x2", "unknown"), ("temp=48.3'C", "unknown")],
)  # fmt: skip
def test_what_is_no_bit_field_is_unknown_and_never_all_well(text: str, field: str) -> None:
    assert throttled(text) == field


def test_a_kernel_that_answers_nonsense_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "devices/platform/soc/soc:firmware").mkdir(parents=True)
    (tmp_path / "devices/platform/soc/soc:firmware/get_throttled").write_text("-\n")
    assert read_vitals(tmp_path, tmp_path).throttled == "unknown"
