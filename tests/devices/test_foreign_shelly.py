"""Shelly of all generations, ESPHome, ESPEasy and OpenBeken, as their documentation has them."""

from typing import Any

import pytest

from devices.foreign.said import Came
from tests.support.foreign import Listener, dropped, listener, signs

__all__ = ["listener"]

PLUG = "shellyplus1pm-a8032abe54dc"
HT = "shellyplusht-b8d61a8b17cc"


@pytest.mark.parametrize(
    ("what", "payload", "value"),
    [
        ("sensor/temperature", "21.37", ("temperature", 21.37, "°C")),
        ("sensor/humidity", "45.5", ("humidity", 45.5, "%")),
        ("sensor/battery", "95", ("battery", 95.0, "%")),
        ("sensor/lux", "60", ("illuminance", 60.0, "lx")),
        ("sensor/flood", "true", ("leak", "wet", "")),
        ("sensor/flood", "false", ("leak", "dry", "")),
        ("sensor/state", "open", ("contact", "open", "")),
        ("sensor/state", "close", ("contact", "closed", "")),
        ("sensor/smoke", "false", ("smoke", "off", "")),
        ("ext_temperature/0", "4.19", ("temperature", 4.19, "°C")),
        ("ext_humidity/0", "61", ("humidity", 61.0, "%")),
        ("relay/0", "on", ("switch", "on", "")),
        ("relay/1", "off", ("switch", "off", "")),
        ("relay/0/power", "12.5", ("power", 12.5, "W")),
        ("relay/0/energy", "60000", ("energy", 1.0, "kWh")),
        ("input/0", "1", ("binary", "on", "")),
        ("emeter/2/power", "-20.5", ("power", -20.5, "W")),
        ("emeter/0/voltage", "231.2", ("voltage", 231.2, "V")),
        ("emeter/0/current", "1.5", ("current", 1.5, "A")),
        ("emeter/0/total", "12345", ("energy", 12.345, "kWh")),
        ("emeter/0/pf", "0.95", ("power_factor", 0.95, "")),
        ("voltage/0", "229", ("voltage", 229.0, "V")),
    ],
)
def test_the_first_generation(
    listener: Listener, what: str, payload: str, value: tuple[str, Any, str]
) -> None:
    assert listener.values(f"shellies/shelly-a1/{what}", payload) == {what: value}


@pytest.mark.parametrize(
    ("what", "payload", "came"),
    [
        ("temperature", "54.2", "ignored"),
        ("temperature_f", "129.5", "ignored"),
        ("overtemperature", "0", "ignored"),
        ("relay/0/command", "on", "ignored"),
        ("command", "announce", "ignored"),
        ("online", "true", "ignored"),
        ("info", {"wifi_sta": {"rssi": -60}, "tmp": {"tC": 50, "is_valid": True}}, "ignored"),
        ("announce", {"id": "shelly-a1", "model": "SHSW-25"}, "discovery"),
        ("sensor/temperature", "999", "refused"),
        ("sensor/temperature", "nan", "refused"),
        ("sensor/state", "unknown", "refused"),
        ("relay/0", "overpower", "refused"),
        ("light/0/status", {"ison": True, "temp": 3000}, "ignored"),
    ],
)
def test_the_first_generations_other_words(
    listener: Listener, what: str, payload: Any, came: str
) -> None:
    outcome = listener.hear(f"shellies/shelly-a1/{what}", payload)
    assert outcome.came == came
    assert outcome.reason


def test_a_shelly_announces_itself_to_all(listener: Listener) -> None:
    said = {"id": "shelly1-B929CC", "model": "SHSW-1", "mac": "x", "fw_ver": "1.14"}
    outcome = listener.hear("shellies/announce", said)
    assert (outcome.came, outcome.heard[0].device) == (Came.DISCOVERY, "shelly1-B929CC")


SWITCH = {
    "id": 0,
    "source": "init",
    "output": False,
    "apower": 8.9,
    "voltage": 237.5,
    "current": 0.12,
    "aenergy": {"total": 6532, "by_minute": [1, 2], "minute_ts": 1},
    "temperature": {"tC": 47.3, "tF": 117.1},
}
SWITCH_VALUES = {
    "switch:0.apower": ("power", 8.9, "W"),
    "switch:0.voltage": ("voltage", 237.5, "V"),
    "switch:0.current": ("current", 0.12, "A"),
    "switch:0.output": ("switch", "off", ""),
    "switch:0.aenergy.total": ("energy", 6.532, "kWh"),
}


