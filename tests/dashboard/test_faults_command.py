"""`campus faults` reads what is there, in any order of rows, and says what it cannot read."""

import gzip
import json
import math
from pathlib import Path
from random import Random

import pytest

from dashboard.cli import main

HEAD = "time,device,value\n"


def week(stuck: str = "b") -> list[tuple[int, str, float]]:
    """Three sensors for three days, one a period of five minutes; one of them sticks."""
    random = Random(4)
    rows = []
    for step in range(3 * 288):
        at = 1_700_000_000 + 300 * step
        true = 20 + 3 * math.sin(2 * math.pi * step / 288)
        for offset, device in enumerate("abc"):
            value = round(true + offset + random.gauss(0, 0.05), 2)
            if device == stuck and 600 <= step < 720:
                value = 21.5
            rows.append((at, device, value))
    return rows


def lines(rows: list[tuple[int, str, float]]) -> str:
    return HEAD + "".join(f"{at},{device},{value}\n" for at, device, value in rows)


def test_one_json_line_an_episode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "week.csv"
    file.write_text(lines(week()), encoding="utf-8")
    assert main(["faults", str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    episode = json.loads(line)
    assert (episode["device"], episode["fault"]) == ("b", "frozen")
    assert set(episode) == {"device", "fault", "start", "end", "evidence"}
    assert episode["start"].endswith("Z") and episode["start"] < episode["end"]


@pytest.mark.parametrize("order", ["by device", "shuffled", "backwards"])
def test_the_order_of_rows_does_not_matter(
    order: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "week.csv.gz"
    rows = week()
    main_order = list(rows)
    if order == "by device":
        rows.sort(key=lambda row: row[1])
    elif order == "shuffled":
        Random(1).shuffle(rows)
    else:
        rows.reverse()
    file.write_bytes(gzip.compress(lines(rows).encode()))
    assert main(["faults", str(file)]) == 0
    found = capsys.readouterr().out
    plain = tmp_path / "plain.csv"
    plain.write_text(lines(main_order), encoding="utf-8")
    main(["faults", str(plain)])
    assert found == capsys.readouterr().out != ""


def test_times_may_be_iso_or_seconds_or_milliseconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "times.csv"
    rows = ["2026-03-02T10:00:00Z,a,900", "2026-03-02T10:01:00+00:00,a,1",
            "1772445720,a,900", "1772445780000,a,1"]  # fmt: skip
    file.write_text(HEAD + "\n".join(rows), encoding="utf-8")
    assert main(["faults", str(file), "--low", "0", "--high", "50"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    episode = json.loads(line)
    assert episode["fault"] == "out-of-range"
    assert (episode["start"], episode["end"]) == ("2026-03-02T10:00:00Z", "2026-03-02T10:02:00Z")


def test_bad_rows_are_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        HEAD + "yesterday,a,1\n1700000000,a,warm\n1700000000,,1\n1700000000\n1700000000,a,1\n"
        "1700000060,a,\n1700000120,a,nan\n",
        encoding="utf-8",
    )
    assert main(["faults", str(file)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    for line in ("line 2: 'yesterday' is no time", "line 3", "line 4", "line 5"):
        assert line in told.err
    assert "line 6" not in told.err and "line 7" not in told.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "needs a first line with the columns time,device,value"),
        ("time,value\n1,2\n", "it has no device"),
        (HEAD, "holds no reading"),
        (HEAD + "soon,a,1\n", "'soon' is no time"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content, encoding="utf-8")
    assert main(["faults", str(file)]) == 1
    assert said in capsys.readouterr().err


def test_a_missing_and_a_damaged_file_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faults", str(tmp_path / "none.csv")]) == 1
    assert "none.csv cannot be read" in capsys.readouterr().err
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(gzip.compress(lines(week()).encode())[:4000])
    assert main(["faults", str(torn)]) == 0
    assert "damaged" in capsys.readouterr().err
    (tmp_path / "plain.csv.gz").write_text("time", encoding="utf-8")
    assert main(["faults", str(tmp_path / "plain.csv.gz")]) == 1


def test_limits_that_are_none_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "week.csv"
    file.write_text(lines(week()), encoding="utf-8")
    assert main(["faults", str(file), "--low", "9", "--high", "3"]) == 1
    assert main(["faults", str(file), "--low", "nan"]) == 1
    assert "is not below" in capsys.readouterr().err


def test_a_device_that_never_comes_back_is_told_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "week.csv"
    rows = [row for row in week("none") if row[1] != "c" or row[0] < 1_700_000_000 + 86400]
    file.write_text(lines(rows), encoding="utf-8")
    assert main(["faults", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["faults", str(file), "--ended"]) == 0
    assert json.loads(capsys.readouterr().out)["fault"] == "silent"
