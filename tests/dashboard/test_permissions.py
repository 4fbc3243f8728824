"""Every path of the dashboard needs a role: all of them, walked with every role and with none."""

from collections.abc import Iterator

import pytest

from dashboard.roles import PEOPLE, Permission, Role
from tests.support.dashboards import Dashboard, csrf_of

OPEN = {
    "session.log_in", "session.enter", "session.prefer", "wall.enter", "probes.healthz", "static",
    "report.form", "report.send",
}  # fmt: skip
EXAMPLES = {
    "id": "a1", "gate": "gate-east", "name": "viewer", "do": "accept", "what": "language",
    "choice": "en", "filename": "icon.svg", "rule": "FOOD-01", "day": "2026-11-23",
    "token": "campus_1_x", "number": "CQ-LC-001", "sample": 1, "handover": 1,
}  # fmt: skip


def paths(dashboard: Dashboard) -> Iterator[tuple[str, str, str]]:
    """(endpoint, method, path) of everything but the stream, which never ends."""
    for rule in dashboard.app.url_map.iter_rules():
        values = {name: EXAMPLES[name] for name in rule.arguments}
        if rule.endpoint in ("points.history", "api_points.one_point"):
            values["id"] = "canteen/fridge-1/temperature"
        if "<int:id>" in rule.rule:
            values["id"] = "1"
        with dashboard.app.test_request_context():
            path = dashboard.app.url_for(rule.endpoint, **values)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path


def needed(dashboard: Dashboard) -> dict[str, Permission | None]:
    sections = dashboard.app.extensions["sections"]
    return {name: need for section in sections for name, need in section.needs.items()}


def test_every_path_names_the_permission_it_needs(dashboard: Dashboard) -> None:
    endpoints = {endpoint for endpoint, _, _ in paths(dashboard)}
    assert endpoints - set(needed(dashboard)) == {"static"}
    assert {name for name, need in needed(dashboard).items() if need is None} == OPEN - {"static"}


def test_nobody_gets_in_anywhere_without_logging_in(dashboard: Dashboard) -> None:
    client = dashboard.browser()
    for endpoint, method, path in paths(dashboard):
        if endpoint in OPEN:
            continue
        answer = client.open(path, method=method)
        if method == "GET" and not path.startswith(("/api/", "/metrics", "/live")):
            assert answer.status_code == 302, path
            assert answer.location.startswith("/login?next="), path
        else:
            assert answer.status_code in (400, 401), (method, path)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_exactly_what_it_may(dashboard: Dashboard, role: Role) -> None:
    dashboard.alert("a1")
    dashboard.order("a1")
    header, need = dashboard.token(role), needed(dashboard)
    for endpoint, method, path in paths(dashboard):
        if endpoint in ("static", "probes.live", "session.enter") or path.startswith(
            "/settings/users/"
        ):
            continue
        permission = need[endpoint]
        answer = dashboard.app.test_client().open(path, method=method, headers=header)
        if permission is None or role.may(permission):
            assert answer.status_code not in (401, 403, 500), (role, method, path, answer.text)
        else:
            assert answer.status_code == 403, (role, method, path)


@pytest.mark.parametrize("role", PEOPLE)
def test_no_form_is_taken_without_its_csrf_token(dashboard: Dashboard, role: Role) -> None:
    client = dashboard.browser(role)
    for endpoint, method, path in paths(dashboard):
        if method != "GET":
            answer = client.open(path, method=method, json={"note": "x", "title": "x"})
            assert answer.status_code == 400, (endpoint, path)
            assert "CSRF" in answer.text or "csrf" in answer.text.lower()
    assert dashboard.engine.commands == []


def test_a_cookie_with_a_wrong_token_beside_it_still_needs_csrf(dashboard: Dashboard) -> None:
    dashboard.alert("a1")
    client = dashboard.browser("guard")
    forged = {"Authorization": "Bearer campus_1_wrong"}
    answer = client.post("/api/v1/alerts/a1/acknowledge", json={}, headers=forged)
    assert answer.status_code == 400
    real = dashboard.token("guard")
    answer = client.post("/api/v1/alerts/a1/acknowledge", json={}, headers=real)
    assert answer.status_code == 400, "the cookie says who asks, so a token is no excuse"


def test_the_canteen_answers_its_own_alerts_and_no_others(dashboard: Dashboard) -> None:
    dashboard.alert("food")
    dashboard.alert("gate", point=None, area="person", place="gate-east")
    header = dashboard.token("canteen")
    client = dashboard.app.test_client()
    own = client.post("/api/v1/alerts/food/acknowledge", json={}, headers=header)
    other = client.post("/api/v1/alerts/gate/acknowledge", json={}, headers=header)
    assert (own.status_code, other.status_code) == (200, 403)
    assert "gate" not in [command.alert for command in dashboard.engine.commands]


def test_the_content_policy_allows_no_inline_code_on_any_page(dashboard: Dashboard) -> None:
    client = dashboard.browser("admin")
    for endpoint, method, path in paths(dashboard):
        if method == "GET" and endpoint != "probes.live":
            answer = client.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            answer.close()


def test_a_token_is_shown_once_and_dies_when_it_is_revoked(dashboard: Dashboard) -> None:
    client = dashboard.browser("admin")
    form = {"csrf_token": csrf_of(client.get("/settings").text), "name": "wall", "role": "viewer"}
    page = client.post("/settings/tokens", data=form).text
    token = page.split('class="secret">', 1)[1].split("<", 1)[0]
    header = {"Authorization": f"Bearer {token}"}
    program = dashboard.app.test_client()
    assert program.get("/api/v1/points", headers=header).status_code == 200
    assert token not in client.get("/settings").text
    client.post("/settings/tokens/wall/revoke", data=form)
    assert program.get("/api/v1/points", headers=header).status_code == 401
