"""Logging in: no name is given away, wrong passwords wait, sessions are new and can be ended."""

import pytest

from tests.support.clock import FakeClock
from tests.support.dashboards import PASSWORD, Dashboard, csrf_of, log_in


def test_a_person_logs_in_and_lands_where_the_link_led(dashboard: Dashboard) -> None:
    client = dashboard.browser()
    asked = client.get("/alerts?x=1")
    assert asked.location == "/login?next=/alerts?x%3D1"
    assert log_in(client, "guard", PASSWORD, next="/alerts?x=1").location == "/alerts?x=1"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_link_cannot_lead_a_log_in_to_another_site(dashboard: Dashboard, target: str) -> None:
    assert log_in(dashboard.browser(), "guard", PASSWORD, next=target).location == "/"


@pytest.mark.parametrize(
    ("name", "password"),
    [("guard", "wrong-password"), ("nobody-here", "wrong-password"), ("guard", ""),
     ("guard", PASSWORD[:-1]), ("guard", PASSWORD + "x"), ("", "")],
)  # fmt: skip
def test_every_wrong_log_in_gets_the_same_answer(
    dashboard: Dashboard, name: str, password: str
) -> None:
    answer = log_in(dashboard.browser(), name, password)
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text


def test_a_disabled_user_is_out_at_once_and_cannot_be_told_from_a_wrong_one(
    dashboard: Dashboard,
) -> None:
    client = dashboard.browser("guard")
    dashboard.accounts.disable_user("guard")
    assert client.get("/").status_code == 302
    answer = log_in(dashboard.browser(), "guard", PASSWORD)
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text


def test_after_five_wrong_passwords_even_the_right_one_waits(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    client = dashboard.browser()
    for _ in range(5):
        assert log_in(client, "guard", "wrong-password").status_code == 401
    locked = log_in(client, "guard", PASSWORD)
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) in range(25, 35)
    clock.move(31)
    assert log_in(client, "guard", PASSWORD).status_code == 302


def test_a_made_up_name_is_locked_just_like_a_real_one(dashboard: Dashboard) -> None:
    client = dashboard.browser()
    answers = [log_in(client, "nobody-here", "wrong-password").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_a_log_in_makes_a_new_session_and_a_log_out_ends_it_in_the_register(
    dashboard: Dashboard,
) -> None:
    client = dashboard.browser()
    client.get("/login")
    before = client.get_cookie("campus_session")
    log_in(client, "guard", PASSWORD)
    after = client.get_cookie("campus_session")
    assert before is not None and after is not None and before.value != after.value
    assert after.http_only and after.same_site == "Lax"
    form = {"csrf_token": csrf_of(client.get("/alerts").text)}
    assert client.post("/logout", data=form).status_code == 302
    thief = dashboard.app.test_client()
    thief.set_cookie("campus_session", after.value)
    assert thief.get("/").status_code == 302


def test_a_session_ends_after_two_weeks_without_a_visit(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    client = dashboard.browser("guard")
    clock.move(13 * 86400)
    assert client.get("/").status_code == 200, "a visit renews it"
    clock.move(13 * 86400)
    assert client.get("/").status_code == 200
    clock.move(15 * 86400)
    assert client.get("/").status_code == 302


def test_the_key_of_the_cookies_is_kept_and_is_for_this_account_only(dashboard: Dashboard) -> None:
    file = dashboard.data / "session.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) == 32
    assert dashboard.app.config["SECRET_KEY"] == file.read_bytes()


def test_the_choice_of_language_is_kept_and_leads_back(dashboard: Dashboard) -> None:
    client = dashboard.app.test_client()
    assert "用户名" in client.get("/login").text
    answer = client.get("/prefer/language/en?next=/login")
    assert answer.location == "/login"
    assert "User name" in client.get("/login").text
    assert client.get("/prefer/language/xx").status_code == 404
    assert client.get("/prefer/language/zh?next=//evil.example").location == "/"
