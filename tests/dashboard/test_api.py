"""The HTTP API over a real store: what programs get, and how they are told what is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from collectors.ledger import DeadLetter, Receipt
from devices.model import NodeId, NodeState, PointId, to_ms
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, GATE, Dashboard


class Program:
    """A program with a token."""

    def __init__(self, dashboard: Dashboard, role: str = "admin") -> None:
        self._client: FlaskClient = dashboard.app.test_client()
        self._header = dashboard.token(role)

    def get(self, path: str, expect: int = 200) -> Any:
        answer = self._client.get(path, headers=self._header)
        assert answer.status_code == expect, answer.text
        return answer.json

    def post(self, path: str, body: Any, expect: int = 200) -> Any:
        answer = self._client.post(path, json=body, headers=self._header)
        assert answer.status_code == expect, answer.text
        return answer.json

    def text(self, path: str) -> str:
        return self._client.get(path, headers=self._header).text


@pytest.fixture
def program(dashboard: Dashboard) -> Program:
    return Program(dashboard)


def test_a_point_has_its_value_age_quality_state_and_limits(
    dashboard: Dashboard, program: Program
) -> None:
    dashboard.says(FRIDGE, 4.2, ago=12)
    point = program.get(f"/api/v1/points/{FRIDGE}")
    assert point["value"] == 4.2
    assert point["age"] == 12
    assert point["at"] == to_ms(dashboard.clock.now()) - 12_000
    assert (point["quality"], point["state"], point["stale"]) == ("good", "normal", False)
    assert (point["unit"], point["asset"]) == ("°C", "CQ-LC-001")
    assert point["label"] == {"zh": "1号冷藏柜", "en": "Fridge 1"}
    assert point["place"]["name"] == "操作间"
    assert point["limits"] == [
        {"value": 8.0, "side": "above", "severity": "warning", "rule": "FOOD-01"}
    ]


def test_a_point_that_was_never_heard_has_no_value_and_no_age(program: Program) -> None:
    point = program.get(f"/api/v1/points/{FRIDGE}")
    assert (point["value"], point["at"], point["age"], point["quality"]) == (None,) * 4
    assert point["state"] == "no-data"


def test_all_points_are_listed_and_can_be_narrowed(dashboard: Dashboard, program: Program) -> None:
    every = program.get("/api/v1/points")["points"]
    assert [point["id"] for point in every] == list(dashboard.site.points)
    gates = program.get("/api/v1/points?kind=gate")["points"]
    assert [point["id"] for point in gates] == [GATE]
    assert program.get("/api/v1/points?place=kitchen&node=teach-pi")["points"] == []


def test_a_series_comes_from_the_store_in_arrays_of_one_length(
    dashboard: Dashboard, program: Program
) -> None:
    dashboard.store.write([dashboard.reading(FRIDGE, 4.0 + n, ago=600 - n * 60) for n in range(5)])
    series = program.get(f"/api/v1/series?point={FRIDGE}&buckets=24")
    assert sum(series["count"]) == 5
    assert min(series["min"]) == 4.0 and max(series["max"]) == 8.0
    assert len({len(series[key]) for key in ("at", "min", "mean", "max", "count")}) == 1
    assert series["limits"][0]["value"] == 8.0


@pytest.mark.parametrize("form", ["ms", "iso", "iso with zone", "local", "plus as a space"])
def test_times_may_be_iso_8601_or_milliseconds(
    dashboard: Dashboard, program: Program, form: str
) -> None:
    dashboard.store.write([dashboard.reading(FRIDGE, 4.0, ago=30)])
    start, end = {
        "ms": (to_ms(dashboard.clock.now()) - 60_000, to_ms(dashboard.clock.now())),
        "iso": ("2026-11-24T01:59:00Z", "2026-11-24T02:00:00Z"),
        "iso with zone": ("2026-11-24T09:59:00%2B08:00", "2026-11-24T10:00:00%2B08:00"),
        "local": ("2026-11-24T09:59:00", "2026-11-24T10:00"),
        "plus as a space": ("2026-11-24T09:59:00+08:00", "2026-11-24T10:00:00+08:00"),
    }[form]
    found = program.get(f"/api/v1/events?point={FRIDGE}&from={start}&to={end}")["events"]
    assert [event["value"] for event in found] == [4.0]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("", "point"), ("point=", "point"), ("point=no/such", "point"), (f"point={GATE}", "point"),
     (f"point={FRIDGE}&from=yesterday", "from"), (f"point={FRIDGE}&to=1", "to"),
     (f"point={FRIDGE}&to=99999999999999999999999999", "to"), (f"point={FRIDGE}&to=-5", "to"),
     (f"point={FRIDGE}&from=2026-11-24T10:00&to=2026-11-24T09:00", "from"),
     (f"point={FRIDGE}&from=2001-01-01T00:00", "from"),
     (f"point={FRIDGE}&buckets=0", "buckets"), (f"point={FRIDGE}&buckets=1e3", "buckets"),
     (f"point={FRIDGE}&buckets=99999", "buckets"), (f"point={FRIDGE}&buckets=٣", "buckets")],
)  # fmt: skip
def test_bad_input_is_named_with_its_remedy(
    dashboard: Dashboard, query: str, parameter: str
) -> None:
    answer = dashboard.app.test_client().get(
        f"/api/v1/series?{query}", headers=dashboard.token("viewer")
    )
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    problem = answer.json or {}
    assert problem["parameter"] == parameter
    assert problem["remedy"] and problem["detail"] and problem["status"] == 400


def test_an_event_keeps_its_detail_but_a_viewer_sees_no_card(dashboard: Dashboard) -> None:
    access = PointId("gate-east/access")
    detail = {"card": "h:5d0c", "direction": "in"}
    dashboard.store.write([dashboard.reading(access, "denied", ago=5, detail=detail)])
    path = f"/api/v1/events?point={access}"
    assert Program(dashboard, "guard").get(path)["events"][0]["detail"] == detail
    assert Program(dashboard, "viewer").get(path)["events"][0]["detail"] == {"direction": "in"}


def test_completeness_and_dead_letters_come_from_the_ledger(
    dashboard: Dashboard, program: Program
) -> None:
    readings = [dashboard.reading(FRIDGE, 4.0) for _ in range(4)]
    receipts = [Receipt(r.origin, r.at, 1) for r in readings if r.origin.seq != 2]
    letter = DeadLetter(dashboard.clock.now(), NodeId("canteen-pi"), "not JSON", b"\xff<b>")
    dashboard.ledger.record(receipts, [letter])
    dashboard.store.write([dashboard.reading(FRIDGE, 4.0, ago) for ago in (90, 30, 10)])
    (minutes,) = program.get(f"/api/v1/completeness?from=2026-11-24&point={FRIDGE}")["minutes"]
    assert (minutes["day"], minutes["present"], minutes["of"]) == ("2026-11-24", 2, 600)
    (day,) = program.get("/api/v1/completeness?node=canteen-pi")["days"]
    assert (day["day"], day["received"], day["missing"]) == ("2026-11-24", 3, 1)
    (dead,) = program.get("/api/v1/dead-letters")["dead_letters"]
    assert dead["reason"] == "not JSON" and dead["node"] == "canteen-pi"
    assert program.get("/api/v1/completeness?node=nobody", 400)["parameter"] == "node"


def test_an_acknowledgement_is_the_engines_word(dashboard: Dashboard, program: Program) -> None:
    dashboard.alert("a1")
    answer = program.post("/api/v1/alerts/a1/acknowledge", {"note": "在看"})
    assert answer["alert"]["state"] == "acknowledged"
    (command,) = dashboard.engine.commands
    assert (command.verb, command.alert, command.note) == ("acknowledge", "a1", "在看")
    assert command.who.startswith("admin")
    found = program.get("/api/v1/alerts?state=acknowledged")["alerts"]
    assert [alert["id"] for alert in found] == ["a1"]
    assert dashboard.hub.now.alerts()[0]["state"] == "acknowledged"


def test_an_engine_that_is_silent_or_refuses_is_no_acknowledgement(
    dashboard: Dashboard, program: Program
) -> None:
    dashboard.alert("a1")
    dashboard.engine.silent = True
    problem = program.post("/api/v1/alerts/a1/acknowledge", {}, 503)
    assert "nothing is confirmed" in problem["detail"]
    assert dashboard.hub.now.alerts()[0]["state"] == "unacknowledged"
    dashboard.engine.silent = False
    del dashboard.book.kept["a1"]
    assert "no such alert" in program.post("/api/v1/alerts/a1/acknowledge", {}, 409)["detail"]
    program.post("/api/v1/alerts/gone/acknowledge", {}, 404)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [({}, "note"), ({"note": "x"}, "until"), ({"note": "x", "until": "soon"}, "until"),
     ({"note": "x", "until": "2026-11-23T10:00"}, "until"),
     ({"note": "x", "until": "2027-01-01T10:00"}, "until"), ({"note": 5}, "note"),
     ([], "body"), ("text", "body")],
)  # fmt: skip
def test_a_shelving_needs_a_reason_and_an_end_within_a_week(
    dashboard: Dashboard, program: Program, body: Any, parameter: str
) -> None:
    dashboard.alert("a1")
    assert program.post("/api/v1/alerts/a1/shelve", body, 400)["parameter"] == parameter
    assert dashboard.engine.commands == []


def test_a_shelving_goes_to_the_engine_with_its_end(dashboard: Dashboard, program: Program) -> None:
    dashboard.alert("a1")
    body = {"note": "除霜", "until": "2026-11-24T12:00:00+08:00"}
    program.post("/api/v1/alerts/a1/shelve", body)
    (command,) = dashboard.engine.commands
    assert command.until is not None and command.until.isoformat() == "2026-11-24T04:00:00+00:00"


def test_one_alert_comes_with_its_log(dashboard: Dashboard, program: Program) -> None:
    dashboard.alert("a1")
    alert = program.get("/api/v1/alerts/a1")
    assert alert["place_name"] == "操作间"
    assert alert["transitions"][0]["why"] == "raised"
    assert alert["deliveries"][0]["channel"] == "guard-post"
    assert program.get("/api/v1/alerts?state=odd", 400)["parameter"] == "state"


def test_a_fault_is_reported_accepted_mended_and_verified_by_the_engine(
    dashboard: Dashboard, program: Program
) -> None:
    dashboard.order("o1")
    report = {"title": "投影仪不亮", "place": "class-1"}
    program.post("/api/v1/work-orders", report, 201)
    program.post("/api/v1/work-orders/o1/accept", {})
    program.post("/api/v1/work-orders/o1/done", {"action": "换了灯泡"})
    program.post("/api/v1/work-orders/o1/verify", {})
    orders = [(command.verb, command.alert) for command in dashboard.engine.commands]
    assert orders == [("work-order", ""), *[("work-order", "o1")] * 3]
    assert '"do":"done"' in dashboard.engine.commands[2].note
    assert program.post("/api/v1/work-orders", {"place": "class-1"}, 400)["parameter"] == "title"
    assert program.post("/api/v1/work-orders", {"title": "x"}, 400)["parameter"] == "place"
    assert program.post("/api/v1/work-orders/o1/done", {}, 400)["parameter"] == "action"
    program.post("/api/v1/work-orders/o1/burn", {}, 404)


def test_health_names_the_part_that_does_not_answer(dashboard: Dashboard) -> None:
    client = dashboard.app.test_client()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json or {})["failing"] == ["ingest", "engine"]
    dashboard.services_live()
    assert client.get("/healthz").status_code == 200
    dashboard.web.cut()
    assert (client.get("/healthz").json or {})["failing"] == ["broker", "ingest", "engine"]


def test_metrics_are_prometheus_text(dashboard: Dashboard, program: Program) -> None:
    dashboard.says(FRIDGE, 4.5, ago=3)
    dashboard.node_says("canteen-pi", NodeState.ONLINE)
    dashboard.services_live()
    dashboard.alert()
    text = program.text("/metrics")
    assert f'campus_point_value{{point="{FRIDGE}"}} 4.5' in text
    assert f'campus_point_age_seconds{{point="{FRIDGE}"}} 3.000' in text
    assert 'campus_node_online{node="canteen-pi"} 1' in text
    assert 'campus_open_alerts{severity="warning"} 1' in text
    assert "campus_ingest_read 7" in text
    for line in text.splitlines():
        assert line.startswith("# TYPE ") or len(line.rsplit(" ", 1)) == 2


def test_the_description_lists_every_path_of_the_api(
    dashboard: Dashboard, program: Program
) -> None:
    described = program.get("/api/openapi.json")
    assert described["openapi"].startswith("3.")
    rules = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in dashboard.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/live", "/metrics", "/healthz"))
    }
    assert set(described["paths"]) == rules
    assert all(
        operation["summary"] for path in described["paths"].values() for operation in path.values()
    )


def test_unknown_paths_and_a_body_that_is_too_large_are_problems_too(
    dashboard: Dashboard, program: Program, clock: FakeClock
) -> None:
    assert program.get("/api/v1/nothing", 404)["status"] == 404
    assert program.get("/api/v1/points/no/such", 404)["status"] == 404
    dashboard.alert("a1")
    program.post("/api/v1/alerts/a1/note", {"note": "x" * 1_100_000}, 413)


def test_the_documentation_names_every_path_of_the_api(program: Program) -> None:
    text = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
    for path in program.get("/api/openapi.json")["paths"]:
        stem = path.replace("{id}", "ID").replace("{number}", "NUMBER").replace("/{do}", "")
        assert stem in text or stem.rpartition("/")[2] in text, path
