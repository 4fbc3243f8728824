"""The `campus` command: accounts, tokens, letting nodes in, looking at the running system."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.cli import main
from tests.support.brokers import running_broker
from tests.support.ports import free_port


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The options of a command on a data folder of its own, beside a complete school."""
    assert main(["init", str(tmp_path / "school")]) == 0
    return ["--config", str(tmp_path / "school" / "campus.toml"), "--data", str(tmp_path / "data")]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("CAMPUS_")]:
        monkeypatch.delenv(name)
    yield


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out = capsys.readouterr()
    return out.out + out.err


def last_json(capsys: pytest.CaptureFixture[str]) -> dict:  # type: ignore[type-arg]
    found: dict = json.loads(capsys.readouterr().out.splitlines()[-1])  # type: ignore[type-arg]
    return found


def test_a_user_is_added_listed_and_shut_out(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("long-enough-secret\n"))
    assert main(["user", "add", "wang", "--role", "guard", *words]) == 0
    assert main(["user", "list", *words]) == 0
    assert main(["user", "disable", "wang", *words]) == 0
    assert main(["user", "list", "--json", *words]) == 0
    text = said(capsys)
    assert "long-enough-secret" not in text
    assert json.loads(text.splitlines()[-1]) == [
        {"name": "wang", "role": "guard", "disabled": True}
    ]


def test_a_made_password_is_printed_once(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["user", "add", "li", "--role", "admin", "--generate", "--json", *words]) == 0
    assert len(last_json(capsys)["password"]) >= 12
    assert main(["user", "list", "--json", *words]) == 0
    assert "password" not in said(capsys)


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [("wang", "short", "8"), ("", "long-enough", "name"), ("a b", "long-enough", "name")],
)
def test_a_user_that_cannot_be_made_says_why(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    name: str, password: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    assert main(["user", "add", name, "--role", "guard", *words]) == 1
    assert reason in said(capsys)


def test_a_token_is_made_listed_and_revoked(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "add", "wall", "--role", "viewer", "--json", *words]) == 0
    assert last_json(capsys)["token"].startswith("campus_")
    assert main(["token", "revoke", "wall", *words]) == 0
    assert main(["token", "list", "--json", *words]) == 0
    rows = json.loads(said(capsys).splitlines()[-1])
    assert rows == [{"name": "wall", "role": "viewer", "revoked": True}]
    assert main(["token", "revoke", "nobody", *words]) == 1
    assert "nobody" in said(capsys)


def test_a_node_is_let_in_and_shut_out(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enroll", "canteen-pi", "--json", *words]) == 0
    given = last_json(capsys)
    assert given["user"] == "canteen-pi"
    assert given["url"].startswith("mqtt")
    assert len(given["password"]) >= 16
    assert main(["revoke", "canteen-pi", *words]) == 0
    assert main(["enroll", "canteen-py", *words]) == 1
    assert "canteen-pi" in said(capsys)


def test_the_doctor_says_that_nothing_runs_and_how_to_start_it(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    assert main(["doctor", "--mqtt", f"127.0.0.1:{port}", *words]) == 1
    text = said(capsys)
    assert "BAD broker" in text
    assert "campus up" in text


def test_the_doctor_names_each_service_and_node_that_is_not_heard(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with running_broker(tmp_path) as port:
        assert main(["doctor", "--json", "--mqtt", f"127.0.0.1:{port}", *words]) == 1
    found = {f["part"]: f for f in last_json(capsys)["findings"]}
    assert found["broker"]["ok"]
    assert found["disk"]["ok"] or "make room" in found["disk"]["text"]
    assert "start it" in found["engine"]["text"]
    assert "enrolled" in found["gate-east-pi"]["text"]
    assert "clock" in found


def test_check_names_mistakes_of_both_files_at_once(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    site = Path(words[1])
    site.write_text(site.read_text("utf-8").replace('"Asia/Shanghai"', '"Moon/Sea"'), "utf-8")
    plan = site.with_name("safety_plan.toml")
    plan.write_text(
        plan.read_text("utf-8").replace('severity = "warning"\n', 'severity = "deadly"\n', 1),
        "utf-8",
    )
    assert main(["check", *words]) == 2
    text = said(capsys)
    assert "Moon/Sea" in text
    assert "safety_plan.toml" in text
    assert "severity" in text


def test_when_shows_the_next_fortnight_of_a_rule(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "when", "GATE_OPEN_NIGHT", *words]) == 0
    assert said(capsys).count("–") >= 8
    assert main(["plan", "when", "GATE_OPEN_NIGHT", "--json", *words]) == 0
    assert len(last_json(capsys)["at_work"]) >= 8
    assert main(["plan", "when", "GATE_OPEN", *words]) == 1
    assert "GATE_OPEN_NIGHT" in said(capsys)
    assert main(["plan", "check", "--json", *words]) == 0
    assert last_json(capsys)["ok"]
