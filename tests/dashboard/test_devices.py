"""The page and API of found devices: who may, what is shown, and what is asked of the bridge."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.found import FILE, FoundFile
from collectors.requests import answer
from collectors.roster import Roster
from collectors.transport import Message
from devices import wire
from devices.model import to_ms
from tests.support.clock import FakeClock
from tests.support.dashboards import PLAN, Dashboard, csrf_of
from tests.support.foreign import Listener
from tests.support.sites import small_site

NODE = "teach-pi"
LAMP = {"family": "tasmota", "device": "lamp"}


class PaperBridge:
    """Stands in for the bridge's process: notes what it is asked, refuses where told to."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refusal = ""
        self._dashboard = dashboard
        dashboard.world.subscribe(wire.devices_topic(NODE), self._take)

    def _take(self, message: Message) -> None:
        self.asked.append(wire.decode_object(message.payload))
        said = (
            {"ok": False, "error": self.refusal} if self.refusal else {"ok": True, "point": "a/b"}
        )
        answer(self._dashboard.world, message, wire.encode_object(said))


@pytest.fixture
def dashboard(tmp_path: Path, clock: FakeClock) -> Iterator[Dashboard]:
    site = small_site(tmp_path, extra=f'bridge.node = "{NODE}"')
    made = Dashboard(tmp_path, site, clock)
    hear_some(tmp_path / "nodes" / NODE / FILE, clock)
    yield made
    made.close()


def hear_some(path: Path, clock: FakeClock) -> None:
    """A list as the bridge leaves it."""
    listener, roster = Listener(), Roster()
    for topic, payload in (
        ("tele/lamp/STATE", {"POWER": "ON", "Wifi": {"Signal": -60}}),
        ("tele/<b>x</b>/SENSOR", {"Time": "x", "DS18B20": {"Temperature": 85.0}}),
        ("zigbee2mqtt/door", {"contact": True, "battery": 44}), ("zigbee2mqtt/x", "rubbish"),
    ):  # fmt: skip
        roster.learn(topic, listener.hear(topic, payload), to_ms(clock.now()), retained=False)
    listener.templates.close()
    file = FoundFile(path)
    file.save(roster)
    file.close()


@pytest.mark.parametrize("role", ["viewer", "guard", "canteen"])
def test_only_administrators_and_the_it_centre_see_them(dashboard: Dashboard, role: str) -> None:
    assert dashboard.browser(role).get("/devices").status_code == 403
    program = dashboard.app.test_client()
    header = dashboard.token(role)
    assert program.get("/api/v1/devices", headers=header).status_code == 403
    assert program.post("/api/v1/devices/ignore", headers=header, json=LAMP).status_code == 403


def test_the_page_shows_what_was_heard_and_escapes_it(dashboard: Dashboard) -> None:
    page = dashboard.browser("maintainer").get("/devices").text
    assert "等待分配" in page and "-60 dBm" in page and "44 %" in page
    assert "传感器报错值" in page, "85.0 is marked"
    assert "<b>x</b>" not in page and "&lt;b&gt;x&lt;/b&gt;" in page
    assert "门磁：开 = 打开" in page, "what on means is a choice"
    assert "zigbee2mqtt/x" in page and "not JSON" in page, "the refusal with its reason"


def test_a_form_becomes_a_wish_with_the_name_of_who_asked(dashboard: Dashboard) -> None:
    bridge = PaperBridge(dashboard)
    client = dashboard.browser("maintainer")
    form = {**LAMP, "csrf_token": csrf_of(client.get("/devices").text), "field": "POWER",
            "room": "class-1", "name": "灯", "choice": "contact:open", "period": "120"}  # fmt: skip
    assert client.post("/devices/assign", data=form).status_code == 302
    assert bridge.asked == [
        {"do": "assign", **LAMP, "field": "POWER", "room": "class-1", "name": "灯", "name_en": "",
         "kind": "contact", "on": "open", "point": "", "period": 120.0, "who": "maintainer"},
    ]  # fmt: skip
    assert "已分配" in client.get("/devices").text


