"""Tasmota, as its documentation describes its messages."""

from typing import Any

import pytest

from devices.foreign.said import Came
from devices.model import Quality
from tests.support.foreign import Listener, dropped, listener, signs

__all__ = ["listener"]

SENSOR: list[tuple[dict[str, Any], dict[str, tuple[str, float, str]]]] = [
    (
        {"SHT3X": {"Temperature": 68.0, "Humidity": 40, "DewPoint": 42.7}, "TempUnit": "F"},
        {
            "SHT3X.Temperature": ("temperature", 20.0, "°C"),
            "SHT3X.Humidity": ("humidity", 40.0, "%"),
        },
    ),
    (
        {"DS18B20": {"Id": "01", "Temperature": -4.0}, "TempUnit": "F"},
        {"DS18B20.Temperature": ("temperature", -20.0, "°C")},
    ),
    (
        {
            "BME280": {"Temperature": 21, "Humidity": 45, "DewPoint": 9, "Pressure": 29.92},
            "PressureUnit": "inHg",
            "TempUnit": "C",
        },
        {
            "BME280.Temperature": ("temperature", 21.0, "°C"),
            "BME280.Humidity": ("humidity", 45.0, "%"),
            "BME280.Pressure": ("pressure", pytest.approx(1013.2075), "hPa"),
        },
    ),
    (
        {"BMP280": {"Temperature": 21, "Pressure": 1013.2, "SeaPressure": 1020.1}},
        {
            "BMP280.Temperature": ("temperature", 21.0, "°C"),
            "BMP280.Pressure": ("pressure", 1013.2, "hPa"),
        },
    ),
    (
        {"SCD40": {"CarbonDioxide": 812, "Temperature": 22.5, "Humidity": 51, "DewPoint": 12}},
        {
            "SCD40.CarbonDioxide": ("co2", 812.0, "ppm"),
            "SCD40.Temperature": ("temperature", 22.5, "°C"),
            "SCD40.Humidity": ("humidity", 51.0, "%"),
        },
    ),
    (
        {"MHZ19B": {"Model": "B", "CarbonDioxide": 1050, "Temperature": 31}},
        {"MHZ19B.CarbonDioxide": ("co2", 1050.0, "ppm")},
    ),
    (
        {"BH1750": {"Illuminance": 79}, "TSL2561": {"Illuminance": 21.2, "IR": 4}},
        {
            "BH1750.Illuminance": ("illuminance", 79.0, "lx"),
            "TSL2561.Illuminance": ("illuminance", 21.2, "lx"),
        },
    ),
    (
        {"PMS5003": {"CF1": 3, "PM2.5": 7, "PM10": 9, "PB0.3": 900}},
        {"PMS5003.PM2.5": ("pm25", 7.0, "µg/m³"), "PMS5003.PM10": ("pm10", 9.0, "µg/m³")},
    ),
    (
        {"INA219": {"Voltage": 4.494, "Current": 0.020, "Power": 0.089}},
        {
            "INA219.Voltage": ("voltage", 4.494, "V"),
            "INA219.Current": ("current", 0.02, "A"),
            "INA219.Power": ("power", 0.089, "W"),
        },
    ),
    (
        {
            "ENERGY": {
                "TotalStartTime": "2020-01-01T00:00:00",
                "Total": 15.6,
                "Yesterday": 1,
                "Today": 2,
                "Period": 0,
                "Power": [10, 20, 30],
                "ApparentPower": [11, 21, 31],
                "Factor": [0.9, 0.95, 1],
                "Voltage": 231,
                "Current": [0.1, 0.2, 0.3],
            }
        },
        {
            "ENERGY.Total": ("energy", 15.6, "kWh"),
            "ENERGY.Voltage": ("voltage", 231.0, "V"),
            **{f"ENERGY.Power.{n}": ("power", 10.0 * n, "W") for n in (1, 2, 3)},
            **{
                f"ENERGY.ApparentPower.{n}": ("apparent_power", 1.0 + 10 * n, "VA")
                for n in (1, 2, 3)
            },
            **{
                f"ENERGY.Factor.{n}": ("power_factor", f, "")
                for n, f in ((1, 0.9), (2, 0.95), (3, 1.0))
            },
            **{f"ENERGY.Current.{n}": ("current", pytest.approx(n / 10), "A") for n in (1, 2, 3)},
        },
    ),
    (
        {"ANALOG": {"Temperature": [18.5, 3.25]}},
        {
            "ANALOG.Temperature.1": ("temperature", 18.5, "°C"),
            "ANALOG.Temperature.2": ("temperature", 3.25, "°C"),
        },
    ),
    (
        {"ANALOG": {"Temperature": 61.0}, "ENERGY": {"Power": 5}},
        {"ENERGY.Power": ("power", 5.0, "W")},
    ),
    (
        {"BL0940": {"Temperature": 55}, "ENERGY": {"Power": 5, "Temperature": 60}},
        {"ENERGY.Power": ("power", 5.0, "W")},
    ),
    (
        {"Switch1": "ON", "Switch2": "OFF"},
        {"Switch1": ("binary", "on", ""), "Switch2": ("binary", "off", "")},
    ),
    (
        {
            "ATC-a4c138": {
                "mac": "a4c138",
                "Temperature": 3.2,
                "Humidity": 70,
                "Battery": 88,
                "RSSI": -70,
            }
        },
        {
            "ATC-a4c138.Temperature": ("temperature", 3.2, "°C"),
            "ATC-a4c138.Humidity": ("humidity", 70.0, "%"),
        },
    ),
    (
        {"RDM6300": {"UID": "04BE0F1A"}, "COUNTER": {"C1": 12}, "CCS811": {"eCO2": 450, "TVOC": 4}},
        {"CCS811.TVOC": ("voc", 4.0, "ppb")},
    ),
]