@pytest.mark.parametrize("prefix", [PLUG, "office/plug", f"shellies/{PLUG}"])
def test_a_switch_of_the_second_generation(listener: Listener, prefix: str) -> None:
    outcome = listener.hear(f"{prefix}/status/switch:0", SWITCH)
    assert outcome.heard[0].device == prefix.removeprefix("shellies/")
    values = {v.field: (v.quantity, v.value, v.unit) for v in outcome.heard[0].values}
    assert values == SWITCH_VALUES
    assert signs(outcome) == {"switch:0.temperature.tC": 47.3}


@pytest.mark.parametrize("method", ["NotifyStatus", "NotifyFullStatus"])
def test_notifications(listener: Listener, method: str) -> None:
    said = {"src": PLUG, "dst": "x", "method": method, "params": {"ts": 1.5, "switch:0": SWITCH}}
    assert listener.values(f"{PLUG}/events/rpc", said) == SWITCH_VALUES


def test_a_thermometer_of_the_second_generation(listener: Listener) -> None:
    params = {
        "ts": 1680962879.62,
        "devicepower:0": {"id": 0, "battery": {"V": 5.1, "percent": 77}},
        "humidity:0": {"id": 0, "rh": 42.2},
        "temperature:0": {"id": 0, "tC": 19.8, "tF": 67.6},
        "wifi": {"rssi": -60},
        "ht_ui": {},
    }
    said = {"src": HT, "method": "NotifyFullStatus", "params": params}
    outcome = listener.hear(f"{HT}/events/rpc", said)
    values = {v.field: v.value for v in outcome.heard[0].values}
    assert values == {
        "devicepower:0.battery.percent": 77.0,
        "humidity:0.rh": 42.2,
        "temperature:0.tC": 19.8,
    }
    assert signs(outcome) == {"battery": 77.0, "battery_voltage": 5.1, "wifi.rssi": -60.0}


@pytest.mark.parametrize("works", ["em:0", "em1:0", "switch:0", "cover:0", "pm1:0"])
def test_the_temperature_of_what_meters_or_switches_is_its_own(
    listener: Listener, works: str
) -> None:
    params = {works: {"id": 0, "voltage": 230}, "temperature:0": {"id": 0, "tC": 46.1}}
    outcome = listener.hear("hall/box/events/rpc", {"method": "NotifyStatus", "params": params})
    assert signs(outcome) == {"temperature:0.tC": 46.1}
    assert not any(v.quantity == "temperature" for v in outcome.heard[0].values)
    later = listener.hear("hall/box/status/temperature:0", {"id": 0, "tC": 46.2})
    assert later.came is Came.IGNORED
    probe = listener.values("hall/box/status/temperature:100", {"id": 100, "tC": 3.5})
    assert probe == {"temperature:100.tC": ("temperature", 3.5, "°C")}


def test_three_phases(listener: Listener) -> None:
    said = {"id": 0, "a_act_power": 100, "b_act_power": -20, "c_voltage": 231, "n_current": None}
    said |= {"total_act_power": 80, "user_calibrated_phase": []}
    assert listener.values("shellypro3em-aabbccddeeff/status/em:0", said) == {
        "em:0.a_act_power": ("power", 100.0, "W"),
        "em:0.b_act_power": ("power", -20.0, "W"),
        "em:0.c_voltage": ("voltage", 231.0, "V"),
        "em:0.total_act_power": ("power", 80.0, "W"),
    }
    energy = listener.values("shellypro3em-aabbccddeeff/status/emdata:0", {"total_act": 1500})
    assert energy == {"emdata:0.total_act": ("energy", 1.5, "kWh")}


@pytest.mark.parametrize(
    ("what", "payload", "value"),
    [
        ("input:0", {"id": 0, "state": True}, ("input:0.state", "on")),
        ("flood:0", {"id": 0, "alarm": True, "mute": False}, ("flood:0.alarm", "wet")),
        ("smoke:0", {"id": 0, "alarm": False}, ("smoke:0.alarm", "off")),
        ("illuminance:0", {"id": 0, "lux": 12}, ("illuminance:0.lux", 12.0)),
        ("voltmeter:100", {"id": 100, "voltage": 4.321}, ("voltmeter:100.voltage", 4.321)),
    ],
)
def test_other_components(
    listener: Listener, what: str, payload: Any, value: tuple[str, Any]
) -> None:
    outcome = listener.hear(f"{PLUG}/status/{what}", payload)
    assert [(v.field, v.value) for v in outcome.heard[0].values] == [value]


def test_a_probe_with_an_error_is_refused_with_it(listener: Listener) -> None:
    said = {"id": 100, "tC": None, "tF": None, "errors": ["read"]}
    outcome = listener.hear(f"{PLUG}/status/temperature:100", said)
    assert outcome.came is Came.REFUSED
    assert dropped(outcome) == {"temperature:100.tC": "the device reports 'read'"}


