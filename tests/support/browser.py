"""A real browser for tests: Debian's Chromium, headless, that talks to nobody but our own pages."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, sync_playwright
from playwright.sync_api import Page as Tab

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE, DESKTOP, WALL = (390, 844), (1280, 800), (1920, 1080)


class Page:
    """One person's browser window; `foreign` collects requests that left this machine,
    `complaints` what the browser said in its console."""

    def __init__(
        self, browser: Browser, size: tuple[int, int] = DESKTOP, language: str = "zh",
        theme: str = "light",
    ) -> None:  # fmt: skip
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if theme == "dark" else "light",
        )
        self.tab: Tab = self.context.new_page()
        self.tab.set_default_timeout(15_000)
        self.language = language
        self.http = ""
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.tab.on("request", lambda request: self._note(request.url))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("console", lambda message: self._hear(message.type, message.text))

    def _note(self, url: str) -> None:
        if self.http and not url.startswith((f"http://{self.http}/", "data:", "blob:")):
            self.foreign.append(url)

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)

    def log_in(self, http: str, name: str, password: str) -> None:
        """Through the log-in page of HOST:PORT, as a person would."""
        self.http = http
        cookie = {"name": "language", "value": self.language, "url": f"http://{http}"}
        self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.open("/login")
        self.tab.fill("input[name=name]", name)
        self.tab.fill("input[name=password]", password)
        self.tab.click("main button.primary")
        self.tab.wait_for_url(lambda url: "/login" not in url)

    def open(self, path: str) -> None:
        self.tab.goto(f"http://{self.http}{path}")

    def text(self) -> str:
        """What a person can read on the page now."""
        return self.tab.inner_text("body")

    def find(self, selector: str) -> Locator:
        return self.tab.locator(selector)

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the screen."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.tab.evaluate(wide))

    def screenshot(self, path: str) -> None:
        self.tab.screenshot(path=path, animations="disabled")

    def close(self) -> None:
        self.context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, "install Debian's chromium: apt-get install chromium"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop window with a session of its own, in Chinese."""
    page = Page(browser)
    yield page
    page.close()
