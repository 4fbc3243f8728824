"""`campus simulate` into a file: reproducible, labelled, and each mistake in words."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.cli import main
from devices.sitefile import load_site

SCORE = Path(__file__).parents[3] / "shared" / "data" / "sensor_faults" / "score.py"
SCENARIO = """\
[[scene]]
name = "door-open"
at = "sim-01/fridge-1/temperature"
begins = "1h"
lasts = "20m"

[[fault]]
name = "drift"
at = "sim-01/freezer-1/temperature"
begins = "2021-03-01T02:00"
lasts = "2h"
size = 3
"""


def simulate(*words: str) -> int:
    return main(["simulate", "--nodes", "2", "--points", "6", *words])


def table(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    files = [tmp_path / folder / name for folder in "abc"]
    for path, seed in zip(files, ("7", "7", "8"), strict=True):
        path.parent.mkdir()
        assert simulate("--out", str(path), "--seed", seed, "--faults-per-day", "2") == 0
    first, again, other = (path.read_bytes() for path in files)
    assert first == again != other


def test_a_labelled_file_is_scored_by_the_judge(tmp_path: Path) -> None:
    out, episodes = tmp_path / "out.csv.gz", tmp_path / "episodes.jsonl"
    fault = "bias@sim-01/fridge-1/temperature,begins=2h,lasts=3h,size=6"
    assert simulate("--out", str(out), "--labelled", "--fault", fault) == 0
    wrong = [row for row in table(out) if row["fault"] != "0"]
    episodes.write_text(json.dumps({
        "device": wrong[0]["device"], "start": wrong[0]["time"], "end": wrong[-1]["time"],
    }) + "\n")  # fmt: skip
    judged = subprocess.run(
        [sys.executable, str(SCORE), str(out), str(episodes)], capture_output=True, check=True
    )
    said = json.loads(judged.stdout)
    assert (said["events"], said["f1"]) == (1, 1.0)


def test_a_scenario_file_says_what_happens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    out = tmp_path / "out.csv"
    words = ["--scenario", str(tmp_path / "s.toml"), "--duration", "5h", "--labelled", "--json"]
    assert simulate("--out", str(out), *words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["faults"] == {"drift": 120}
    assert said["points"] == 12 and said["rows"] == len(table(out))
    warm = [r for r in table(out) if r["device"] == "sim-01/fridge-1/temperature"]
    assert max(float(row["value"]) for row in warm) > 6.5


def test_a_rate_is_what_each_node_gives_a_second(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert simulate("--out", str(out), "--rate", "5/s", "--duration", "60s", "--from",
                    "2021-03-01T03:00") == 0  # fmt: skip
    assert len(table(out)) == pytest.approx(2 * 5 * 60, abs=12)


def test_the_points_of_a_site_file_can_be_chosen(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "school")]) == 0
    site, out = str(tmp_path / "school" / "campus.toml"), tmp_path / "out.csv"
    words = ["--config", site, "--kind", "temperature-*", "--only", "canteen-pi"]
    assert main(["simulate", *words, "--out", str(out), "--duration", "2h"]) == 0
    devices = {row["device"] for row in table(out)}
    assert "canteen/fridge-1/temperature" in devices
    assert all("temperature" in device for device in devices)


def test_a_made_up_school_is_a_site_file_that_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "campus.toml"
    assert simulate("--site-out", str(path)) == 0
    site = load_site(path)
    assert len(site.nodes) == 2 and len(site.points) == 12


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--scene", "earthquake"], "earthquake"),
        (["--fault", "stuck,begins=soon"], "neither a duration nor a time"),
        (["--fault", "stuck,size=big"], "size is no number"),
        (["--fault", "stuk"], "did you mean stuck?"),
        (["--fault", "stuck@gym/*"], "no point, room, gate or node fits 'gym/*'"),
        (["--rate", "fast"], "no rate"),
        (["--duration", "long"], "no duration"),
        (["--from", "yesterday"], "no time"),
        (["--only", "gym/*"], "no point fits"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], text: str
) -> None:
    out = tmp_path / "out.csv"
    assert simulate("--out", str(out), *words) in (1, 2)
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate("--out", str(tmp_path / "no" / "out.csv")) == 1
    assert "cannot be written" in capsys.readouterr().err
