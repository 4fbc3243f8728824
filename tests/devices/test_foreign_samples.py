"""Recorded messages of real devices, each with what it has to come to."""

import json
from pathlib import Path
from typing import Any

import pytest

from devices.foreign.payload import MAX_STATE
from devices.foreign.said import Came
from tests.support.foreign import Listener, listener, signs

__all__ = ["listener"]

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "mqtt" / "samples.jsonl"
LINES = [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()]

_TEMPERATURE = "temperature"
EXPECTED: list[tuple[str, str, dict[str, tuple[str, Any]]]] = [
    ("reading", "sonoff_4ch", {f"POWER{n}": ("switch", "off") for n in (1, 2, 3, 4)}),
    ("reading", "sonoff", {"DS18x20.DS1.Temperature": (_TEMPERATURE, 12.2)}),
    (
        "reading",
        "sonoff5",
        {"AM2301-14.Temperature": (_TEMPERATURE, 21.6), "AM2301-14.Humidity": ("humidity", 54.7)},
    ),
    ("ignored", "SonoffPOW", {}),
    ("ignored", "SonoffPOW", {}),
    (
        "reading",
        "sonoff_4ch",
        {
            "ENERGY.Total": ("energy", 1.753),
            "ENERGY.Power": ("power", 3.0),
            "ENERGY.Factor": ("power_factor", 0.12),
            "ENERGY.Voltage": ("voltage", 221.0),
            "ENERGY.Current": ("current", 0.097),
        },
    ),
    ("reading", "sonoff1", {"DS18B20.Temperature": (_TEMPERATURE, 0.0)}),
    ("reading", "/ESP_BOX/BM280", {"Pressure": ("pressure", 1010.09)}),
    ("reading", "/ESP_BOX/BM280", {"Approx. Altitude": ("number", 24.0)}),
    (
        "reading",
        "tasmota_BMP280",
        {
            "BMP280.Temperature": (_TEMPERATURE, 28.52),
            "BMP280.Pressure": ("pressure", pytest.approx(1004.3175)),
        },
    ),
    ("reading", "sonoff", {"POWER": ("switch", "on")}),
    ("ignored", "", {}),
    (
        "reading",
        "HomeMonitor",
        {"Temperature": (_TEMPERATURE, 20.0), "Humidity": ("humidity", 16.0)},
    ),
    ("reading", "tasmota_0912A7", {"POWER": ("switch", "on")}),
    (
        "reading",
        "tasmota-device-topic",
        {
            "DS18B20-1.Temperature": (_TEMPERATURE, 13.3),
            "DS18B20-2.Temperature": (_TEMPERATURE, 1.2),
            "DS18B20-3.Temperature": (_TEMPERATURE, 22.5),
        },
    ),
    (
        "reading",
        "tasmota-device-topic",
        {"SI7021.Temperature": (_TEMPERATURE, 17.5), "SI7021.Humidity": ("humidity", 55.8)},
    ),
    (
        "reading",
        "tasmota-device-topic",
        {"AM2301.Humidity": ("humidity", 65.0), "AM2301.Temperature": (_TEMPERATURE, 23.0)},
    ),
    (
        "reading",
        "0x00158d00033e88d5",
        {"humidity": ("humidity", 86.0), "battery": ("battery", 59.0)},
    ),
    ("reading", "0x00158d00033e88d1", {"action": ("action", "2_double")}),
    ("ignored", "", {}),
    ("refused", "", {}),
    ("ignored", "", {}),
    (
        "reading",
        "0x00157d00032b1234",
        {"temperature": (_TEMPERATURE, 26.24), "humidity": ("humidity", 45.37)},
    ),
    ("reading", "room", {"sensor/temperature": (_TEMPERATURE, 20.0)}),
    ("reading", "room", {"emeter/0/power": ("power", 1.0)}),
    ("reading", "esphome/outdoor", {"sensor/temperature": (_TEMPERATURE, 20.0)}),
    ("reading", "esphome/outdoor", {"binary_sensor/sunlight": ("binary", "on")}),
    (
        "reading",
        "balcony",
        {
            "DS18B20-1.Temperature": (_TEMPERATURE, 15.9),
            "DS18B20-2.Temperature": (_TEMPERATURE, 6.9),
        },
    ),
    ("reading", "tasmota_49A3BC", {"DS18B20.Temperature": (_TEMPERATURE, 23.4)}),
]


def test_every_sample_has_its_expectation() -> None:
    assert len(LINES) == len(EXPECTED) == 29


@pytest.mark.parametrize("number", range(len(EXPECTED)), ids=[line["topic"] for line in LINES])
def test_a_recorded_message_comes_to_what_it_should(listener: Listener, number: int) -> None:
    line, (came, device, values) = LINES[number], EXPECTED[number]
    outcome = listener.hear(line["topic"], line["payload"])
    assert outcome.came == came
    assert (outcome.heard[0].device if outcome.heard else "") == device
    heard = {v.field: (v.quantity, v.value) for each in outcome.heard for v in each.values}
    assert heard == values
    assert outcome.reason or outcome.came is Came.READING


def test_the_chip_of_an_esp32_and_the_dew_point_are_no_temperature_of_a_room(
    listener: Listener,
) -> None:
    outcome = listener.hear(LINES[15]["topic"], LINES[15]["payload"])
    assert signs(outcome) == {"ESP32.Temperature": 55.6}
    assert outcome.heard[0].passed == ("SI7021.DewPoint",)


def test_each_probe_keeps_the_number_of_its_own(listener: Listener) -> None:
    outcome = listener.hear(LINES[14]["topic"], LINES[14]["payload"])
    probes = {value.field: value.sensor for value in outcome.heard[0].values}
    assert probes["DS18B20-2.Temperature"] == "0000059352D4"


@pytest.mark.parametrize("line", LINES, ids=[line["topic"] for line in LINES])
@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"x" * (MAX_STATE * 40),
        b"\0",
        b"nan",
        b'{"Temperature":' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b'"',
        b'{"Time":"x","A":nan',
        b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(5000)) + b"}",
    ],
    ids=[
        "bytes",
        "deep list",
        "deep object",
        "huge",
        "zero",
        "nan",
        "digits",
        "list",
        "null",
        "quote",
        "cut",
        "wide",
    ],
)
def test_a_hostile_payload_on_a_known_topic_ends_with_a_reason(
    listener: Listener, line: dict[str, str], payload: bytes
) -> None:
    outcome = listener.hear(line["topic"], payload)
    assert outcome.came in (Came.REFUSED, Came.IGNORED)
    assert outcome.reason
