"""Pages: they work with nothing, with everything broken, and never let a name become markup."""

import dataclasses
import json

import pytest

from alerts.model import AlertState
from alerts.order import OrderState
from devices.errors import CampusError, StoreUnavailable
from devices.model import NodeState
from devices.service import Health
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, GATE, Dashboard, csrf_of, log_in

PAGES = (
    "/", "/canteen", "/gates", "/classrooms", "/alerts", "/maintenance", "/nodes", "/settings",
    "/post/gate-east", f"/points/{FRIDGE}", f"/points/{GATE}", "/points/gate-east/access",
    "/wall", "/canteen/sheet/2026-11-23", "/canteen/samples", "/handover", "/assets", "/assets/new",
    "/calibration", "/devices", "/labels", "/maintenance/log", "/reliability", "/stock", "/tasks",
    "/write-offs", "/settings/trail",
    "/plan", "/plan/FOOD-01", "/mutes", "/alarm-health", "/alarm-health?back=3",
)  # fmt: skip
NAUGHTY = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7*7 }}", "{% raw %}",
    "'; DROP TABLE users; --", "%(n)d %s {n}", "‮txet", "\u0000\u0007", "😀 ﷽", "../../etc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_works_on_the_first_morning(
    dashboard: Dashboard, path: str, language: str
) -> None:
    answer = dashboard.browser("admin", language).get(path)
    assert answer.status_code == 200
    assert 'lang="zh-CN"' in answer.text if language == "zh" else 'lang="en"' in answer.text


def test_without_an_engine_no_page_says_that_all_is_well(dashboard: Dashboard) -> None:
    page = dashboard.browser("viewer").get("/").text
    assert "告警状态未知" in page
    assert "没有需要处理的告警" not in page
    dashboard.services_live()
    assert "没有需要处理的告警" in dashboard.browser("viewer").get("/").text


