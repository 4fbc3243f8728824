"""A cable torn off: the entry with evidence, mended on a phone, closed by good data, logged."""

import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser

from tests.conftest import EXAMPLE
from tests.support.browser import PHONE, Page
from tests.support.demo import Running
from tests.support.waiting import eventually

FRIDGE = "canteen/fridge-2/temperature"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The school with one fridge measured often, where a fault counts and heals within seconds."""
    folder = tmp_path_factory.mktemp("repair")
    site = (EXAMPLE / "campus.toml").read_text("utf-8")
    point = f'id = "{FRIDGE}"'
    (folder / "campus.toml").write_text(site.replace(point, f"{point}, period = 1"), "utf-8")
    plan = (EXAMPLE / "safety_plan.toml").read_text("utf-8")
    slow = "hold_s = 60, recover_s = 300"
    assert slow in plan and point in site
    plan = "maintenance.good_for_s = 3\n" + plan.replace(slow, "hold_s = 2, recover_s = 3")
    (folder / "safety_plan.toml").write_text(plan, "utf-8")
    running = Running(folder / "data", "--demo", "--config", str(folder / "campus.toml"))
    yield running
    running.stop()


def entry(quick: Running, token: str) -> dict[str, Any]:
    found = quick.get(f"/api/v1/work-orders?device={FRIDGE}", token)["work_orders"]
    assert len(found) <= 1, "one entry for the device"
    return found[0] if found else {}


def test_unplugged_reported_mended_on_a_phone_with_a_part_plugged_in_verified_and_closed(
    quick: Running, browser: Browser
) -> None:
    token = quick.token()
    part = {"name": "温度探头", "spec": "DS18B20", "unit": "只", "min_stock": 1}
    id = quick.ask("POST", "/api/v1/consumables", part, token)["id"]
    bought = {"direction": "in", "quantity": 2, "unit_price": 12}
    quick.ask("POST", f"/api/v1/consumables/{id}/moves", bought, token)
    eventually(lambda: quick.get(f"/api/v1/points/{FRIDGE}", token)["value"], within=30)
    quick.campus("scene", "sensor-power-on", "--point", FRIDGE)
    found = eventually(lambda: entry(quick, token), within=40, what="the entry")
    assert found["state"] == "reported" and found["queue"] == "it"
    assert "last_good" in found["evidence"] and found["evidence"]["node"] == "canteen-pi"

    phone = Page(browser, PHONE)
    phone.log_in(quick.http, "maintainer", quick.password)
    phone.open("/maintenance")
    phone.find(f"#waiting a[href='/maintenance/{found['id']}']").click()
    eventually(lambda: "证据" in phone.text() and "最近一次正常值" in phone.text())
    assert phone.overflow <= 0
    phone.find("#next button.primary").click()
    eventually(lambda: "处理中" in phone.find("#order-main .here").inner_text())
    phone.tab.select_option("#parts select[name=consumable]", str(id))
    phone.find("#parts button").click()
    eventually(lambda: "12.00" in phone.find("#parts").inner_text())
    quick.campus("scene", "recover", "--point", FRIDGE)
    phone.tab.fill("#next textarea[name=action]", "换探头，插紧接头")
    phone.find("#next button.primary").click()
    eventually(lambda: "待验收" in phone.find("#order-main .here").inner_text())
    phone.find("#next button.primary").click()
    closed = eventually(
        lambda: (now := entry(quick, token)) and now["state"] == "closed" and now, within=60,
        what="closed by lasting good data",
    )  # fmt: skip
    assert closed["result"] == "fixed" and closed["down_time_s"] > 0
    events = quick.get(f"/api/v1/work-orders/{found['id']}", token)["events"]
    assert [e["what"] for e in events if e["what"] not in ("recovered", "again", "note")] == [
        "fault", "accept", "assign", "start", "done", "verify", "close",
    ]  # fmt: skip

    phone.open("/maintenance/log?q=2号冷藏柜")
    assert "换探头" in phone.text() and phone.overflow <= 0
    phone.open(f"/maintenance/{found['id']}/sheet")
    assert "维修记录单" in phone.text() and "DS18B20" in phone.text() and "签名" in phone.text()
    with phone.tab.expect_download() as download:
        phone.tab.evaluate("location.assign('/maintenance/log.xlsx')")
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    assert any("换探头，插紧接头" in row for row in sheet.iter_rows(values_only=True))
    stock = quick.get(f"/api/v1/consumables/{id}", token)
    assert stock["balance"] == 1 and stock["moves"][0]["order"] == found["id"]
    assert phone.foreign == [] and phone.complaints == []
    phone.close()
