"""No page has a barrier that axe-core finds: WCAG 2.2 AA, light and dark, desk and phone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from alerts.model import AlertState, Severity
from dashboard.web import WebService
from devices.model import NodeState
from devices.service import Clock
from tests.dashboard.test_pages import PAGES
from tests.support.browser import DESKTOP, PHONE, Page
from tests.support.dashboards import FRIDGE, GATE, PASSWORD, Dashboard
from tests.support.sites import small_site

AXE = Path(__file__).parents[1] / "support" / "vendor" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const result = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
  });
  return result.violations.flatMap((v) => v.nodes.map(
    (node) => `${v.id} (${v.impact}): ${node.html.slice(0, 160)} ${node.failureSummary}`));
}"""


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A school with something of everything on its pages."""
    folder = tmp_path_factory.mktemp("school")
    dashboard = Dashboard(folder, small_site(folder), Clock(), streams=8)
    dashboard.services_live()
    dashboard.says(FRIDGE, 9.2)
    dashboard.says(GATE, "open")
    dashboard.node_says("canteen-pi", NodeState.ONLINE)
    dashboard.node_says("gate-east-pi", NodeState.OFFLINE)
    dashboard.alert("a1")
    dashboard.alert("a2", point=None, area="person", place="gate-east", severity=Severity.CRITICAL)
    shelved = dashboard.alert("a3", severity=Severity.INFO)
    dashboard.tell(replace(shelved, state=AlertState.SHELVED))
    dashboard.order("o1")
    dashboard.accounts.add_token("wall-1", "wall")
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    yield f"127.0.0.1:{service.port}"
    dashboard.hub.close()
    service.close()
    dashboard.close()


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(DESKTOP, "light", "zh"), (DESKTOP, "dark", "en"), (PHONE, "light", "en"),
     (PHONE, "dark", "zh")],
    ids=["desk-light", "desk-dark", "phone-light", "phone-dark"],
)  # fmt: skip
def test_no_page_has_a_barrier(
    http: str, browser: Browser, size: tuple[int, int], theme: str, language: str
) -> None:
    page = Page(browser, size, language, theme)
    page.context.add_init_script(AXE.read_text("utf-8"))
    page.http = http
    found: dict[str, list[str]] = {}
    page.open("/login")
    found["/login"] = page.tab.evaluate(RUN)
    page.log_in(http, "admin", PASSWORD)
    for path in (*PAGES, "/alerts/a1", "/maintenance/o1", "/maintenance/o1/sheet", f"/r/{FRIDGE}"):
        page.open(path)
        found[path] = page.tab.evaluate(RUN)
        if page.overflow:
            found[path].append(f"is {page.overflow} px wider than the screen")
    page.close()
    assert [f"{path}: {each}" for path, barriers in found.items() for each in barriers] == []