@pytest.mark.parametrize(("data", "values"), SENSOR, ids=[",".join(d) for d, _ in SENSOR])
@pytest.mark.parametrize(
    ("topic", "wrap"),
    [
        ("tele/t/SENSOR", False),
        ("t/tele/SENSOR", False),
        ("stat/t/STATUS10", True),
        ("t/stat/STATUS8", True),
        ("tele/t/SENSOR", True),
        ("stat/t/STATUS0", True),
    ],
)
def test_its_sensors_in_every_form_and_order(
    listener: Listener, data: dict[str, Any], values: dict[str, Any], topic: str, wrap: bool
) -> None:
    timed = {"Time": "2024-02-25T11:27:00", **data}
    outcome = listener.hear(topic, {"StatusSNS": timed} if wrap else timed)
    assert outcome.heard[0].device == "t"
    assert {v.field: (v.quantity, v.value, v.unit) for v in outcome.heard[0].values} == values


def test_temperatures_of_chips_are_health(listener: Listener) -> None:
    for chip in ("ESP32", "ESP8266", "MHZ19B", "BL0942", "AXP192", "CPU", "MCU"):
        outcome = listener.hear("tele/t/SENSOR", {"Time": "x", chip: {"Temperature": 55.5}})
        assert outcome.came is Came.IGNORED
        assert signs(outcome) == {f"{chip}.Temperature": 55.5}


@pytest.mark.parametrize(
    "bare",
    [
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-inf",
        "Infinity",
        "null",
        '"nan"',
        '"unavailable"',
        "true",
        '"abc"',
        "1e999",
    ],
)
def test_a_field_without_a_value_is_dropped_alone(listener: Listener, bare: str) -> None:
    said = f'{{"Time":"x","SI7021":{{"Temperature":{bare},"Humidity":55.8}},"N":"say \\"nan\\""}}'
    outcome = listener.hear("tele/t/SENSOR", said)
    assert [value.field for value in outcome.heard[0].values] == ["SI7021.Humidity"]
    assert list(dropped(outcome)) == ["SI7021.Temperature"]


@pytest.mark.parametrize("value", [-127.0, -127, 85.0, 85])
def test_what_a_lost_probe_says_is_marked(listener: Listener, value: float) -> None:
    outcome = listener.hear("tele/t/SENSOR", {"Time": "x", "DS18B20": {"Temperature": value}})
    assert outcome.heard[0].values[0].quality is Quality.ERROR_VALUE


def test_nothing_but_lost_values_is_refused_with_each_reason(listener: Listener) -> None:
    outcome = listener.hear("tele/t/SENSOR", {"AM2301": {"Temperature": None, "Humidity": None}})
    assert outcome.came is Came.REFUSED
    assert "AM2301.Temperature: null" in outcome.reason


@pytest.mark.parametrize("topic", ["tele/plug/LWT", "plug/tele/LWT"])
def test_the_last_will_says_whether_it_is_there(listener: Listener, topic: str) -> None:
    assert [listener.hear(topic, word).heard[0].available for word in ("Online", "Offline")] == [
        True,
        False,
    ]
    assert listener.hear(topic, "Maybe").came is Came.REFUSED