@pytest.mark.parametrize(
    ("what", "payload"),
    [
        ("online", "true"),
        ("command", "status_update"),
        ("rpc", {"id": 1, "src": "x", "method": "Switch.Set"}),
        ("status/sys", {"mac": "x", "uptime": 5}),
        ("status/wifi", {"rssi": -60, "ssid": "x"}),
        ("status/cct:0", {"id": 0, "ct": 3000, "brightness": 40}),
        ("debug/log", "shelly_notification:163"),
        ("events/rpc", {"method": "NotifyEvent", "params": {"events": [{"component": "sys"}]}}),
    ],
)
def test_the_second_generations_other_words(listener: Listener, what: str, payload: Any) -> None:
    outcome = listener.hear(f"{PLUG}/{what}", payload)
    assert outcome.came is Came.IGNORED
    assert outcome.reason


@pytest.mark.parametrize(
    ("topic", "payload", "value"),
    [
        ("lab/sensor/room_temperature/state", "21.5", ("temperature", 21.5, "°C")),
        ("esphome/lab/sensor/humidity/state", "45", ("humidity", 45.0, "%")),
        ("lab/sensor/scd40_co2/state", "640", ("co2", 640.0, "ppm")),
        ("lab/sensor/pm_2_5/state", "7", ("pm25", 7.0, "µg/m³")),
        ("lab/sensor/distance/state", "120", ("number", 120.0, "")),
        ("lab/binary_sensor/door/state", "ON", ("binary", "on", "")),
        ("lab/switch/relay/state", "OFF", ("switch", "off", "")),
    ],
)
def test_esphome(listener: Listener, topic: str, payload: str, value: tuple[str, Any, str]) -> None:
    (found,) = listener.values(topic, payload).values()
    assert found == value


@pytest.mark.parametrize(
    "name",
    ["esp32_internal_temperature", "cpu_temperature", "chip_temp", "lamp_color_temperature",
     "dew_point_temperature", "target_temperature", "temperature_offset", "device_temperature"],
)  # fmt: skip
def test_names_of_other_temperatures_are_never_a_rooms(listener: Listener, name: str) -> None:
    for topic in (f"lab/sensor/{name}/state", f"lab/things/{name}"):
        assert listener.hear(topic, "61").came is Came.IGNORED
    listener.discover(
        f"sensor/lab/{name}", state_topic=f"y/{name}", dev_cla="temperature", unit_of_meas="°C"
    )
    assert listener.hear(f"y/{name}", "61").came is Came.IGNORED


@pytest.mark.parametrize(
    "name",
    ["esp32_corridor_temperature", "device_3_room_temperature", "lower_level_temperature",
     "max_room_temperature"],
)  # fmt: skip
def test_a_devices_own_name_does_not_make_it_another_temperature(
    listener: Listener, name: str
) -> None:
    (found,) = listener.values(f"lab/sensor/{name}/state", "21").values()
    assert found == ("temperature", 21.0, "°C")


@pytest.mark.parametrize(
    ("topic", "payload", "came", "values"),
    [
        ("lab/status", "offline", "ignored", {}),
        ("lab/sensor/temperature/state", "nan", "refused", {}),
        ("lab/light/lamp/state", {"state": "ON", "color_temp": 300}, "ignored", {}),
        ("lab/switch/relay/command", "ON", "ignored", {}),
        ("lab/sensor/uptime/state", "300", "ignored", {}),
        ("obk1/connected", "online", "ignored", {}),
        ("obk1/voltage/get", "230.5", "reading", {"voltage": 230.5}),
        ("obk1/energycounter/get", "1500", "reading", {"energycounter": 1.5}),
        ("obk1/1/get", "1", "reading", {"1": 1.0}),
        ("obk1/1/set", "1", "ignored", {}),
        ("/ESP Easy/Kühlraum/Temperature", " 3.5 ", "reading", {"Temperature": 3.5}),
        ("ESP/status/LWT", "Connection Lost", "ignored", {}),
        ("ESP/env/Humidity", "nan", "refused", {}),
        ("some/where", {"t": 1}, "ignored", {}),
        ("some/where", "hello", "ignored", {}),
        ("lonely", "21.5", "ignored", {}),
        ("campus/v1/node/x/up", "{}", "ignored", {}),
        ("$SYS/broker/uptime", "5", "ignored", {}),
    ],
)
def test_bare_topics(
    listener: Listener, topic: str, payload: Any, came: str, values: dict[str, Any]
) -> None:
    outcome = listener.hear(topic, payload)
    assert outcome.came == came
    assert {v.field: v.value for each in outcome.heard for v in each.values} == values
    assert outcome.reason or values
