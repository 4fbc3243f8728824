"""Devices of other makers, on a real broker, to the list, to a place, to the store and the page."""

import json
from typing import Any

from tests.support.browser import Page
from tests.support.demo import Running
from tests.support.mqtt_tools import publish
from tests.support.waiting import eventually

LEAK = "journey-leak"


def say(school: Running, topic: str, payload: Any) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    publish(school.mqtt_port, topic, text.encode())


def waiting(school: Running, token: str) -> dict[str, Any]:
    answer = school.get("/api/v1/devices/unassigned", token)
    return {device["device"]: device for device in answer["devices"]}


def all_speak(school: Running) -> None:
    """Three families, each in its own words."""
    say(school, "tele/journey-plug/SENSOR", {"Time": "x", "ENERGY": {"Power": 42, "Total": 1.5},
                                             "ESP32": {"Temperature": 51}})  # fmt: skip
    say(school, f"zigbee2mqtt/{LEAK}", {"water_leak": False, "battery": 88, "linkquality": 90})
    say(school, "shellyplusht-0a1b2c3d4e5f/status/temperature:0", {"id": 0, "tC": 21.5})


def test_found_devices_wait_are_given_a_place_on_the_page_and_are_recorded_and_alarmed(
    school: Running, token: str, page: Page
) -> None:
    all_speak(school)
    wanted = {"journey-plug", LEAK, "shellyplusht-0a1b2c3d4e5f"}
    eventually(lambda: wanted <= set(waiting(school, token)), what="all three wait")
    plug = waiting(school, token)["journey-plug"]
    assert [field["field"] for field in plug["fields"]] == ["ENERGY.Power", "ENERGY.Total"]

    page.log_in(school.http, "maintainer", school.password)
    page.open("/devices")
    field = page.find(f'[data-device="{LEAK}"] [data-field="water_leak"]')
    field.locator("summary").click()
    field.locator("select[name=room]").select_option("server-room")
    field.locator("input[name=name]").fill("机房新水浸")
    field.locator("button.primary").click()
    page.find(".notice.done").wait_for()
    assert "机房新水浸" in page.text()
    assert LEAK not in waiting(school, token)

    (point,) = [p for p in school.get("/api/v1/points", token)["points"] if p["node"] == "bridge"
                and p["label"]["zh"] == "机房新水浸"]  # fmt: skip
    id = point["id"]
    assert point["place"]["id"] == "server-room"
    say(school, f"zigbee2mqtt/{LEAK}", {"water_leak": True, "battery": 88})
    stored = eventually(
        lambda: school.get(f"/api/v1/events?point={id}", token)["events"], what="it is stored"
    )
    assert stored[-1]["value"] == "wet"
    page.open(f"/points/{id}")
    eventually(lambda: "漏水" in page.text(), what="it is on the page")
    eventually(
        lambda: [a for a in school.get("/api/v1/alerts", token)["alerts"] if a["point"] == id],
        within=30, what="the safety plan knows it",
    )  # fmt: skip

    say(school, f"zigbee2mqtt/{LEAK}/availability", {"state": "offline"})
    page.open("/nodes")
    eventually(lambda: f"{LEAK} is offline" in page.text() or page.open("/nodes"), within=20,
               what="the node says that its device is gone")  # fmt: skip

    page.open("/devices")
    page.find(f'[data-device="{LEAK}"] form[action="/devices/release"] button').click()
    page.find(".notice.done").wait_for()
    eventually(lambda: LEAK in waiting(school, token), what="it waits again")
    assert page.complaints == [] and page.foreign == []