@pytest.mark.parametrize(
    ("path", "form", "wish"),
    [
        ("release", {"point": "a/b"}, {"do": "release", "point": "a/b"}),
        ("ignore", LAMP, {"do": "ignore", **LAMP}), ("heed", LAMP, {"do": "heed", **LAMP}),
    ],
)  # fmt: skip
def test_the_other_wishes(
    dashboard: Dashboard, path: str, form: dict[str, str], wish: dict[str, str]
) -> None:
    bridge = PaperBridge(dashboard)
    header = dashboard.token("admin")
    answer_ = dashboard.app.test_client().post(f"/api/v1/devices/{path}", headers=header, json=form)
    assert answer_.status_code == 200
    assert [{k: v for k, v in asked.items() if k != "who"} for asked in bridge.asked] == [wish]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [({"family": "knx"}, "family"), ({"device": ""}, "device"), ({"field": ""}, "field"),
     ({"room": ""}, "room"), ({"kind": ""}, "kind"), ({"period": "soon"}, "period"),
     ({"period": -1}, "period"), ({"name": "x" * 300}, "name")],
)  # fmt: skip
def test_bad_wishes_never_reach_the_bridge(
    dashboard: Dashboard, change: dict[str, Any], parameter: str
) -> None:
    bridge = PaperBridge(dashboard)
    wish = {**LAMP, "field": "POWER", "room": "class-1", "name": "灯", "kind": "switch", **change}
    said = dashboard.app.test_client().post(
        "/api/v1/devices/assign", headers=dashboard.token("admin"), json=wish
    )
    assert (said.status_code, said.json["parameter"]) == (400, parameter)
    assert bridge.asked == []


def test_a_refusal_is_shown_with_its_reason_and_silence_claims_nothing(
    dashboard: Dashboard,
) -> None:
    header, client = dashboard.token("admin"), dashboard.app.test_client()
    silent = client.post("/api/v1/devices/ignore", headers=header, json=LAMP)
    assert silent.status_code == 503 and "nothing is confirmed" in silent.json["detail"]
    PaperBridge(dashboard).refusal = "no room or gate has the id 'cellar'"
    refused = client.post("/api/v1/devices/ignore", headers=header, json=LAMP)
    assert (refused.status_code, refused.json["detail"]) == (
        409, "no room or gate has the id 'cellar'",
    )  # fmt: skip


def test_the_api_lists_values_kinds_counts_and_refusals(dashboard: Dashboard) -> None:
    header, client = dashboard.token("maintainer"), dashboard.app.test_client()
    said = client.get("/api/v1/devices", headers=header).json
    by_name = {device["device"]: device for device in said["devices"]}
    (contact,) = [f for f in by_name["door"]["fields"] if f["field"] == "contact"]
    assert (contact["value"], contact["kinds"]) == ("closed", ["contact", "gate"])
    assert said["counts"]["messages.reading"] == 3
    assert said["refusals"][0]["topic"] == "zigbee2mqtt/x"
    waiting = client.get("/api/v1/devices/unassigned", headers=header).json["devices"]
    assert {device["device"] for device in waiting} == {"lamp", "door", "<b>x</b>"}


def test_a_point_that_the_plan_names_is_not_taken_back(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    bridge = PaperBridge(dashboard)
    plan = PLAN.replace('kinds = ["temperature-cold"]', 'points = ["class-1/temperature"]')
    (dashboard.data / "plan.toml").write_text(plan, "utf-8")
    clock.move(4)
    said = dashboard.app.test_client().post(
        "/api/v1/devices/release",
        headers=dashboard.token("admin"),
        json={"point": "class-1/temperature"},
    )
    assert (said.status_code, said.json["detail"]) == (400, "the safety plan names it in FOOD-01")
    assert bridge.asked == []
