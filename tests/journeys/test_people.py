"""Each of the three users goes through a day's pages: phone and desk, Chinese and English.

Screenshots are left in the folder of CAMPUS_SCREENSHOTS, else below the system's temporary folder.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import DESKTOP, PHONE, Page
from tests.support.demo import Running
from tests.support.waiting import eventually

SHOTS = Path(os.environ.get("CAMPUS_SCREENSHOTS") or Path(tempfile.gettempdir()) / "campus-pages")


@dataclass(frozen=True)
class Walk:
    """Who logs in, and the links followed from there by what they say: (Chinese, English)."""

    role: str
    links: tuple[tuple[str, str], ...]


WALKS = {
    "logistics": Walk("canteen", (
        ("食堂", "Canteen"), ("今天的温度记录表", "Today's temperature sheet"), ("食堂", "Canteen"),
        ("留样登记", "Food samples"), ("食堂", "Canteen"), ("1号冷藏柜", "Fridge 1"),
        ("教室", "Classrooms"), ("总览", "Overview"),
    )),
    "guard": Walk("guard", (
        ("校门", "Gates"), ("交接班", "Handover"), ("校门", "Gates"), ("岗亭画面", "Guard post"),
    )),
    "it": Walk("maintainer", (
        ("维修", "Maintenance"), ("节点", "Nodes"), ("预案", "Plan"), ("告警", "Alerts"),
    )),
}  # fmt: skip


@pytest.fixture(params=[
    (DESKTOP, "zh"), (DESKTOP, "en"), (PHONE, "zh"), (PHONE, "en"),
], ids=["desk-zh", "desk-en", "phone-zh", "phone-en"])  # fmt: skip
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    size, language = request.param
    page = Page(browser, size, language)
    yield page
    page.close()


@pytest.mark.parametrize("user", list(WALKS))
def test_everybody_finds_the_way_by_links_and_nothing_is_cut_off(
    school: Running, window: Page, user: str
) -> None:
    walk, english = WALKS[user], window.language == "en"
    window.log_in(school.http, walk.role, school.password)
    SHOTS.mkdir(parents=True, exist_ok=True)
    size = window.tab.viewport_size
    assert size is not None
    for number, names in enumerate(walk.links):
        name = names[english]
        link = window.tab.get_by_role("link", name=name, exact=False).first
        link.click()
        window.tab.wait_for_load_state("load")
        eventually(lambda: window.tab.title() != "", what=f"a page after {name}")
        assert window.overflow == 0, f"{name} is wider than the screen"
        shot = f"{user}-{size['width']}-{window.language}-{number}.png"
        window.screenshot(str(SHOTS / shot))
        assert (SHOTS / shot).stat().st_size > 5000
    assert window.complaints == []
    assert window.foreign == []


def test_a_guard_answers_a_panic_button_with_the_keyboard_alone(
    school: Running, token: str, browser: Browser
) -> None:
    page = Page(browser)
    page.log_in(school.http, "guard", school.password)
    page.open("/alerts")
    school.campus("scene", "panic", "--point", "gate-south/panic")
    form = "form.act[action*='/alerts/']"
    page.tab.locator(f".alert-row:has-text('南门') {form} button").first.wait_for()

    def panic() -> dict[str, Any]:
        found = school.get("/api/v1/alerts", token)["alerts"]
        return next(alert for alert in found if alert["rule"] == "GATE_PANIC")

    id = panic()["id"]
    for _ in range(80):
        page.tab.keyboard.press("Tab")
        action = page.tab.evaluate("document.activeElement.closest('form.act')?.action || ''")
        if f"/alerts/{id}/" in action:
            break
    page.tab.keyboard.press("Enter")
    eventually(lambda: panic()["acknowledged_by"] == "guard", within=15, what="acknowledged")
    page.close()
