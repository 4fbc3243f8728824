"""21:40: a gate opens. The guard's screen and beacon, the button, and who it was in the log."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import EXAMPLE
from tests.support.browser import Page
from tests.support.demo import Running
from tests.support.mqtt_tools import listening
from tests.support.waiting import eventually

GATE = "gate-east/gate"
BEACON = "gate-east/beacon"
FRIDGE = "canteen/fridge-2/temperature"


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The school at 21:40, when its gates are to be closed; one fridge is measured often, and a
    sensor fault counts after 5 s, so that nobody has to wait for it."""
    folder = tmp_path_factory.mktemp("evening")
    site = (EXAMPLE / "campus.toml").read_text("utf-8")
    point = f'id = "{FRIDGE}"'
    assert point in site
    (folder / "campus.toml").write_text(site.replace(point, f"{point}, period = 2"), "utf-8")
    plan = (EXAMPLE / "safety_plan.toml").read_text("utf-8")
    hold = "hold_s = 60, recover_s"
    assert hold in plan
    (folder / "safety_plan.toml").write_text(plan.replace(hold, "hold_s = 5, recover_s"), "utf-8")
    config = str(folder / "campus.toml")
    running = Running(folder / "data", "--demo", "--at", "21:40", "--config", config)
    yield running
    running.stop()


def alerts(evening: Running, token: str, point: str) -> list[Any]:
    found = evening.get("/api/v1/alerts?state=open", token)["alerts"]
    return [alert for alert in found if alert["point"] == point]


def test_a_gate_opened_at_2140_reaches_the_guard_and_the_button_acknowledges_it(
    evening: Running, page: Page
) -> None:
    token = evening.token()
    page.log_in(evening.http, "guard", evening.password)
    page.open("/post/gate-east")
    eventually(lambda: "一切正常" in page.text(), within=20, what="the calm post")
    beacon_state = f"campus/v1/node/gate-east-pi/state/{BEACON}"
    with listening(evening.mqtt_port, beacon_state) as beacon:
        evening.campus("scene", "gate-open", "--point", GATE)
        start = time.monotonic()
        eventually(lambda: any('"on"' in line for line in beacon), within=3, what="the beacon")
        eventually(lambda: "东门" in page.text() and "一切正常" not in page.text(), within=3)
        assert time.monotonic() - start < 3
        alert = eventually(lambda: alerts(evening, token, GATE))[0]
        assert alert["state"] == "unacknowledged"

        evening.campus("scene", "button", "--point", "gate-east/acknowledge")
        eventually(lambda: '"off"' in beacon[-1], within=5, what="the beacon goes off")
    after = evening.get(f"/api/v1/alerts/{alert['id']}", token)
    assert after["state"] == "acknowledged"
    assert after["acknowledged_at"]
    assert "东门按钮" in after["acknowledged_by"]
    steps = [step["why"] for step in after["transitions"]]
    assert len(steps) >= 2
    assert any(d["channel"] == "guard-post" and d["state"] == "sent" for d in after["deliveries"])


def test_a_broken_sensor_goes_to_maintenance_and_wakes_nobody(evening: Running) -> None:
    token = evening.token("maintainer")
    evening.campus("scene", "sensor-power-on", "--point", FRIDGE)

    def orders() -> list[Any]:
        found = evening.get("/api/v1/work-orders", token)["work_orders"]
        return [order for order in found if order["point"] == FRIDGE]

    order = eventually(orders, within=30, what="an entry in the maintenance log")[0]
    assert order["fault"] == "error-value"
    assert order["state"] == "reported"
    assert json.dumps(order["evidence"])
    told = [a for a in alerts(evening, token, FRIDGE) if a["severity"] != "info"]
    assert told == []
