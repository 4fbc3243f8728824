"""The bridge: what foreign devices say, found, given a place, recorded, and taken back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.found import FoundFile
from collectors.roster import MOST_DEVICES, Roster
from collectors.transport import Message
from devices.foreign.said import Came, Family, Heard, Outcome, Told
from tests.support.bridged import Bridged, bridged
from tests.support.clock import FakeClock
from tests.support.waiting import eventually

FRIDGE = {"Time": "x", "DS18B20": {"Id": "0A1B", "Temperature": 4.5}, "TempUnit": "C"}
PLACE = {"family": "tasmota", "device": "fridge", "field": "DS18B20.Temperature", "room": "kitchen",
         "name": "9号冷藏柜", "kind": "temperature-cold"}  # fmt: skip
POINT = "kitchen/temperature"


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPUS_CLOCK_TRUSTED", "1")


@pytest.fixture
def school(tmp_path: Path, clock: FakeClock) -> Iterator[Bridged]:
    with bridged(tmp_path, clock) as made:
        yield made


def placed(school: Bridged, **changes: Any) -> dict[str, Any]:
    """A fridge that was heard and given a place."""
    school.says("tele/fridge/SENSOR", FRIDGE)
    school.waits("fridge")
    answer = school.asks("assign", **{**PLACE, **changes})
    assert answer["ok"], answer
    return answer


def test_a_device_that_was_heard_waits_and_nothing_of_it_is_recorded(school: Bridged) -> None:
    school.says("tele/fridge/LWT", "Online")
    school.says("tele/fridge/SENSOR", FRIDGE)
    school.says("tele/fridge/STATE", {"POWER": "ON", "Wifi": {"Signal": -61}})
    found = school.waits("fridge")
    assert (found.family, found.available, found.signal) == ("tasmota", True, "-61 dBm")
    field = found.fields["DS18B20.Temperature"]
    assert (field.value, field.unit, field.sensor) == (4.5, "°C", "0A1B")
    assert school.server.readings == []


def test_once_it_has_a_place_its_next_reading_is_recorded_without_a_restart(
    school: Bridged,
) -> None:
    assert placed(school) == {"ok": True, "point": POINT}
    school.says("tele/fridge/SENSOR", {**FRIDGE, "DS18B20": {"Id": "0A1B", "Temperature": 5.0}})
    reading = eventually(lambda: school.readings(POINT))[-1]
    assert (reading.value, reading.at) == (5.0, school.clock.now())


def test_it_keeps_its_place_over_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    with bridged(tmp_path, clock) as school:
        placed(school)
    clock.move(60)
    with bridged(tmp_path, clock) as school:
        assert [found.device for found in school.found().devices] == ["fridge"]
        school.says("tele/fridge/SENSOR", FRIDGE)
        eventually(lambda: school.readings(POINT))


def test_a_probe_is_followed_when_probes_are_counted_anew(school: Bridged) -> None:
    placed(school)
    two = {"DS18B20-1": {"Id": "FFFF", "Temperature": 30.0},
           "DS18B20-2": {"Id": "0A1B", "Temperature": 4.0}}  # fmt: skip
    school.says("tele/fridge/SENSOR", {"Time": "x", **two})
    eventually(lambda: school.readings(POINT))
    assert [reading.value for reading in school.readings(POINT)] == [4.0]


def test_taken_back_it_is_recorded_no_more_and_waits_again(school: Bridged) -> None:
    placed(school)
    assert school.asks("release", point=POINT)["ok"]
    assert POINT not in school.site.points
    school.says("tele/fridge/SENSOR", FRIDGE)
    school.says("tele/other/SENSOR", FRIDGE)
    school.waits("other")
    assert school.readings(POINT) == []


def test_an_offline_device_is_a_fault_of_its_points_until_it_speaks_again(
    school: Bridged,
) -> None:
    placed(school)
    school.says("tele/fridge/LWT", "Offline", retain=True)
    fault = eventually(lambda: school.fault_of(POINT))
    assert fault is not None and fault.reason == "offline"
    assert "fridge is offline" in fault.text
    school.says("tele/fridge/SENSOR", FRIDGE)
    eventually(lambda: school.fault_of(POINT) is None)


def test_a_value_that_its_maker_calls_expired_is_a_fault(school: Bridged) -> None:
    school.says("homeassistant/sensor/a/t/config", {
        "stat_t": "a/t", "dev_cla": "temperature", "unit_of_meas": "°C", "exp_aft": 60,
        "dev": {"ids": ["a1"], "name": "A"},
    })  # fmt: skip
    school.says("a/t", "21")
    school.waits("a1")
    place = {"family": "ha-discovery", "device": "a1", "field": "t", "kind": "temperature-room"}
    assert school.asks("assign", **{**PLACE, **place})["ok"]
    school.says("a/t", "22")
    eventually(lambda: school.readings(POINT))
    assert school.fault_of(POINT) is None
    school.clock.move(61)
    fault = eventually(lambda: school.fault_of(POINT))
    assert fault is not None and "over 60 s" in fault.text


def test_an_empty_battery_is_told(school: Bridged) -> None:
    school.says("zigbee2mqtt/door", {"contact": True, "battery": 9})
    school.waits("door")
    place = {"family": "zigbee2mqtt", "device": "door", "field": "contact", "kind": "contact"}
    school.asks("assign", **{**PLACE, **place, "period": 0.5})
    school.says("zigbee2mqtt/door", {"contact": False, "battery": 9})
    assert eventually(lambda: school.readings("kitchen/contact"))[0].value == "open"
    fault = eventually(lambda: school.fault_of("kitchen/contact"))
    assert fault is not None and "battery of door is at 9 %" in fault.text


def test_zigbee2mqtt_being_gone_silences_all_its_devices(school: Bridged) -> None:
    school.says("zigbee2mqtt/door", {"contact": True})
    school.waits("door")
    place = {"family": "zigbee2mqtt", "device": "door", "field": "contact", "kind": "contact"}
    school.asks("assign", **{**PLACE, **place})
    school.says("zigbee2mqtt/bridge/state", {"state": "offline"})
    fault = eventually(lambda: school.fault_of("kitchen/contact"))
    assert fault is not None and "Zigbee2MQTT is offline" in fault.text


def test_a_retained_value_may_be_of_any_age_so_it_is_shown_but_not_recorded(
    school: Bridged,
) -> None:
    placed(school)
    kept = {"Time": "x", "DS18B20": {"Id": "0A1B", "Temperature": 9.0}}
    school.foreign.send(Message("tele/fridge/SENSOR", json.dumps(kept).encode(), retain=True))
    eventually(lambda: school.readings(POINT))  # it came live, and only stays there
    school.foreign.send_retained("tele/#", school.bridge._hear)
    school.says("tele/mark/SENSOR", FRIDGE)
    school.waits("mark")
    field = school.waits("fridge").fields["DS18B20.Temperature"]
    assert (field.value, field.retained) == (9.0, True)
    assert len(school.readings(POINT)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"device": "nobody"}, "no tasmota device 'nobody' was heard"),
        ({"field": "Humidity"}, "has said nothing of 'Humidity'"),
        ({"room": "cellar"}, "no room or gate has the id 'cellar'"),
        ({"kind": "humidity"}, "measures temperature"),
        ({"kind": "warmth"}, "measures temperature"),
        ({"name": ""}, "name is missing"),
        ({"name": "a\nb"}, "a name that people can read"),
        ({"point": "class-1/power"}, "is a point already"),
        ({"point": "../x"}, "id"),
        ({"period": -5}, "period"),
        ({"device": ["x"]}, "was heard"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_the_reason(
    school: Bridged, changes: dict[str, Any], words: str
) -> None:
    school.says("tele/fridge/SENSOR", FRIDGE)
    school.waits("fridge")
    answer = school.asks("assign", **{**PLACE, **changes})
    assert answer["ok"] is False
    assert words in answer["error"]
    assert not (school.data / "assigned.toml").exists()


def test_one_value_has_one_place(school: Bridged) -> None:
    placed(school)
    again = school.asks("assign", **{**PLACE, "point": "kitchen/other"})
    assert "is used by 'kitchen/temperature' already" in again["error"]
    assert school.asks("release", point="class-1/power")["error"].startswith(
        "class-1/power stands in campus.toml"
    )


def test_what_on_means_is_said_by_a_person(school: Bridged) -> None:
    school.says("stat/lamp/POWER", "ON")
    school.waits("lamp")
    place = {"family": "tasmota", "device": "lamp", "field": "POWER"}
    wrong = school.asks("assign", **{**PLACE, **place, "kind": "contact", "on": "warm"})
    assert "is no word of contact" in wrong["error"]
    right = school.asks("assign", **{**PLACE, **place, "kind": "contact", "on": "closed"})
    school.says("stat/lamp/POWER", "OFF")
    assert eventually(lambda: school.readings(right["point"]))[-1].value == "open"


def test_a_button_is_pressed_and_let_go_again(school: Bridged) -> None:
    school.says("zigbee2mqtt/sos", {"action": "single"})
    school.waits("sos")
    place = {"family": "zigbee2mqtt", "device": "sos", "field": "action", "kind": "panic",
             "on": "pressed", "room": "gate-east", "point": "gate-east/sos"}  # fmt: skip
    assert school.asks("assign", **{**PLACE, **place})["ok"]
    school.says("zigbee2mqtt/sos", {"action": "double"})
    eventually(lambda: len(school.readings("gate-east/sos")) == 2)
    assert [r.value for r in school.readings("gate-east/sos")] == ["pressed", "released"]


def test_a_device_that_is_not_ours_is_set_aside_and_brought_back(school: Bridged) -> None:
    school.says("tele/fridge/SENSOR", FRIDGE)
    school.waits("fridge")
    who = {"family": "tasmota", "device": "fridge"}
    assert school.asks("ignore", **who)["ok"]
    assert school.waits("fridge").ignored
    assert school.asks("heed", **who)["ok"]
    assert not school.waits("fridge").ignored


def test_a_bare_topic_keeps_its_topic_and_drops_what_is_no_number(school: Bridged) -> None:
    school.says("/ESP Easy/Kühl/Druck", "1010.5")
    school.waits("/ESP Easy/Kühl")
    place = {"family": "mqtt", "device": "/ESP Easy/Kühl", "field": "Druck"}
    answer = school.asks("assign", **{**PLACE, **place, "kind": "air-pressure"})
    for said in ("1011.5", "nan", "1012.5"):
        school.says("/ESP Easy/Kühl/Druck", said)
    eventually(lambda: len(school.readings(answer["point"])) == 2)
    assert [r.value for r in school.readings(answer["point"])] == [1011.5, 1012.5]


ROW = (
    '{{ id = "kitchen/{id}", kind = "{kind}", node = "teach-pi", room = "kitchen", name = "x", '
    'driver = "mqtt", options = {{ topic = "some/where", {options} }} }},'
)


@pytest.mark.parametrize(
    ("kind", "options", "payload", "value"),
    [
        ("temperature-cold", 'path = "a.1.t", unit = "°F"', {"a": [0, {"t": 41}]}, 5.0),
        ("contact", 'path = "s", on_payload = "true", off_payload = "false", on = "open"',
         {"s": True}, "open"),
        ("contact", 'on_payload = "offen", off_payload = "zu", on = "open"', "zu", "closed"),
        ("contact", 'path = "s"', {"s": "closed"}, "closed"),
    ],
)  # fmt: skip
def test_a_point_of_the_site_file_declares_what_a_topic_means(
    tmp_path: Path, clock: FakeClock, kind: str, options: str, payload: Any, value: Any
) -> None:
    row = ROW.format(id="own", kind=kind, options=options)
    with bridged(tmp_path, clock, points=row) as school:
        eventually(lambda: school.hears("some/where"))
        school.says("some/where", {"other": 1})
        school.says("some/where", payload)
        eventually(lambda: school.readings("kitchen/own"))
        assert [reading.value for reading in school.readings("kitchen/own")] == [value]


def test_every_message_is_counted_by_how_it_ended(school: Bridged) -> None:
    for topic, payload in (
        ("tele/a/SENSOR", FRIDGE), ("tele/a/SENSOR", "garbage"), ("cmnd/a/POWER", "ON"),
        ("shellies/announce", {"id": "shelly1-A"}), ("campus/v1/node/x/up", "{}"),
    ):  # fmt: skip
        school.says(topic, payload)
    school.waits("shelly1-A")
    counts = school.found().counts
    ends = ("reading", "refused", "ignored", "discovery")
    assert [counts[f"messages.{end}"] for end in ends] == [1, 1, 1, 1]
    assert counts["ignored.a command to a device"] == 1
    (refusal,) = school.found().refusals
    assert refusal["topic"] == "tele/a/SENSOR" and "not JSON" in refusal["reason"]
    assert school.bridge.counters()["reading"] == 1


def test_the_list_is_bounded_and_says_how_many_it_forgot() -> None:
    roster = Roster()
    for number in range(MOST_DEVICES + 7):
        heard = Heard(Family.TASMOTA, f"d{number}", values=(Told("t", "temperature", 1.0, "°C"),))
        outcome = Outcome(Came.READING, "", (heard,))
        roster.learn("x", outcome, number, retained=False)
    assert len(roster.devices) == MOST_DEVICES
    assert roster.counts["devices.forgotten"] == 7
    assert "tasmota:d0" not in roster.devices


def test_a_damaged_list_is_set_aside_and_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "found.db"
    path.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    file = FoundFile(path)
    assert file.load().devices == {}
    file.close()
    assert path.with_suffix(".damaged").exists()
