"""Stored history replayed: what the plan would have told, as it would have told it live."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.backtest import backtest
from alerts.plan import load_plan
from collectors.store import open_store
from dashboard.cli import main
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Reading, Value
from tests.support.clock import FakeClock
from tests.support.watch import FRIDGE, GATE, PLAN, Watch

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def reading(site: Site, point: PointId, minute: float, value: Value) -> Reading:
    at = START + timedelta(minutes=minute)
    return Reading(point, at, value, Origin(NodeId(site.points[point].node), "b", 1))


def day(site: Site) -> list[Reading]:
    """18:00 to 22:00: a fridge that is warm for 40 minutes, a gate open from 21:40 to 21:45."""
    found = [
        reading(site, FRIDGE, n, 9.5 if 60 <= n < 100 else 4.0 + n % 3 / 8) for n in range(240)
    ]
    found += [reading(site, GATE, n, "open" if 220 <= n < 225 else "closed") for n in range(240)]
    return found


def test_it_tells_what_would_have_been_told_and_when(tmp_path: Path, site: Site) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, "utf-8")
    plan = load_plan(tmp_path / "plan.toml", site)
    reached = []
    with closing(open_store(site, tmp_path)) as store:
        store.write(day(site))
        found = backtest(
            site, plan, store, START, START + timedelta(hours=4),
            lambda at, count: reached.append((at, count)),
        )  # fmt: skip
    assert found.readings == 480
    assert found.raised["FOOD-01"] == 1
    assert found.raised["GATE_OPEN_NIGHT"] == 1
    told = [(t.alert.rule, str(t.why), t.alert.text) for t in found.transitions]
    assert ("GATE_OPEN_NIGHT", "raised", "东门在夜间封闭打开，21:40 起") in told
    assert reached[-1][1] == 480


def test_live_and_replayed_agree(tmp_path: Path, site: Site, clock: FakeClock) -> None:
    clock.set(START.isoformat())
    with closing(Watch(tmp_path, site, clock)) as watch:
        for n in range(60, 85):
            clock.set((START + timedelta(minutes=n)).isoformat())
            watch.all_nodes_live()
            watch.says(FRIDGE, 9.5)
        live = [a for a in watch.alerts() if a.rule == "FOOD-01"]
        plan = load_plan(tmp_path / "plan.toml", site).only("FOOD-01")
        end = clock.now() + timedelta(seconds=1)
        found = backtest(site, plan, watch.store, START, end, lambda at, count: None)
    assert len(live) == 1
    assert len(found.transitions) == 1
    difference = found.transitions[0].alert.raised_at - live[0].raised_at
    assert abs(difference) <= timedelta(seconds=15)


def test_the_command_counts_by_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path)]) == 0
    words = ["--config", str(tmp_path / "campus.toml"), "--data", str(tmp_path / "data")]
    span = ["--from", "2026-11-24T18:00", "--to", "2026-11-24T22:00"]
    from devices.sitefile import load_site

    site = load_site(tmp_path / "campus.toml")
    (tmp_path / "data").mkdir()
    with closing(open_store(site, tmp_path / "data")) as store:
        store.write(day(site))
    capsys.readouterr()
    assert main(["plan", "backtest", *span, "--rule", "FOOD-01", *words]) == 0
    assert "would have called 1 times" in capsys.readouterr().out
    assert main(["plan", "backtest", *span, "--json", *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["would_have"]["GATE_OPEN_NIGHT"] == 1
    assert main(["plan", "backtest", "--from", "yesterday", *words]) == 1
    assert "is no time" in capsys.readouterr().err
    assert main(["plan", "backtest", "--rule", "NOPE", *words]) == 1
