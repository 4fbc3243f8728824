"""The wall: by a link of its own, for looking only, page after page, and honest when it is cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dashboard.web import WebService
from devices.catalog import Site
from devices.service import Clock
from tests.support.browser import WALL, Page
from tests.support.dashboards import FRIDGE, Dashboard, csrf_of


def made_link(dashboard: Dashboard, name: str = "corridor") -> str:
    admin = dashboard.browser("admin")
    form = {"csrf_token": csrf_of(admin.get("/settings").text), "name": name}
    page = admin.post("/settings/walls", data=form).text
    return page.split('class="secret">http://localhost', 1)[1].split("<", 1)[0]


def revoke(dashboard: Dashboard, name: str = "corridor") -> None:
    admin = dashboard.browser("admin")
    form = {"csrf_token": csrf_of(admin.get("/settings").text)}
    admin.post(f"/settings/tokens/{name}/revoke", data=form)


def test_a_screen_needs_no_log_in_and_sees_the_wall_only(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    screen = dashboard.app.test_client()
    assert screen.get("/wall").status_code == 302
    assert screen.get(made_link(dashboard)).location == "/wall"
    page = screen.get("/wall").text
    assert "1号冷藏柜 9.2 ℃" in page and "东门" in page
    for path in ("/", "/alerts/a1", "/settings", "/metrics", "/canteen"):
        assert screen.get(path).status_code == 403, path
    assert screen.post("/api/v1/alerts/a1/acknowledge", json={}).status_code in (400, 403)
    assert dashboard.engine.commands == []


def test_a_revoked_link_is_dead_at_once(dashboard: Dashboard) -> None:
    screen, link = dashboard.app.test_client(), made_link(dashboard)
    screen.get(link)
    assert screen.get("/wall").status_code == 200
    revoke(dashboard)
    assert screen.get("/wall").status_code == 302
    assert dashboard.app.test_client().get(link).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_a_token_of_another_role_is_no_link(dashboard: Dashboard, role: str) -> None:
    token = dashboard.accounts.add_token("program", role)
    screen = dashboard.app.test_client()
    assert screen.get(f"/wall/enter/{token}").status_code == 404
    screen.set_cookie("campus_wall", token)
    assert screen.get("/wall").status_code == 302
    assert screen.get("/settings").status_code == 302


def test_no_person_is_a_wall(dashboard: Dashboard) -> None:
    admin = dashboard.browser("admin")
    token = csrf_of(admin.get("/settings").text)
    form = {"csrf_token": token, "name": "tv", "password": "long enough", "role": "wall"}
    assert "no wall" in admin.post("/settings/users", data=form, follow_redirects=True).text


@pytest.fixture
def served(tmp_path: Path, site: Site) -> Iterator[tuple[Dashboard, str]]:
    dashboard = Dashboard(tmp_path, site, Clock(), streams=8)
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    yield dashboard, f"127.0.0.1:{service.port}"
    dashboard.hub.close()
    service.close()
    dashboard.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_its_pages_come_in_turn_and_an_alert_holds_the_first(
    served: tuple[Dashboard, str], browser: Browser, language: str
) -> None:
    dashboard, http = served
    dashboard.services_live()
    dashboard.says(FRIDGE, 4.2)
    page = Page(browser, WALL, language)
    page.http = http
    page.tab.clock.install()
    page.open(made_link(dashboard))
    seen = []
    for _ in range(5):
        seen.append(page.tab.locator(".wall-page.shown").get_attribute("id"))
        page.tab.clock.fast_forward(15_100)
    assert seen == ["wall-wrong", "wall-canteen", "wall-gates", "wall-rooms", "wall-wrong"]
    assert page.overflow == 0 and page.foreign == []
    dashboard.alert("a1")
    page.tab.clock.fast_forward(1000)
    page.tab.wait_for_selector("#wall-wrong.shown .waiting")
    page.tab.clock.fast_forward(40_000)
    assert page.tab.locator(".wall-page.shown").get_attribute("id") == "wall-wrong"
    page.close()