class Broken:
    """Whatever is asked, it does not answer."""

    def __init__(self, error: CampusError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        if name == "health":
            return lambda: Health(False, "connection refused")

        def fail(*_: object, **__: object) -> object:
            raise self._error

        return fail


@pytest.mark.parametrize("path", PAGES)
def test_every_page_works_when_store_book_and_ledger_are_down(
    dashboard: Dashboard, path: str
) -> None:
    client = dashboard.browser("admin")
    dashboard.says(FRIDGE, 4.2)
    down = Broken(StoreUnavailable("connection refused"))
    dashboard.app.extensions["campus"] = dataclasses.replace(
        dashboard.parts,
        store=down,
        book=down,
        ledger=down,  # type: ignore[arg-type]
    )
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    if path == "/canteen":
        assert "4.2" in answer.text, "the value now needs no database"
        assert "历史数据暂时读不到" in answer.text


def test_the_overview_puts_what_is_wrong_first(dashboard: Dashboard) -> None:
    dashboard.alert("shelved", text="已知", state=AlertState.SHELVED)
    dashboard.alert("seen", text="有人在看", state=AlertState.ACKNOWLEDGED)
    dashboard.alert("new", text="没人看")
    page = dashboard.browser("guard").get("/").text
    assert page.index("没人看") < page.index("有人在看") < page.index("已知")
    assert page.index("没人看") < page.index("校园平面")
    assert '<span class="count">2</span>' in page


def test_an_alert_is_acknowledged_without_scripts(dashboard: Dashboard) -> None:
    dashboard.alert("a1", area="person")
    client = dashboard.browser("guard")
    form = {"csrf_token": csrf_of(client.get("/alerts").text), "next": "/alerts"}
    answer = client.post("/alerts/a1/acknowledge", data=form, follow_redirects=True)
    assert "告警引擎已记录" in answer.text
    assert dashboard.engine.commands[0].who == "guard"
    dashboard.engine.silent = True
    answer = client.post("/alerts/a1/acknowledge", data=form, follow_redirects=True)
    assert "did not answer" in answer.text and "告警引擎已记录" not in answer.text


def test_a_viewer_sees_no_button_that_he_may_not_press(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    for path in ("/", "/alerts", "/alerts/a1", "/maintenance"):
        page = dashboard.browser("viewer").get(path).text
        assert "/acknowledge" not in page and "/shelve" not in page and 'name="title"' not in page
    assert "/settings" not in dashboard.browser("guard").get("/").text


def test_an_alert_card_says_what_to_do_and_whom_to_call(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    page = dashboard.browser("canteen").get("/alerts/a1").text
    for words in (
        "关好柜门",
        '张老师 <a class="phone" href="tel:138">138</a>',
        "操作间",
        "通行做法",
        "未确认",
    ):
        assert words in page
    english = dashboard.browser("canteen", "en").get("/alerts/a1").text
    for words in (
        "Close the door",
        'Zhang <a class="phone" href="tel:138">138</a>',
        "Fridge 1 at 9.2",
        "common practice",
    ):
        assert words in english
    assert dashboard.browser("canteen").get("/alerts/none").status_code == 404


@pytest.mark.parametrize("nasty", NAUGHTY)
def test_names_with_markup_are_shown_as_text_everywhere(dashboard: Dashboard, nasty: str) -> None:
    dashboard.alert("a1", text=nasty, note=nasty, acknowledged_by=nasty,
                    state=AlertState.ACKNOWLEDGED)  # fmt: skip
    dashboard.order("o1", title=nasty, reported_by=nasty, evidence={nasty: nasty}, action=nasty)
    dashboard.store.write([dashboard.reading("gate-east/access", nasty, ago=5)])  # type: ignore[arg-type]
    client = dashboard.browser("admin")
    for path in ("/", "/alerts", "/alerts/a1", "/maintenance", "/maintenance/o1",
                 "/points/gate-east/access"):  # fmt: skip
        page = client.get(path).text
        for markup in ("<script>alert", "<img src=x", "49"):
            assert markup not in page or markup not in nasty
    answer = log_in(dashboard.browser(), nasty, nasty)
    assert "<script>alert" not in answer.text and "<img src=x" not in answer.text


def test_the_wall_says_how_old_each_value_is(dashboard: Dashboard, clock: FakeClock) -> None:
    dashboard.says(FRIDGE, 4.2)
    clock.move(180)
    client = dashboard.browser("viewer")
    assert "3 分钟前" in client.get("/canteen").text
    clock.move(400)
    page = client.get("/canteen").text
    assert "9 分钟前" in page and " stale" in page and "无数据" in page


def test_a_guards_post_is_calm_only_by_its_script_and_names_who_is_urgent(
    dashboard: Dashboard,
) -> None:
    client = dashboard.browser("guard")
    dashboard.node_says("gate-east-pi", NodeState.ONLINE)
    page = client.get("/post/gate-east").text
    assert "data-calm-good hidden" in page, "calm is shown by the script once all is proven"
    dashboard.alert("g1", point=GATE, area="person", text="东门 强行开门")
    page = client.get("/post/gate-east").text
    assert "东门 强行开门" in page and "确认收到" in page
    assert client.get("/post/kitchen").status_code == 404
    assert client.get("/post/nowhere").status_code == 404


def test_a_restart_in_the_last_ten_minutes_is_on_the_overview(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    run = dashboard.data / "run"
    run.mkdir()
    since = int(clock.now().timestamp() * 1000) - 240_000
    state = {"pid": 5, "state": "running", "restarts": 1, "last_exit": "ended by SIGKILL",
             "since": since}  # fmt: skip
    (run / "supervisor.json").write_text(json.dumps({"started": 1, "services": {"ingest": state}}))
    client = dashboard.browser("viewer")
    assert "数据入库 在 09:56 重新启动过" in client.get("/").text
    assert "ended by SIGKILL" in client.get("/nodes").text
    clock.move(600)
    assert "重新启动过" not in client.get("/").text
    for nonsense in ("", "{", "[]", '{"services": 5}', '{"services": {"x": 5}}'):
        (run / "supervisor.json").write_text(nonsense)
        assert client.get("/").status_code == 200


def test_the_maintenance_log_shows_evidence_and_the_next_step(dashboard: Dashboard) -> None:
    dashboard.order("o1")
    dashboard.order("o2", state=OrderState.DONE, number=129)
    client = dashboard.browser("maintainer")
    assert "#128" in client.get("/maintenance").text
    page = client.get("/maintenance/o1").text
    assert "最近一次数值" in page and "4.2" in page and "我来处理" in page
    assert "验收通过" in client.get("/maintenance/o2").text
    form = {"csrf_token": csrf_of(page)}
    done = client.post("/maintenance/o1/accept", data=form, follow_redirects=True)
    assert "已记入维修日志" in done.text
    report = {**form, "title": "门锁坏了", "place": "gate-east"}
    assert "已报修" in client.post("/maintenance", data=report, follow_redirects=True).text
    assert client.get("/maintenance/none").status_code == 404


def test_an_error_page_says_what_to_do_next(dashboard: Dashboard) -> None:
    answer = dashboard.browser("viewer").get("/nothing/here")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text and "回到总览" in answer.text
    assert dashboard.browser("viewer").get("/settings").status_code == 403


def test_a_number_on_the_guards_post_is_dialled_by_a_press(dashboard: Dashboard) -> None:
    dashboard.alert("a1", point=GATE, area="person", place="gate-east")
    page = dashboard.browser("guard").get("/post/gate-east").text
    assert '张老师 <a class="phone" href="tel:138">138</a>' in page
    assert 'href="/#plan"' in page
