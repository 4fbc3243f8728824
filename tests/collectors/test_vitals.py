"""What a node says of its machine, read from folders like the kernel's."""

from pathlib import Path

import pytest

from collectors.vitals import clock_state, read_vitals
from devices.model import ClockState


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
