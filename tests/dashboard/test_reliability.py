"""MTBF and MTTR: from the data's own gaps and the log, by device and model."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.order import OrderState, Result, WorkOrder
from dashboard.reliability import Served, by_device, by_model
from tests.support.dashboards import FRIDGE, Dashboard

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=100)
HOUR = timedelta(hours=1)


def failed(device: str, day: float, hours: float, **changes: Any) -> WorkOrder:
    began = START + timedelta(days=day)
    order = WorkOrder(
        f"{device}{day}", 1, OrderState.CLOSED, "silent", None, "", "", "", "", {}, began, "",
        began, device=device, down_from=began, down_to=began + hours * HOUR, result=Result.FIXED,
    )  # fmt: skip
    return replace(order, **changes)


def test_the_figures_of_a_device_are_those_of_its_own_time_in_service() -> None:
    served = [Served("a", "A", "m", START - 5 * HOUR), Served("b", "B", "m", END - 240 * HOUR)]
    orders = [failed("a", 10, 2), failed("a", 50, 6), failed("b", 95, 24)]
    found = by_device(served, orders, START, END)
    assert found["a"].failures == 2
    assert found["a"].mttr == 4 * HOUR
    assert found["a"].mtbf == (2400 - 8) * HOUR / 2
    assert found["b"].mtbf == (240 - 24) * HOUR
    assert found["b"].availability == 90.0


def test_a_model_counts_all_its_devices_and_the_worst_stands_first() -> None:
    served = [Served("a", "A", "good", START), Served("b", "B", "good", START),
              Served("c", "C", "bad", START), Served("d", "D", "never", START)]  # fmt: skip
    orders = [failed("a", 1, 10), failed("c", 1, 1), failed("c", 2, 3), failed("c", 3, 5)]
    bad, good, never = by_model(served, orders, START, END)
    assert (bad.name, good.name, never.name) == ("bad", "good", "never")
    assert good.mtbf == (4800 - 10) * HOUR and good.devices == 2
    assert bad.mttr == 3 * HOUR
    assert (never.mtbf, never.mttr, never.availability) == (None, None, 100.0)


def test_what_is_no_failure_does_not_count_and_corrected_down_time_does() -> None:
    served = [Served("a", "A", "m", START)]
    orders = [
        failed("a", 1, 5, fault="hazard"), failed("a", 2, 5, fault="task"),
        failed("a", 3, 5, result=Result.NO_FAULT), failed("a", 4, 5, result=Result.MERGED),
        failed("a", 5, 5, down_s=7200.0),
        failed("a", -2, 72), failed("a", 99.5, 1, down_to=None, done_at=None, result=None),
    ]  # fmt: skip
    found = by_device(served, orders, START, END)["a"]
    assert found.failures == 2, "one began before, and still takes its share of the time"
    assert found.down == (2 + 24 + 12) * HOUR
    assert found.mttr == 2 * HOUR, "what is still broken has no time to repair yet"


def test_the_page_and_the_api_take_the_time_in_service_from_the_data(dashboard: Dashboard) -> None:
    now = dashboard.clock.now()
    dashboard.store.write(
        [dashboard.reading(FRIDGE, 4.0, ago=50 * 86400.0 - 60 * n) for n in range(3)]
    )
    dashboard.order(
        "o1", device="asset:CQ-LC-001", down_from=now - 30 * HOUR, down_to=now - 20 * HOUR,
        reported_at=now - 29 * HOUR, state=OrderState.CLOSED,
    )  # fmt: skip
    answer = dashboard.app.test_client().get(
        "/api/v1/reliability", headers=dashboard.token("viewer")
    )
    (fridge,) = (answer.json or {})["devices"]
    assert fridge["name"] == "1号冷藏柜" and fridge["mttr_s"] == 36000
    assert 46 * 86400 < fridge["service_s"] <= 54 * 86400, "since its first value, not for a year"
    page = dashboard.browser("viewer").get("/reliability").text
    assert "1号冷藏柜" in page and "10 小时" in page
    assert dashboard.browser("viewer").get("/reliability.xlsx").data.startswith(b"PK")
