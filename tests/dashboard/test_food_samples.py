"""Food samples: kept for 48 hours at least, destroyed by a person, sealed for an inquiry."""

import pytest

from tests.support.clock import FakeClock
from tests.support.dashboards import Dashboard, csrf_of

PAGE = "/canteen/samples"


def kept(dashboard: Dashboard, role: str = "canteen", **changes: str) -> str:
    """The page after a sample was put in."""
    browser = dashboard.browser(role)
    form = {"meal": "午餐", "dish": "红烧肉", "grams": "130", **changes}
    form["csrf_token"] = csrf_of(browser.get(PAGE).text)
    return browser.post(PAGE, data=form, follow_redirects=True).text


def told(dashboard: Dashboard, do: str, number: int = 1) -> str:
    browser = dashboard.browser("canteen")
    form = {"csrf_token": csrf_of(browser.get(PAGE).text)}
    return browser.post(f"{PAGE}/{number}/{do}", data=form, follow_redirects=True).text


def test_a_sample_waits_48_hours_and_is_then_destroyed_by_a_person(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    page = kept(dashboard)
    assert "红烧肉" in page and "130 g" in page and "11月26日 10:00" in page
    assert "满 48 小时后才能销样" in told(dashboard, "destroy")
    clock.move(48 * 3600)
    assert "满 48 小时，可以销样" in dashboard.browser("viewer").get(PAGE).text
    # Nothing goes by itself, however long it waits.
    clock.move(30 * 3600)
    assert dashboard.canteen.samples(clock.now())[0].destroyed_at is None
    page = told(dashboard, "destroy")
    assert "已登记销样" in page and "最近一周已销样" in page
    assert "已经销样" in told(dashboard, "destroy")


def test_a_sealed_sample_cannot_be_destroyed(dashboard: Dashboard, clock: FakeClock) -> None:
    kept(dashboard)
    told(dashboard, "seal")
    clock.move(72 * 3600)
    assert "已封存，不得销样" in told(dashboard, "destroy")
    assert dashboard.canteen.samples(clock.now())[0].destroyed_at is None


@pytest.mark.parametrize(("form", "said"), [
    ({"grams": "124"}, "125 克"), ({"grams": "-5"}, "125 克"), ({"grams": "²"}, "125 克"),
    ({"dish": "  "}, "餐次和菜名"), ({"meal": ""}, "餐次和菜名"),
])  # fmt: skip
def test_what_is_no_sample_is_refused_in_words(
    dashboard: Dashboard, clock: FakeClock, form: dict[str, str], said: str
) -> None:
    page = kept(dashboard, **form)
    assert said in page.split('class="notice error"', 1)[1].split("</p>", 1)[0]
    assert dashboard.canteen.samples(clock.now()) == []


def test_a_sample_that_does_not_exist_is_said(dashboard: Dashboard) -> None:
    assert "没有这份留样" in told(dashboard, "destroy", 77)


def test_the_canteen_page_shows_what_waits(dashboard: Dashboard, clock: FakeClock) -> None:
    kept(dashboard, dish="<i>鱼</i>")
    clock.move(49 * 3600)
    page = dashboard.browser("viewer", "en").get("/canteen").text
    assert "Over 48 h, may be destroyed" in page and "<i>鱼" not in page
    assert "Signatures are missing" in page


def test_a_guard_keeps_no_samples(dashboard: Dashboard) -> None:
    browser = dashboard.browser("guard")
    form = {"csrf_token": csrf_of(browser.get("/maintenance").text), "dish": "x", "grams": "200"}
    assert browser.post(PAGE, data=form).status_code == 403
    assert "登记新留样" not in browser.get(PAGE).text
