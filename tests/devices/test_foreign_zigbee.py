"""Zigbee2MQTT, as its documentation describes its messages."""

from typing import Any

import pytest

from devices.foreign.said import Came
from tests.support.foreign import Listener, dropped, listener, signs

__all__ = ["listener"]

DOOR = {
    "ieee_address": "0x00158d0001",
    "friendly_name": "kitchen/door",
    "type": "EndDevice",
    "definition": {
        "model": "MCCGQ11LM",
        "vendor": "Aqara",
        "description": "Door sensor",
        "exposes": [
            {
                "type": "binary",
                "name": "contact",
                "property": "contact",
                "value_on": False,
                "value_off": True,
            },
            {"type": "numeric", "name": "temperature", "property": "temperature", "unit": "°F"},
            {
                "type": "numeric",
                "name": "voltage",
                "property": "voltage",
                "unit": "mV",
                "category": "diagnostic",
            },
        ],
    },
}


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        ({"contact": True}, {"contact": ("contact", "closed", "")}),
        ({"contact": False}, {"contact": ("contact", "open", "")}),
        ({"water_leak": True}, {"water_leak": ("leak", "wet", "")}),
        ({"water_leak": False}, {"water_leak": ("leak", "dry", "")}),
        (
            {"occupancy": True, "illuminance": 30},
            {"occupancy": ("motion", "motion", ""), "illuminance": ("illuminance", 30.0, "lx")},
        ),
        ({"smoke": False}, {"smoke": ("smoke", "off", "")}),
        (
            {"state": "ON", "power": 12.5, "voltage": 231, "current": 0.05, "energy": 4.2},
            {
                "state": ("switch", "on", ""),
                "power": ("power", 12.5, "W"),
                "voltage": ("voltage", 231.0, "V"),
                "current": ("current", 0.05, "A"),
                "energy": ("energy", 4.2, "kWh"),
            },
        ),
        (
            {"state_left": "ON", "state_right": "OFF", "power_l1": 5},
            {
                "state_left": ("switch", "on", ""),
                "state_right": ("switch", "off", ""),
                "power_l1": ("power", 5.0, "W"),
            },
        ),
        (
            {"temperature": 21.5, "pressure": 1012.4, "co2": 640, "formaldehyd": 0.03, "pm25": 8},
            {
                "temperature": ("temperature", 21.5, "°C"),
                "pressure": ("pressure", 1012.4, "hPa"),
                "co2": ("co2", 640.0, "ppm"),
                "formaldehyd": ("formaldehyde", 0.03, "mg/m³"),
                "pm25": ("pm25", 8.0, "µg/m³"),
            },
        ),
        (
            {"local_temperature": 20.5, "occupied_heating_setpoint": 22, "system_mode": "heat"},
            {"local_temperature": ("temperature", 20.5, "°C")},
        ),
        (
            {"illuminance": 20000, "illuminance_lux": 100},
            {"illuminance_lux": ("illuminance", 100.0, "lx")},
        ),
        ({"temperature": 0}, {"temperature": ("temperature", 0.0, "°C")}),
        (
            {"soil_moisture": 35, "temperature": 18},
            {
                "soil_moisture": ("soil_moisture", 35.0, "%"),
                "temperature": ("temperature", 18.0, "°C"),
            },
        ),
    ],
)
def test_states(listener: Listener, payload: dict[str, Any], values: dict[str, Any]) -> None:
    assert listener.values("zigbee2mqtt/thing", payload) == values


@pytest.mark.parametrize(
    "payload",
    [
        {"color_temp": 370, "brightness": 254, "color_mode": "color_temp", "color": {"x": 0.4}},
        {"color_temp_startup": 370},
        {"device_temperature": 31, "linkquality": 90},
        {"temperature_calibration": 1.5},
        {"update": {"state": "idle"}, "last_seen": "2024"},
        {"battery_low": True, "voltage": 3005, "linkquality": 40},
        {"position": 40, "state": "OPEN"},
    ],
)
def test_a_lamps_colour_a_chip_and_settings_are_no_readings(
    listener: Listener, payload: dict[str, Any]
) -> None:
    outcome = listener.hear("zigbee2mqtt/thing", payload)
    assert outcome.came is Came.IGNORED
    assert not outcome.heard[0].values


def test_battery_and_signal_are_health_and_millivolts_are_a_batterys(listener: Listener) -> None:
    said = {"contact": True, "battery": 88, "voltage": 2995, "linkquality": 91}
    assert signs(listener.hear("zigbee2mqtt/door", said)) == {
        "battery": 88.0,
        "battery_voltage": 2995.0,
        "linkquality": 91.0,
    }