@pytest.mark.parametrize(
    ("topic", "payload", "values"),
    [
        ("stat/plug/POWER1", "OFF", {"POWER1": "off"}),
        ("stat/plug/RESULT", {"POWER": "ON"}, {"POWER": "on"}),
        ("stat/plug/RESULT", {"POWER2": "OFF"}, {"POWER2": "off"}),
        (
            "stat/plug/STATUS11",
            {"StatusSTS": {"POWER": "ON", "Wifi": {"RSSI": 70}}},
            {"POWER": "on"},
        ),
        ("stat/plug/RESULT", {"Switch1": {"Action": "ON"}}, {"Switch1": "on"}),
        (
            "tele/plug/STATE",
            {"POWER": "ON", "Dimmer": 50, "Color": "FF", "CT": 326},
            {"POWER": "on"},
        ),
    ],
)
def test_relays_and_inputs(
    listener: Listener, topic: str, payload: Any, values: dict[str, str]
) -> None:
    outcome = listener.hear(topic, payload)
    assert {value.field: value.value for value in outcome.heard[0].values} == values


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("cmnd/plug/POWER", "ON"),
        ("plug/cmnd/POWER", "TOGGLE"),
        ("cmnd/plug/Backlog", "x"),
        ("stat/plug/STATUS2", {"StatusFWR": {"Version": "13.1"}}),
        ("stat/plug/RESULT", {"TelePeriod": 60}),
        ("tele/plug/INFO2", {"Info2": {"IP": "10.0.0.1"}}),
        ("stat/plug/LOGGING", "12:00 MQT: x"),
        ("tele/plug/UPTIME", {"Uptime": "1T"}),
        ("tele/plug/SENSOR", ""),
        ("stat/plug/STATUS", {"Status": {"DeviceName": "Plug"}}),
    ],
)
def test_what_is_no_reading_is_named(listener: Listener, topic: str, payload: Any) -> None:
    outcome = listener.hear(topic, payload)
    assert outcome.came is Came.IGNORED
    assert outcome.reason


def test_its_discovery_teaches_a_topic_of_the_schools_own(listener: Listener) -> None:
    config = {
        "ip": "10.0.0.5",
        "dn": "Lamp",
        "fn": ["Lamp", None],
        "hn": "lamp-1",
        "mac": "AABBCCDDEEFF",
        "md": "Sonoff Basic",
        "t": "lamp",
        "ft": "haus/%topic%/%prefix%/",
        "sw": "13.1.0",
        "tp": ["befehl", "zustand", "werte"],
        "rl": [1],
        "ver": 1,
    }
    found = listener.hear("tasmota/discovery/AABBCCDDEEFF/config", config)
    assert found.came is Came.DISCOVERY
    assert found.heard[0].about["model"] == "Sonoff Basic"
    sensors = {"sn": {"Time": "x", "DS18B20": {"Temperature": 4.5}}, "ver": 1}
    again = listener.hear("tasmota/discovery/AABBCCDDEEFF/sensors", sensors)
    assert (again.came, again.heard[0].device) == (Came.DISCOVERY, "lamp")
    assert again.heard[0].passed == ("DS18B20.Temperature",)
    heard = listener.hear("haus/lamp/werte/SENSOR", {"DS18B20": {"Temperature": 4.5}})
    assert (heard.heard[0].device, heard.heard[0].values[0].value) == ("lamp", 4.5)
    assert listener.hear("haus/lamp/befehl/POWER", "ON").reason == "a command to a device"


def test_a_prefix_of_the_schools_own_is_known_by_its_json(listener: Listener) -> None:
    assert listener.values(
        "messwerte/keller/SENSOR", {"Time": "x", "AM2301": {"Humidity": 80}}
    ) == {"AM2301.Humidity": ("humidity", 80.0, "%")}


def test_zigbee_devices_behind_a_tasmota_are_devices_of_their_own(listener: Listener) -> None:
    said = {
        "ZbReceived": {
            "0x4773": {
                "Name": "Cold store",
                "Temperature": 3.1,
                "LinkQuality": 70,
                "BatteryPercentage": 66,
            }
        }
    }
    outcome = listener.hear("tele/zb/SENSOR", said)
    assert outcome.came is Came.READING
    device = outcome.heard[-1]
    assert (device.device, device.about["name"]) == ("zb/0x4773", "Cold store")
    assert device.values[0].value == 3.1
    assert signs(outcome) == {"LinkQuality": 70.0, "BatteryPercentage": 66.0}
