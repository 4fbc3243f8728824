"""In a real browser: values arrive by themselves, a cut is said at once, keys alone suffice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from alerts.model import Severity
from dashboard.web import WebService
from devices.catalog import Site
from devices.model import NodeState
from devices.service import Clock
from tests.support.browser import DESKTOP, PHONE, WALL, Page
from tests.support.dashboards import FRIDGE, GATE, PASSWORD, Dashboard
from tests.support.waiting import eventually


class Served:
    """The dashboard on a port, which can be switched off and on again."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self.service = WebService(dashboard.app, "127.0.0.1:0", Clock())
        self.service.start()
        self.http = f"127.0.0.1:{self.service.port}"

    def switch_off(self) -> None:
        self.service.close()

    def switch_on(self) -> None:
        self.service = WebService(self.dashboard.app, self.http, Clock())
        self.service.start()


@pytest.fixture
def served(tmp_path: Path, site: Site) -> Iterator[Served]:
    dashboard = Dashboard(tmp_path, site, Clock(), streams=24)
    served = Served(dashboard)
    yield served
    dashboard.hub.close()
    served.service.close()
    dashboard.close()


def test_a_value_changes_on_the_page_by_itself_and_a_cut_is_said_and_healed(
    served: Served, page: Page
) -> None:
    dashboard = served.dashboard
    dashboard.services_live()
    dashboard.says(FRIDGE, 4.2)
    page.log_in(served.http, "viewer", PASSWORD)
    page.open("/canteen")
    eventually(lambda: "在线" in page.text())
    dashboard.says(FRIDGE, 6.7)
    eventually(lambda: "6.7" in page.text(), within=2)
    assert page.foreign == [] and page.complaints == []

    served.switch_off()
    eventually(lambda: page.find("[data-cut]").is_visible(), within=10, what="画面已断开")
    assert "6.7" in page.text(), "what was known stays readable"
    served.switch_on()
    dashboard.says(FRIDGE, 5.1)
    eventually(lambda: not page.find("[data-cut]").is_visible(), within=20)
    eventually(lambda: "5.1" in page.text(), within=10)


def test_the_guards_post_rings_is_acknowledged_by_keyboard_and_turns_calm(
    served: Served, page: Page
) -> None:
    dashboard = served.dashboard
    dashboard.says(GATE, "closed")
    page.log_in(served.http, "guard", PASSWORD)
    page.open("/post/gate-east")
    eventually(lambda: "告警引擎中断" in page.text(), what="not calm while the engine is away")
    assert "一切正常" not in page.text()
    dashboard.services_live()
    dashboard.node_says("gate-east-pi", NodeState.ONLINE)
    eventually(lambda: "一切正常" in page.text(), within=15)

    dashboard.alert(
        "g1", point=GATE, area="person", text="东门 强行开门", severity=Severity.CRITICAL
    )
    eventually(lambda: "东门 强行开门" in page.text(), within=3)
    page.find("#post-body form button").focus()
    page.tab.keyboard.press("Enter")
    eventually(lambda: "已确认" in page.text(), within=5)
    assert [command.verb for command in dashboard.engine.commands] == ["acknowledge"]
    assert page.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP, WALL], ids=["phone", "desktop", "wall"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_its_screen(
    served: Served, browser: Browser, size: tuple[int, int], language: str
) -> None:
    dashboard = served.dashboard
    dashboard.says(FRIDGE, 9.2)
    dashboard.alert("a1")
    dashboard.order("o1")
    page = Page(browser, size, language)
    page.log_in(served.http, "admin", PASSWORD)
    for path in ("/", "/canteen", "/gates", "/classrooms", "/alerts", "/alerts/a1", "/maintenance",
                 "/maintenance/o1", "/nodes", "/settings", "/post/gate-east",
                 f"/points/{FRIDGE}"):  # fmt: skip
        page.open(path)
        assert page.overflow <= 0, path
    assert page.foreign == [] and page.complaints == []
    page.close()
