"""The documents are held to the code: every setting, kind, verb and topic stands in them."""

import argparse
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard import cli
from devices import catalog, wire
from devices.kinds import KINDS
from devices.localrules import LocalRule

ROOT = Path(__file__).parent.parent


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "table",
    [
        catalog.School, catalog.Services, catalog.StoreSettings, catalog.Records,
        catalog.Building, catalog.Place, catalog.Node, catalog.Point, catalog.Bridge,
        LocalRule,
    ],
)  # fmt: skip
def test_every_setting_of_the_site_file_is_documented(table: type[Any]) -> None:
    written = text("docs/configuration.md")
    missing = [f.name for f in dataclasses.fields(table) if f"`{f.name}`" not in written]
    assert not missing, f"add them to docs/configuration.md: {missing}"


def test_every_kind_is_documented_with_its_figures() -> None:
    written = text("docs/configuration.md")
    for kind in KINDS.values():
        row = re.search(rf"^\| `{re.escape(kind.key)}` \|.*$", written, re.MULTILINE)
        assert row, f"docs/configuration.md has no row for kind {kind.key}"
        assert f"| {kind.measurement} | {kind.value_type} | {kind.unit} |" in row[0]
        assert f"| {kind.period:g} | {kind.stale_after:g} |" in row[0]


def test_every_environment_variable_is_documented() -> None:
    written = text("docs/configuration.md")
    used: set[str] = set()
    for package in ("devices", "collectors", "alerts", "dashboard"):
        for source in (ROOT / package).rglob("*.py"):
            used |= set(re.findall(r"\"(CAMPUS_[A-Z0-9_]+)\"", source.read_text("utf-8")))
    internal = {"CAMPUS_SUPERVISED"}
    missing = sorted(name for name in used - internal if f"`{name}`" not in written)
    assert not missing, f"add them to docs/configuration.md: {missing}"


def verbs(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices


def test_every_verb_stands_in_the_contract() -> None:
    block = text("docs/contract.md").split("## Command line")[1].split("```")[1]
    for verb in verbs(cli.parser()):
        assert re.search(rf"\b{verb}\b", block), f"campus {verb} is not in docs/contract.md"


def test_what_the_contract_promises_and_is_not_there_yet_is_listed_as_such() -> None:
    written = text("docs/contract.md")
    block = written.split("## Command line")[1].split("```")[1]
    promised = set(re.findall(r"(?:campus|\|) ([a-z]+)", block)) & {
        "up", "broker", "node", "bridge", "ingest", "engine", "web", "init", "check", "doctor",
        "replay", "faults", "plan", "scene", "enroll", "revoke", "user", "token", "export",
        "backup", "restore",
    }  # fmt: skip
    open_ones = written.split("## Not carried out yet")[1]
    line = next(row for row in open_ones.splitlines() if row.startswith("- Commands"))
    assert set(re.findall(r"`(\w+)`", line)) == promised - set(verbs(cli.parser()))
    there = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    named = set(re.findall(r"^(\w+\.py) ", written.split("## Benchmarks")[1], re.MULTILINE))
    assert named - there == {name for name in named if f"`{name}`" in open_ones} - {"ingest.py"}


def test_every_topic_stands_in_the_contract() -> None:
    written = text("docs/contract.md")
    for topic in (
        wire.up_topic("<node>"), wire.ack_topic("<node>"), wire.status_topic("<node>"),
        wire.state_topic("<node>", "<point>"), wire.config_topic("<node>"),
        wire.node_command_topic("<node>"),
        wire.alert_topic("<id>"), wire.command_topic("<verb>"), wire.service_topic("<name>"),
    ):  # fmt: skip
        assert f"`{topic}`" in written, f"{topic} is not in docs/contract.md"


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)", text("README.md"), re.MULTILINE))
    assert {"run", "test"} <= named
    assert named <= targets


def test_no_address_of_a_registry_stands_in_a_lock_file() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), f"{lock.name} holds an address"
