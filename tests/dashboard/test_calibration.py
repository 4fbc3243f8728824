"""Calibrations count from their date wherever a value is read; a swap keeps both histories."""

from datetime import timedelta
from typing import Any

import orjson

from alerts.fittings import Calibration, Fitting
from devices.model import PointId, to_ms
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, Dashboard, csrf_of

HOUR = 3600.0


def calibrated(dashboard: Dashboard, ago: float, offset: float, due_in: float = 86400.0) -> None:
    now = dashboard.clock.now()
    at = now - timedelta(seconds=ago)
    dashboard.book.calibrated.append(Calibration(
        f"c{ago}", FRIDGE, "CQ-LC-001", at, offset, "王老师", now, now + timedelta(seconds=due_in),
    ))  # fmt: skip


def get(dashboard: Dashboard, path: str) -> Any:
    answer = dashboard.app.test_client().get(path, headers=dashboard.token("viewer"))
    assert answer.status_code == 200, answer.text
    return answer.json


def chart(now: int, hours: int, buckets: int) -> str:
    begin = now - hours * 3600_000
    return f"/api/v1/series?point={FRIDGE}&from={begin}&to={now}&buckets={buckets}"


def test_an_offset_counts_from_its_date_in_the_chart_the_events_and_the_screen(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    values = [dashboard.reading(FRIDGE, 4.0, ago=6 * HOUR - 600 * n) for n in range(36)]
    dashboard.store.write(values)
    calibrated(dashboard, 3 * HOUR, 0.5)
    now = to_ms(clock.now())
    series = get(
        dashboard, f"/api/v1/series?point={FRIDGE}&from={now - 6 * 3600_000}&to={now}&buckets=6"
    )
    assert series["mean"] == [4.0, 4.0, 4.0, 4.5, 4.5, 4.5]
    assert series["max"][0] == 4.0 and series["min"][-1] == 4.5
    events = get(dashboard, f"/api/v1/events?point={FRIDGE}&from={now - 6 * 3600_000}")["events"]
    assert {e["value"] for e in events if e["at"] < now - 3 * 3600_000} == {4.0}
    assert {e["value"] for e in events if e["at"] >= now - 3 * 3600_000} == {4.5}
    raw = dashboard.store.latest([FRIDGE])[FRIDGE]
    assert raw.value == 4.0, "what was measured stays as it was"


def test_a_bucket_in_which_the_offset_changes_is_put_together_from_both_sides(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    dashboard.store.write([dashboard.reading(FRIDGE, 4.0, ago=HOUR - 60 * n) for n in range(60)])
    calibrated(dashboard, 1800, 2.0)
    now = to_ms(clock.now())
    series = get(
        dashboard, f"/api/v1/series?point={FRIDGE}&from={now - 3600_000}&to={now}&buckets=1"
    )
    assert (series["min"], series["max"], series["count"]) == ([4.0], [6.0], [60])
    assert abs(series["mean"][0] - 5.0) < 0.05


def test_the_live_value_has_its_offset_too(dashboard: Dashboard) -> None:
    calibrated(dashboard, 60, -0.5)
    dashboard.upkeep.changed()
    dashboard.app.test_client()
    get(dashboard, f"/api/v1/events?point={FRIDGE}")
    dashboard.says(FRIDGE, 4.5)
    assert get(dashboard, f"/api/v1/points/{FRIDGE}")["value"] == 4.0


def test_a_swap_ends_the_offset_and_each_device_keeps_its_history(dashboard: Dashboard) -> None:
    calibrated(dashboard, 2 * HOUR, 1.0)
    now = dashboard.clock.now()
    dashboard.book.fitted.append(
        Fitting("f1", FRIDGE, "CQ-LC-009", now - timedelta(hours=1), "王老师", now, "CQ-LC-001")
    )
    dashboard.store.write(
        [dashboard.reading(FRIDGE, 4.0, ago=90 * 60 - 3600 * n) for n in range(2)]
    )
    events = get(dashboard, f"/api/v1/events?point={FRIDGE}")["events"]
    assert [e["value"] for e in events] == [5.0, 4.0]
    client = dashboard.browser("viewer")
    new, old = client.get("/assets/CQ-LC-009").text, client.get("/assets/CQ-LC-001").text
    assert "CQ-LC-001 → CQ-LC-009" in new and "CQ-LC-001 → CQ-LC-009" in old
    assert "1号冷藏柜" in new.split("现在的测点")[1]
    assert "没有测点" in old and "+1" in old, "its calibration stays with it"
    point = client.get(f"/points/{FRIDGE}").text
    assert "CQ-LC-009" in point and "设备更换" in point


def test_an_overdue_calibration_is_marked_on_its_page_the_chart_and_the_sheet(
    dashboard: Dashboard,
) -> None:
    calibrated(dashboard, 200 * 86400.0, 0.3, due_in=-86400.0)
    client = dashboard.browser("viewer")
    assert "过期" in client.get("/calibration").text
    assert "校准已过期" in client.get(f"/points/{FRIDGE}").text
    assert "校准已过期" in client.get("/canteen/sheet/2026-11-23").text
    assert "校准已过期" not in client.get("/points/class-1/temperature").text


def test_the_forms_ask_the_engine_and_refuse_what_makes_no_sense(dashboard: Dashboard) -> None:
    client = dashboard.browser("maintainer")
    token = csrf_of(client.get("/calibration").text)
    form = {"csrf_token": token, "point": FRIDGE, "reference": "0.2", "shown": "0.5"}
    client.post("/calibration", data=form)
    client.post("/calibration/swap", data={"csrf_token": token, "point": FRIDGE, "asset": "CQ-9"})
    calibrate, swap = dashboard.engine.commands
    assert calibrate.verb == "calibrate" and orjson.loads(calibrate.note)["reference"] == 0.2
    assert swap.verb == "swap" and orjson.loads(swap.note)["asset"] == "CQ-9"
    header, program = dashboard.token("maintainer"), dashboard.app.test_client()
    for path, body, parameter in (
        ("calibrations", {"point": "no", "offset": 1}, "point"),
        ("calibrations", {"point": FRIDGE, "offset": "much"}, "offset"),
        ("fittings", {"point": FRIDGE, "asset": "a b"}, "asset"),
        ("fittings", {"point": FRIDGE, "asset": "A1", "old": "disposed"}, "old"),
        ("fittings", {"point": FRIDGE, "asset": "A1", "at": "soon"}, "at"),
    ):  # fmt: skip
        answer = program.post(f"/api/v1/{path}", json=body, headers=header)
        assert (answer.status_code, (answer.json or {})["parameter"]) == (400, parameter)
    assert PointId(FRIDGE) == FRIDGE
