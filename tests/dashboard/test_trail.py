"""The trail: who did what and when, only added to, and never a password in it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from alerts.model import Deed, Transition
from dashboard.records.trail import Did, Line
from tests.support.clock import FakeClock
from tests.support.dashboards import PASSWORD, Dashboard, PaperBook, csrf_of, log_in


def lines(dashboard: Dashboard, deed: Did | None = None) -> list[Line]:
    now = dashboard.clock.now()
    found = dashboard.trail.between(now.replace(year=2020), now.replace(year=2030))
    return [line for line in found if deed is None or line.deed is deed]


def test_log_ins_and_failures_are_kept_without_any_password(dashboard: Dashboard) -> None:
    client = dashboard.browser()
    log_in(client, "guard", "my-secret-guess")
    log_in(client, "hunter2-typed-as-name", "x")
    log_in(client, "guard", PASSWORD)
    client.post("/logout", data={"csrf_token": csrf_of(client.get("/").text)})
    found = [(x.who, x.deed, x.refused) for x in reversed(lines(dashboard))]
    assert found == [("guard", Did.LOG_IN, True), ("", Did.LOG_IN, True),
                     ("guard", Did.LOG_IN, False), ("guard", Did.LOG_OUT, False)]  # fmt: skip
    page = dashboard.browser("admin").get("/settings/trail").text
    for secret in ("my-secret-guess", "hunter2", PASSWORD):
        assert secret not in page and secret not in str(lines(dashboard))
    assert "不认识的用户名" in page and "127.0.0.1" in page


def test_a_flood_of_refused_log_ins_is_a_line_a_minute(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    client = dashboard.browser()
    for _ in range(20):
        log_in(client, "guard", "wrong-horse")
    assert len(lines(dashboard)) == 6, "five that were checked, and one for all the others"
    clock.move(20)
    log_in(client, "guard", "wrong-horse")
    assert len(lines(dashboard)) == 6


def test_users_tokens_and_wall_links_are_kept(dashboard: Dashboard) -> None:
    client = dashboard.browser("admin")
    form = {"csrf_token": csrf_of(client.get("/settings").text)}
    new = {**form, "name": "wang", "password": "wang-secret", "role": "guard"}
    client.post("/settings/users", data=new)
    client.post("/settings/users", data=new)
    client.post("/settings/users/wang/disable", data=form)
    client.post("/settings/tokens", data={**form, "name": "grafana", "role": "viewer"})
    client.post("/settings/tokens/grafana/revoke", data=form)
    client.post("/settings/walls", data={**form, "name": "hall"})
    told = [(x.deed, x.about, x.refused) for x in reversed(lines(dashboard))][1:]
    assert (Did.USER, "wang + guard", False) in told and (Did.USER, "wang disable", False) in told
    assert (Did.TOKEN, "grafana + viewer", False) in told
    assert (Did.TOKEN, "grafana revoke", False) in told and (Did.WALL, "hall +", False) in told
    assert "wang-secret" not in str(told) and "campus_" not in str(told)


def test_what_was_refused_is_kept_as_refused(dashboard: Dashboard) -> None:
    client = dashboard.browser("guard")
    client.get("/")
    page = client.get("/").text
    answer = client.post("/settings/users", data={"csrf_token": csrf_of(page), "name": "evil"})
    assert answer.status_code == 403
    assert lines(dashboard, Did.USER)[0].refused and lines(dashboard, Did.USER)[0].who == "guard"


def test_exports_and_prints_are_kept(dashboard: Dashboard) -> None:
    client = dashboard.browser("canteen")
    assert client.get("/canteen/sheet/2026-11-23.xlsx").status_code == 200
    assert client.get("/maintenance/log.csv").status_code == 200
    token = csrf_of(client.get("/").text)
    client.post("/printed", data={"csrf_token": token, "path": "/canteen/sheet/2026-11-23"})
    client.post("/printed", data={"csrf_token": token, "path": "https://elsewhere"})
    told = [x.about for x in lines(dashboard, Did.EXPORT)]
    assert told == ["/maintenance/log.csv", "/canteen/sheet/2026-11-23.xlsx"]
    assert [x.about for x in lines(dashboard, Did.PRINT)] == ["/canteen/sheet/2026-11-23"]
    dashboard.app.test_client().get("/maintenance/log.csv", headers=dashboard.token("viewer"))
    assert lines(dashboard, Did.EXPORT)[0].who.startswith("令牌 viewer")


class Handled(PaperBook):
    """Somebody acknowledged every alert."""

    def steps_within(self, start: object, end: object) -> list[Transition]:
        return [
            Transition(a, None, a.state, a.raised_at, Deed.ACKNOWLEDGED, "李师傅（li）", "已派人")
            for a in self.kept.values()
        ]


def test_what_people_did_with_alerts_comes_from_the_book(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    dashboard.book.__class__ = Handled
    client = dashboard.browser("admin")
    page = client.get("/settings/trail?who=li").text
    assert "李师傅（li）" in page and "已派人" in page and "1号冷藏柜" in page
    assert "李师傅（li）" not in client.get("/settings/trail?who=nobody").text
    assert "李师傅（li）" in client.get("/settings/trail.csv").text


def test_a_period_that_is_none_is_refused_in_words(dashboard: Dashboard) -> None:
    client = dashboard.browser("admin")
    assert "is no day" in client.get("/settings/trail?from=yesterday").text
    assert client.get("/settings/trail.csv?from=2026-11-24&to=2026-11-01").status_code == 400
    assert "共 0 条" in client.get("/settings/trail?from=2021-01-01&to=2021-01-02").text


def test_only_an_administrator_reads_it(dashboard: Dashboard) -> None:
    for role in ("viewer", "guard", "canteen", "maintainer"):
        assert dashboard.browser(role).get("/settings/trail").status_code == 403
        assert dashboard.browser(role).get("/settings/trail.csv").status_code == 403


@pytest.mark.parametrize("deed", ["UPDATE trail SET who = 'x'", "DELETE FROM trail"])
def test_the_database_itself_keeps_it(dashboard: Dashboard, deed: str) -> None:
    dashboard.trail.note("li", Did.LOG_IN)
    with pytest.raises(IntegrityError), dashboard.trail._engine.begin() as connection:
        connection.execute(text(deed))


def test_what_is_older_than_is_kept_goes_and_that_is_noted(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    clock.set("2020-01-01T08:00:00+08:00")
    dashboard.trail.note("li", Did.LOG_IN)
    clock.set("2026-11-24T10:00:00+08:00")
    dashboard.trail.note("wang", Did.LOG_IN)
    assert [(x.who, x.deed) for x in lines(dashboard) if x.at.year < 2022] == []
    assert [x.about for x in lines(dashboard, Did.PURGE)] == ["1 < 2025-10-20"]
