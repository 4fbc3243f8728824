"""Whatever comes on whatever topic: always an end with its reason, never an exception."""

import json
import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.foreign.haentities import TemplateError
from devices.foreign.interpreter import Interpreter
from devices.foreign.said import Came, Outcome


class PlainTemplates:
    """Stands in for the sandbox's process: answers what hypothesis could make it answer."""

    def render(self, template: str, text: str, json: Any, has_json: bool) -> str:
        if "x" in template:
            raise TemplateError("refused")
        return text


WORDS = st.sampled_from(
    ["Temperature", "temperature", "SENSOR", "STATE", "StatusSNS", "StatusSTS", "ENERGY", "Power",
     "POWER1", "Wifi", "ZbReceived", "state", "contact", "action", "method", "NotifyStatus",
     "NotifyEvent", "params", "events", "component", "switch:0", "temperature:0", "tC", "battery",
     "em:0", "dev", "ids", "cmps", "p", "sensor", "stat_t", "~", "avty", "avty_t", "val_tpl",
     "t", "tp", "ft", "sn", "friendly_name", "definition", "exposes", "property", "name", "type",
     "TempUnit", "F", "°C", "mmHg", "online", "ON", "nan", "data", "climate", "curr_temp_t"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    WORDS, st.text(max_size=8),
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(WORDS, st.text(max_size=6)), inner,
                                                     max_size=6),
    ),
    max_leaves=30,
)  # fmt: skip
PAYLOADS = st.one_of(
    TREES.map(lambda tree: json.dumps(tree).encode()), st.binary(max_size=60),
    WORDS.map(str.encode), st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
    TREES.map(lambda tree: json.dumps(tree).replace("null", "nan").encode()),
)  # fmt: skip
TOPICS = st.one_of(
    st.sampled_from(
        ["tele/a/SENSOR", "a/tele/STATE", "stat/a/STATUS8", "stat/a/RESULT", "stat/a/POWER",
         "tele/a/LWT", "cmnd/a/POWER", "tasmota/discovery/AA/config", "x/y/SENSOR",
         "tasmota/discovery/AA/sensors", "zigbee2mqtt/a", "zigbee2mqtt/a/availability",
         "zigbee2mqtt/a/temperature", "zigbee2mqtt/bridge/devices", "zigbee2mqtt/bridge/groups",
         "zigbee2mqtt/bridge/event", "zigbee2mqtt/bridge/state", "shellies/a/relay/0",
         "shellies/a/info", "shellies/a/status", "shellies/announce", "shellies/a/input_event/0",
         "shellyplus1-aabbccddeeff/status/switch:0", "b/events/rpc", "b/status/em:0", "b/online",
         "b/status/temperature:0", "c/sensor/temperature/state", "c/status", "d/e/Pressure",
         "homeassistant/sensor/a/config", "homeassistant/device/a/config", "ON", "online",
         "homeassistant/climate/a/config", "homeassistant/binary_sensor/n/a/config"]
    ),
    st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=5).map("/".join),
)  # fmt: skip


def is_sound(outcome: Outcome) -> bool:
    values = [value for heard in outcome.heard for value in heard.values]
    numbers = [v.value for v in values if not isinstance(v.value, str)]
    return (
        outcome.came in Came
        and (bool(values) if outcome.came is Came.READING else bool(outcome.reason))
        and all(math.isfinite(number) for number in numbers)
    )


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(TOPICS, PAYLOADS), max_size=6))
def test_any_messages_in_any_order(messages: list[tuple[str, bytes]]) -> None:
    interpreter = Interpreter(PlainTemplates())
    for topic, payload in messages:
        outcome = interpreter.hear(topic, payload)
        assert is_sound(outcome), (topic, payload, outcome)


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=0, max_value=3), st.sampled_from('[{"\\na1,:'), st.integers(1, 4))
def test_long_runs_of_one_sign_take_no_longer_than_they_are_long(
    kind: int, sign: str, doublings: int
) -> None:
    topic = ("tele/a/SENSOR", "zigbee2mqtt/a", "b/status/switch:0", "homeassistant/sensor/a/config")
    payload = (sign * 4000 * 2**doublings).encode()
    outcome = Interpreter(PlainTemplates()).hear(topic[kind], payload)
    assert outcome.came in (Came.REFUSED, Came.IGNORED)
