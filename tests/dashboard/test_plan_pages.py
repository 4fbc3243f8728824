"""The plan's pages: rules and their days, what-if, what is muted, how alarms ended, the week."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from alerts.model import AlertState, Ending
from alerts.mute import Mute, MuteKind
from dashboard.trials import Trials
from devices.catalog import Site
from tests.conftest import EXAMPLE
from tests.support.clock import FakeClock
from tests.support.dashboards import Dashboard, csrf_of
from tests.support.waiting import eventually


def post(dashboard: Dashboard, role: str, page: str, path: str, **form: str) -> str:
    """A form as the page has it; what the page says afterwards."""
    client = dashboard.browser(role)
    form["csrf_token"] = csrf_of(client.get(page).text)
    return client.post(path, data=form, follow_redirects=True).text


def test_the_plan_lists_every_rule_and_what_it_rests_on(dashboard: Dashboard) -> None:
    page = dashboard.browser("viewer").get("/plan").text
    for rule in dashboard.parts.plan.rules:
        assert rule.file.id in page
    rule = dashboard.browser("viewer", "en").get("/plan/FOOD-01").text
    assert "law" not in rule.split("What it rests on")[1].split("<h2>")[0] or "not law" in rule
    assert rule.count('class="preview-day') == 14


def test_a_plan_that_was_changed_for_the_worse_is_said_on_its_page(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    path = dashboard.parts.plan.path
    version = dashboard.parts.plan.version
    path.write_text(path.read_text("utf-8") + "\n[nonsense]\n", "utf-8")
    clock.move(10)
    page = dashboard.browser("viewer").get("/plan").text
    assert "没有启用" in page
    assert version in page


def test_how_an_alert_ended_is_chosen_on_its_card(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    page = post(dashboard, "guard", "/alerts/a1", "/alerts/a1/end", ending="false-alarm", note="")
    assert "误报要写明原因" in page
    assert dashboard.engine.commands == []
    post(dashboard, "guard", "/alerts/a1", "/alerts/a1/end", ending="handled", note="已关门")
    command = dashboard.engine.commands[-1]
    assert (command.verb, command.alert) == ("end", "a1")
    assert orjson.loads(command.note) == {"ending": "handled", "note": "已关门"}


def test_an_alert_that_is_over_without_an_ending_is_listed_so(dashboard: Dashboard) -> None:
    now = dashboard.clock.now()
    dashboard.alert("a1")
    for id, ending in (("a2", None), ("a3", Ending.WATCHING)):
        over = dataclasses.replace(
            dashboard.book.kept["a1"], id=id, state=AlertState.CLOSED, closed_at=now, ending=ending
        )
        dashboard.book.kept[id] = over
    page = dashboard.browser("viewer").get("/alerts").text
    closed = page.split('id="closed"')[1]
    assert closed.count("待填写") == 1
    assert closed.count("观察") == 1


def test_a_canteen_hand_cannot_end_what_belongs_to_the_gate(dashboard: Dashboard) -> None:
    dashboard.alert("a1", area="person")
    page = post(dashboard, "canteen", "/alerts", "/alerts/a1/end", ending="handled", note="x")
    assert dashboard.engine.commands == []
    assert "department" in page or "403" in page or "权限" in page


def test_what_is_muted_is_named_and_can_be_ended(dashboard: Dashboard) -> None:
    now = dashboard.clock.now()
    dashboard.book.muted.append(
        Mute("m1", MuteKind.OUT_OF_SERVICE, ("room:kitchen", "*"), now, None, "钱老师",
             "寒假<b>停用", now)
    )  # fmt: skip
    dashboard.book.muted.append(
        Mute("m2", MuteKind.MAINTENANCE, ("*",), now - timedelta(days=2), now - timedelta(days=1),
             "赵老师", "换交换机", now - timedelta(days=2))
    )  # fmt: skip
    page = dashboard.browser("viewer").get("/mutes").text
    assert "寒假&lt;b&gt;停用" in page
    assert "恢复使用</button>" not in page
    now_part, _, over = page.partition("最近 30 天已结束")
    assert "换交换机" in over and "换交换机" not in now_part
    post(dashboard, "maintainer", "/mutes", "/mutes/m1/end")
    assert dashboard.engine.commands[-1].alert == "m1"


def test_maintenance_is_announced_by_its_form_and_by_the_api(dashboard: Dashboard) -> None:
    end = str(int((dashboard.clock.now() + timedelta(hours=2)).timestamp() * 1000))
    form = {"kind": "maintenance", "targets": "room:kitchen", "end": end, "reason": "换泵"}
    post(dashboard, "maintainer", "/mutes", "/mutes", **form)
    wish = orjson.loads(dashboard.engine.commands[-1].note)
    assert wish == {
        "kind": "maintenance", "targets": ["room:kitchen"], "end": int(end), "reason": "换泵",
    }  # fmt: skip
    client, header = dashboard.app.test_client(), dashboard.token("maintainer")
    for body, said in (
        ({"kind": "nap"}, "kind"), ({"kind": "maintenance", "targets": "x"}, "targets"),
        ({"kind": "maintenance", "targets": ["*"]}, "reason"),
    ):  # fmt: skip
        answer = client.post("/api/v1/mutes", json=body, headers=header)
        assert answer.status_code == 400
        assert said in answer.text


def test_the_weekly_sheet_counts_what_the_book_has(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    dashboard.alert("a2", rule="IT-03")
    client, header = dashboard.app.test_client(), dashboard.token("viewer")
    answer = client.get(
        "/api/v1/alarm-health?to=2026-11-25T00:00:00%2B08:00", headers=header
    ).get_json()
    assert answer["alarms"] == 2
    assert answer["by_severity"] == {"warning": 2}
    assert dashboard.browser("viewer").get("/alarm-health?back=x").status_code == 404


@pytest.mark.parametrize("hold", ["-1", "99999", "soon"])
def test_a_hold_time_that_makes_no_sense_is_refused(dashboard: Dashboard, hold: str) -> None:
    page = post(dashboard, "guard", "/plan/FOOD-01", "/plan/FOOD-01/trial", hold_min=hold)
    assert "持续时间要在" in page


def test_a_rule_is_tried_on_what_is_stored(
    tmp_path: Path, example_site: Site, clock: FakeClock
) -> None:
    trials = Trials(EXAMPLE / "campus.toml", tmp_path)
    assert trials.start("FOOD-01", 300.0, clock.now())
    assert not trials.start("FOOD-02", None, clock.now()), "one at a time"
    eventually(lambda: not (found := trials.of("FOOD-01")) or not found.running, within=60)
    found = trials.of("FOOD-01")
    assert found is not None
    assert found.trouble == ""
    assert found.counts == {"": 0, "300": 0}
    assert found.stories and all(story["ok"] for story in found.stories)
    trials.close()
    assert not trials.start("FOOD-01", None, clock.now())
