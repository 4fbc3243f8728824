"""What a driver keeps: whole after a torn write, and no trouble where it cannot be written."""

from pathlib import Path

from devices.drivers.keepsake import Keepsake


def test_the_newest_values_come_back(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "meter.kept"
    for count in range(5):
        Keepsake(path).load()
        keepsake = Keepsake(path)
        keepsake.load()
        keepsake.save({"count": count})
    assert Keepsake(path).load() == {"count": 4}
    assert path.stat().st_size == 1024


def test_a_torn_write_leaves_the_values_before_it(tmp_path: Path) -> None:
    path = tmp_path / "meter.kept"
    keepsake = Keepsake(path)
    for count in (1, 2, 3):
        keepsake.save({"count": count})
    data = path.read_bytes()
    newest = data.index(b'"count":3')
    path.write_bytes(data[:newest] + b"\0" * 9 + data[newest + 9 :])
    assert Keepsake(path).load() == {"count": 2}


def test_a_file_of_nonsense_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "meter.kept"
    path.write_bytes(b"\xff" * 2000)
    assert Keepsake(path).load() == {}
    path.write_bytes(b"")
    assert Keepsake(path).load() == {}


def test_what_cannot_be_written_is_said_and_stops_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    keepsake = Keepsake(blocked / "meter.kept")
    keepsake.save({"count": 1})
    assert "cannot be written" in keepsake.trouble
    assert Keepsake(None).load() == {}
