"""A caretaker starts the monitor, stops it, starts it again, and makes the usual mistakes."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

from devices.sitefile import load_site
from tests.support.demo import Running, children_of
from tests.support.ports import free_port
from tests.support.waiting import eventually

FRIDGE = "canteen/fridge-1/temperature"


def test_the_demonstration_starts_stops_and_keeps_its_data(data: Path) -> None:
    first = Running(data, "--demo")
    hint = next(line for line in first.said.splitlines() if "campus scene" in line)
    words = shlex.split(hint.partition("campus ")[2].partition("   (")[0])
    assert "door" in campus(*words).stdout, "the printed command does not find this monitor"
    played = campus(*words, "fridge-door-open", "--point", FRIDGE)
    assert played.returncode == 0, played.stderr
    token = first.token()
    before = eventually(
        lambda: first.get(f"/api/v1/points/{FRIDGE}", token)["at"], what="a first reading"
    )
    family = children_of(first.process.pid)
    assert len(family) >= 12
    assert first.stop() == 0
    assert "Stopped" in first.said
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]

    second = Running(data, "--demo")
    try:
        events = second.get(f"/api/v1/events?point={FRIDGE}&from={before}&to={before}", token)
        history = second.get(f"/api/v1/series?point={FRIDGE}&buckets=10", token)
        assert second.password == first.password
        assert history["count"], "the first run's readings are gone"
        assert events is not None
    finally:
        assert second.stop(signal.SIGTERM) == 0


def test_without_mosquitto_the_embedded_broker_carries_the_school(data: Path) -> None:
    running = Running(data, "--demo", "--embedded")
    try:
        token = running.token()
        points = eventually(
            lambda: [p for p in running.get("/api/v1/points", token)["points"] if p["at"]],
            what="live values",
        )
        assert len(points) > 100
        running.kill("broker")
        running.campus("scene", "fridge-door-open", "--point", FRIDGE)
        door = "/api/v1/points/canteen/fridge-1/door"
        eventually(lambda: running.get(door, token)["value"] == "open", what="the door's reading")
    finally:
        assert running.stop() == 0


def test_a_killed_supervisor_leaves_no_process(data: Path) -> None:
    running = Running(data, "--demo")
    family = children_of(running.process.pid)
    running.stop(signal.SIGKILL)
    eventually(
        lambda: not [pid for pid in family if Path(f"/proc/{pid}").exists()],
        within=30, what="all children have ended",
    )  # fmt: skip


def campus(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_port_in_use_is_named_with_the_option_to_change_it(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = campus("up", "--demo", "--data", str(data), "--http", f"127.0.0.1:{port}",
                      "--mqtt", f"127.0.0.1:{free_port()}")  # fmt: skip
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--http" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_start_on_the_same_data_is_refused(data: Path) -> None:
    running = Running(data, "--demo")
    try:
        done = campus("up", "--demo", "--data", str(data), "--http", f"127.0.0.1:{free_port()}",
                      "--mqtt", f"127.0.0.1:{free_port()}")  # fmt: skip
        assert done.returncode == 1
        assert "another `campus up` uses" in done.stderr
    finally:
        running.stop()


def test_a_new_school_is_made_checked_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "school"
    assert campus("init", str(folder)).returncode == 0
    site = folder / "campus.toml"
    good = campus("check", "--config", str(site))
    assert good.returncode == 0
    assert f"{len(load_site(site).points)} points" in good.stdout
    again = campus("init", str(folder))
    assert again.returncode == 1
    assert "already" in again.stderr

    text = site.read_text("utf-8")
    for old, new in (
        ('kind = "temperature-cold"', 'kind = "temperature-cool"'),
        ('kind = "humidity", node = "server-pi"', 'kind = "humidity", node = "srv"'),
        ('driver = "beacon"', 'driver = "becon"'),
        ('options = { gpio = 27 }', 'options = { gpoi = 27 }'),
        ('school.timezone = "Asia/Shanghai"', 'school.timezone = "Asia/Changzhou"'),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    site.write_text(text, "utf-8")
    bad = campus("check", "--config", str(site))
    assert bad.returncode == 2
    assert "mistakes in the configuration" in bad.stderr
    for part in (
        "temperature-cool",
        "'srv'",
        "did you mean beacon?",
        "did you mean gpio?",
        "Asia/Changzhou",
    ):
        assert part in bad.stderr
    as_json = json.loads(campus("check", "--json", "--config", str(site)).stdout)
    assert as_json["ok"] is False
    assert len(as_json["problems"]) >= 5


def test_no_site_file_says_how_to_make_one(tmp_path: Path) -> None:
    done = campus("check", "--config", str(tmp_path / "nothing.toml"))
    assert done.returncode == 2
    assert "campus init" in done.stderr
