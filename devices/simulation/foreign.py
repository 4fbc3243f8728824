"""A few devices of other makers as they speak on MQTT, for the demonstration; pure."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

Said = tuple[str, Any, bool]
"""Topic, payload (text, or what is sent as JSON), and whether it is retained."""
EVERY_S = 20


def greetings() -> Iterator[Said]:
    """What the devices tell of themselves when they start."""
    yield "tele/tasmota-yinshuiji/LWT", "Online", True
    yield "tasmota/discovery/5CCF7F8DED5E/config", {
        "dn": "饮水机插座", "fn": ["饮水机插座"], "hn": "tasmota-yinshuiji", "mac": "5CCF7F8DED5E",
        "md": "Athom Plug V2", "t": "tasmota-yinshuiji", "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"], "sw": "13.4.0", "ver": 1,
    }, True  # fmt: skip
    yield "zigbee2mqtt/bridge/devices", [{
        "ieee_address": "0x00158d00053c6f1a", "friendly_name": "阅览室温湿度", "type": "EndDevice",
        "definition": {"model": "WSDCGQ11LM", "vendor": "Aqara", "exposes": [
            {"name": "temperature", "property": "temperature", "unit": "°C"},
            {"name": "humidity", "property": "humidity", "unit": "%"},
            {"name": "pressure", "property": "pressure", "unit": "hPa"},
        ]},
    }], True  # fmt: skip
    yield "zigbee2mqtt/阅览室温湿度/availability", {"state": "online"}, True
    yield "shellies/announce", {"id": "shellydw2-9A1C", "model": "SHDW-2", "fw_ver": "1.14"}, False
    yield "homeassistant/sensor/lab_co2/co2/config", {
        "~": "lab/co2", "name": "CO2", "stat_t": "~/state", "val_tpl": "{{ value_json.co2 }}",
        "unit_of_meas": "ppm", "dev_cla": "carbon_dioxide", "avty_t": "~/there", "exp_aft": 180,
        "dev": {"ids": "lab-co2-1", "name": "实验室 CO₂", "mdl": "SCD40", "mf": "自制"},
    }, True  # fmt: skip
    yield "lab/co2/there", "online", True


def speaks(now: datetime) -> Iterator[Said]:
    """What they say at `now`: slow waves, so that a chart of them looks like something."""
    hour = now.timestamp() / 3600
    wave, slow = math.sin(hour * 2), math.sin(hour / 3)
    yield "tele/tasmota-yinshuiji/SENSOR", {
        "Time": f"{now:%Y-%m-%dT%H:%M:%S}",
        "ENERGY": {"Total": round(1200 + hour % 1000, 3), "Power": round(max(0.0, 900 * wave), 1),
                   "Voltage": 229 + round(slow), "Current": round(max(0.0, 4 * wave), 2)},
        "ESP32": {"Temperature": 51.2},
    }, False  # fmt: skip
    yield (
        "tele/tasmota-yinshuiji/STATE",
        {"POWER": "ON", "Wifi": {"RSSI": 72, "Signal": -64}},
        False,
    )
    yield "zigbee2mqtt/阅览室温湿度", {
        "temperature": round(22 + slow, 2), "humidity": round(48 + 6 * wave, 2),
        "pressure": round(1014 + slow, 1), "battery": 91, "voltage": 3015, "linkquality": 118,
    }, False  # fmt: skip
    yield "shellies/shellydw2-9A1C/sensor/state", "close" if wave > -0.9 else "open", False
    yield "shellies/shellydw2-9A1C/sensor/battery", "77", False
    yield "lab/co2/state", {"co2": round(620 + 140 * wave)}, False
    yield "/ESP_BOX/BMP280/Pressure", f"{1013 + slow:.2f}", False
