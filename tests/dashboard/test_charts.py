"""Charts: zoomed by mouse and keys, compared, with alarms and lessons behind; as CSV too."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dashboard.web import WebService
from devices.catalog import Site
from devices.model import PointId, Quality, to_ms
from devices.service import Clock
from tests.support.browser import Page
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, GATE, PASSWORD, Dashboard

ROOM = PointId("class-1/temperature")
CHART = f"/points/{FRIDGE}?range=24h"


def fill(dashboard: Dashboard, point: PointId = FRIDGE, hours: int = 24) -> None:
    """A reading every five minutes until now; the newest is 4.9."""
    count = hours * 12
    readings = [
        dashboard.reading(point, 4 + (count - n) % 10 / 10, n * 300.0) for n in range(count)
    ]
    dashboard.store.write(readings[::-1])


@pytest.fixture
def served(tmp_path: Path, site: Site) -> Iterator[tuple[Dashboard, str]]:
    dashboard = Dashboard(tmp_path, site, Clock(), streams=8)
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    fill(dashboard)
    fill(dashboard, ROOM)
    yield dashboard, f"127.0.0.1:{service.port}"
    dashboard.hub.close()
    service.close()
    dashboard.close()


def asked(page: Page) -> list[float]:
    """How many hours the page asked for, each time that it drew the curve."""
    hours: list[float] = []

    def note(url: str) -> None:
        if "/api/v1/series?" in url and "fridge-1" in url:
            query = dict(part.split("=") for part in url.partition("?")[2].split("&"))
            hours.append((int(query["to"]) - int(query["from"])) / 3_600_000)

    page.tab.on("request", lambda request: note(request.url))
    return hours


def test_a_chart_is_zoomed_by_mouse_and_keys_and_goes_back(
    served: tuple[Dashboard, str], browser: Browser
) -> None:
    page = Page(browser)
    page.log_in(served[1], "viewer", PASSWORD)
    hours = asked(page)
    page.open(CHART)
    page.tab.wait_for_selector(".u-over")
    assert hours == [24]
    box = page.tab.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.tab.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.tab.mouse.down()
    page.tab.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=5)
    with page.tab.expect_response("**/api/v1/series?**"):
        page.tab.mouse.up()
    assert hours[-1] == pytest.approx(12, abs=0.2)
    page.tab.locator("[data-chart]").focus()
    for key, wanted in (("+", 6), ("ArrowLeft", 6), ("-", 12)):
        with page.tab.expect_response("**/api/v1/series?**"):
            page.tab.keyboard.press(key)
        assert hours[-1] == pytest.approx(wanted, abs=0.3), key
    with page.tab.expect_response("**/api/v1/series?**"):
        page.tab.click("[data-whole]")
    assert hours[-1] == 24
    assert page.complaints == [] and page.foreign == []
    page.close()


def test_two_points_are_compared_in_one_chart(
    served: tuple[Dashboard, str], browser: Browser
) -> None:
    page = Page(browser)
    page.log_in(served[1], "viewer", PASSWORD)
    page.open(CHART)
    page.tab.wait_for_selector(".u-over")
    with page.tab.expect_response(lambda r: "/series?" in r.url and "class-1" in r.url):
        page.tab.select_option("[data-compare]", ROOM)
    page.tab.wait_for_selector(".u-series >> nth=4")
    assert served[0].site.points[ROOM].name in page.tab.inner_text(".u-legend")
    page.close()


def test_alarms_and_lessons_stand_behind_the_curve(dashboard: Dashboard, clock: FakeClock) -> None:
    raised = clock.now() - timedelta(minutes=30)
    made = dashboard.alert(raised_at=raised)
    dashboard.book.kept["a1"] = replace(made, returned_at=raised + timedelta(minutes=10))
    client, header = dashboard.app.test_client(), dashboard.token("viewer")
    found = client.get(f"/api/v1/marks?point={FRIDGE}", headers=header).json
    assert found["alerts"] == [
        {"id": "a1", "severity": "warning", "from": to_ms(raised),
         "to": to_ms(raised + timedelta(minutes=10)), "text": "1号冷藏柜 9.2 ℃"}
    ]  # fmt: skip
    assert client.get(f"/api/v1/marks?point={GATE}", headers=header).json["alerts"] == []


def test_a_history_is_saved_as_a_table(dashboard: Dashboard) -> None:
    fill(dashboard)
    answer = dashboard.browser("viewer").get(f"/points/{FRIDGE}.csv?range=24h")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["时间", "数值", "质量"]
    assert len(rows) == 288 and rows[-1][2] == Quality.GOOD.value
    year = dashboard.browser("viewer", "en").get(f"/points/{FRIDGE}.csv?range=1y")
    assert year.data.decode("utf-8-sig").splitlines()[0] == "Time,Min,Mean,Max,Count"
    gate = dashboard.browser("viewer").get(f"/points/{GATE}.csv")
    assert gate.status_code == 200
    assert dashboard.browser("viewer").get("/points/no/such.csv").status_code == 404