def test_a_null_is_dropped_alone(listener: Listener) -> None:
    outcome = listener.hear("zigbee2mqtt/x", '{"temperature":null,"humidity":44,"co2":"unknown"}')
    assert [value.field for value in outcome.heard[0].values] == ["humidity"]
    assert set(dropped(outcome)) == {"temperature", "co2"}


@pytest.mark.parametrize(
    ("payload", "there"),
    [
        ("online", True),
        ("offline", False),
        ({"state": "online"}, True),
        ({"state": "offline"}, False),
    ],
)
def test_both_forms_of_availability(listener: Listener, payload: Any, there: bool) -> None:
    outcome = listener.hear("zigbee2mqtt/floor 1/door/availability", payload)
    assert outcome.came is Came.IGNORED
    assert (outcome.heard[0].device, outcome.heard[0].available) == ("floor 1/door", there)


def test_the_list_of_devices_makes_them_wait_and_declares_their_units(listener: Listener) -> None:
    found = listener.hear("zigbee2mqtt/bridge/devices", [{"type": "Coordinator"}, DOOR])
    assert found.came is Came.DISCOVERY
    (door,) = found.heard
    assert (door.device, door.about["model"]) == ("kitchen/door", "MCCGQ11LM")
    assert set(door.passed) == {"contact", "temperature"}
    outcome = listener.hear(
        "zigbee2mqtt/kitchen/door", {"contact": True, "temperature": 50, "voltage": 3015}
    )
    values = {value.field: (value.value, value.declared) for value in outcome.heard[0].values}
    assert values == {"contact": ("closed", True), "temperature": (10.0, True)}
    assert signs(outcome) == {"battery_voltage": 3015.0}


def test_output_by_attribute(listener: Listener) -> None:
    assert listener.values("zigbee2mqtt/floor1/room/temperature", "21.5") == {
        "temperature": ("temperature", 21.5, "°C")
    }
    assert listener.values("zigbee2mqtt/door/contact", "false") == {
        "contact": ("contact", "open", "")
    }
    assert listener.hear("zigbee2mqtt/x/humidity", "null").came is Came.REFUSED


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("bridge/state", {"state": "online"}),
        ("bridge/info", {"version": "2"}),
        ("bridge/logging", {"level": "info", "message": "x"}),
        ("bridge/groups", []),
        ("bridge/request/permit_join", {"time": 60}),
        ("bridge/response/permit_join", {}),
        ("bridge/definitions", {}),
        ("bridge/extensions", []),
        ("bridge/health", {}),
        ("lamp/set", {"state": "ON"}),
        ("lamp/get", {"state": ""}),
        ("lamp/set/state", "ON"),
        ("bridge/event", {"type": "device_leave", "data": {"friendly_name": "x"}}),
        ("lamp", ""),
    ],
)
def test_the_bridges_own_affairs_and_commands_are_named(
    listener: Listener, topic: str, payload: Any
) -> None:
    outcome = listener.hear(f"zigbee2mqtt/{topic}", payload)
    assert outcome.came is Came.IGNORED
    assert outcome.reason


def test_a_device_that_joins_waits(listener: Listener) -> None:
    event = {"type": "device_joined", "data": {"friendly_name": "0x01", "ieee_address": "0x01"}}
    outcome = listener.hear("zigbee2mqtt/bridge/event", event)
    assert (outcome.came, outcome.heard[0].device) == (Came.DISCOVERY, "0x01")


def test_a_groups_state_is_not_a_devices(listener: Listener) -> None:
    listener.hear("zigbee2mqtt/bridge/groups", [{"id": 1, "friendly_name": "hall"}])
    assert listener.hear("zigbee2mqtt/hall", {"state": "ON"}).came is Came.IGNORED


def test_another_base_topic_is_learnt_from_its_list(listener: Listener) -> None:
    listener.hear("school/zb/bridge/devices", [DOOR])
    outcome = listener.hear("school/zb/kitchen/door", {"contact": False})
    assert outcome.heard[0].device == "school/zb/kitchen/door"
    assert outcome.heard[0].values[0].value == "open"


@pytest.mark.parametrize("payload", ["21.5", "true", '"x"', "[1,2]", "null", "warm"])
def test_a_state_that_is_no_object_is_refused(listener: Listener, payload: str) -> None:
    assert listener.hear("zigbee2mqtt/thing", payload).came is Came.REFUSED
