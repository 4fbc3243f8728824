"""A real browser for tests: Debian's Chromium, headless, that talks to nobody but our own pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE, DESKTOP, WALL = (390, 844), (1280, 800), (1920, 1080)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, ended with the block."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "install Debian's chromium: apt-get install chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def open_page(
    browser: Browser, size: tuple[int, int] = DESKTOP, language: str = "zh", theme: str = "light"
) -> Page:
    """A page of its own session; requests to anywhere but loopback fail the test."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN" if language == "zh" else "en-GB",
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def log_in(page: Page, address: str, name: str, password: str, language: str = "zh") -> None:
    """Through the log-in page, as a person would."""
    page.context.add_cookies([{"name": "language", "value": language, "url": address}])
    page.goto(f"{address}/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)
