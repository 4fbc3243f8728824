"""Home Assistant discovery: both forms, abbreviations, availability, templates."""

from typing import Any

import pytest

from devices.foreign.said import Came
from tests.support.foreign import Listener, dropped, listener, signs

__all__ = ["listener"]


def test_the_single_component_form_with_abbreviations_and_a_base_topic(
    listener: Listener,
) -> None:
    found = listener.discover(
        "sensor/fridge/temp",
        **{"~": "home/fridge"},
        stat_t="~/state",
        unit_of_meas="°F",
        val_tpl="{{ value_json.t }}",
        dev_cla="temperature",
        uniq_id="u1",
        exp_aft=120,
        dev={"ids": ["f1"], "name": "Fridge", "mdl": "F9", "mf": "ACME", "sa": "Kitchen"},
    )
    assert found.came is Came.DISCOVERY
    (device,) = found.heard
    assert (device.device, device.passed) == ("f1", ("temp",))
    assert device.about == {"name": "Fridge", "model": "F9", "maker": "ACME", "place": "Kitchen"}
    outcome = listener.hear("home/fridge/state", {"t": 41})
    assert outcome.heard[0].values[0].value == 5.0
    assert outcome.heard[0].expires == 120.0


def test_the_device_form_shares_settings_and_takes_components_back(listener: Listener) -> None:
    sensor = {"p": "sensor", "device_class": "temperature", "unit_of_measurement": "°C"}
    damp = {
        "p": "sensor",
        "dev_cla": "humidity",
        "unit_of_meas": "%",
        "stat_t": "other/state",
        "val_tpl": "{{ value_json.h }}",
    }
    config: dict[str, Any] = {
        "dev": {"ids": "ea334450945afc", "name": "Hall"},
        "o": {"name": "x"},
        "stat_t": "hall/state",
        "cmps": {
            "t": {**sensor, "val_tpl": "{{ value_json.t }}"},
            "h": damp,
            "b": {"p": "button", "cmd_t": "x"},
        },
    }
    assert listener.discover("device/0AFFD2", **config).heard[0].passed == ("t", "h")
    assert listener.values("hall/state", {"t": 21.5}) == {"t": ("temperature", 21.5, "°C")}
    assert listener.values("other/state", {"h": 50}) == {"h": ("humidity", 50.0, "%")}
    config["cmps"]["h"] = {"p": "sensor"}
    listener.discover("device/0AFFD2", **config)
    assert listener.values("other/state", {"h": 50}) == {}
    assert listener.hear("homeassistant/device/0AFFD2/config", "").came is Came.IGNORED
    assert listener.values("hall/state", {"t": 21.5}) == {}


@pytest.mark.parametrize(
    ("config", "payload", "value"),
    [
        ({"dev_cla": "temperature", "unit_of_meas": "K"}, "293.15", ("temperature", 20.0, "°C")),
        ({"dev_cla": "power", "unit_of_meas": "kW"}, "1.5", ("power", 1500.0, "W")),
        ({"dev_cla": "energy", "unit_of_meas": "Wh"}, "1500", ("energy", 1.5, "kWh")),
        ({"dev_cla": "pressure", "unit_of_meas": "psi"}, "14.5", ("pressure", 999.739808, "hPa")),
        (
            {"dev_cla": "atmospheric_pressure", "unit_of_meas": "mmHg"},
            "760",
            ("pressure", 1013.250144, "hPa"),
        ),
        ({"dev_cla": "voltage", "unit_of_meas": "mV"}, "3300", ("voltage", 3.3, "V")),
        ({"dev_cla": "current", "unit_of_meas": "mA"}, "250", ("current", 0.25, "A")),
        ({"dev_cla": "carbon_dioxide", "unit_of_meas": "ppm"}, "812", ("co2", 812.0, "ppm")),
        ({"dev_cla": "humidity"}, "51", ("humidity", 51.0, "%")),
        ({"unit_of_meas": "°C", "name": "Room"}, "21", ("temperature", 21.0, "°C")),
        ({"unit_of_meas": "L/min", "name": "Flow"}, "3", ("number", 3.0, "L/min")),
    ],
)
def test_classes_and_units(
    listener: Listener, config: dict[str, str], payload: str, value: tuple[str, float, str]
) -> None:
    listener.discover("sensor/x/a", state_topic="a", **config)
    assert listener.values("a", payload) == {"a": value}


@pytest.mark.parametrize(
    ("config", "payload", "value"),
    [
        ({"dev_cla": "door"}, "ON", ("contact", "open")),
        ({"dev_cla": "window", "pl_on": "offen", "pl_off": "zu"}, "zu", ("contact", "closed")),
        ({"dev_cla": "moisture", "pl_on": "1", "pl_off": "0"}, "1", ("leak", "wet")),
        ({"dev_cla": "moisture", "pl_on": 1, "pl_off": 0}, "0", ("leak", "dry")),
        ({"dev_cla": "motion"}, "OFF", ("motion", "clear")),
        (
            {"pl_on": True, "pl_off": False, "val_tpl": "{{ value_json.on }}"},
            '{"on":true}',
            ("binary", "on"),
        ),
    ],
)
def test_two_states_by_the_payloads_that_are_declared(
    listener: Listener, config: dict[str, Any], payload: str, value: tuple[str, str]
) -> None:
    listener.discover("binary_sensor/x/b", state_topic="b/x", **config)
    outcome = listener.hear("b/x", payload)
    assert [(v.quantity, v.value) for v in outcome.heard[0].values] == [value]
    assert listener.hear("b/x", "perhaps").came is Came.REFUSED


def test_a_temperature_without_a_unit_is_refused(listener: Listener) -> None:
    listener.discover("sensor/x/a", state_topic="a/b", dev_cla="temperature")
    assert dropped(listener.hear("a/b", "21")) == {"a": "its discovery declares no unit"}


@pytest.mark.parametrize(
    "word", ["unavailable", "unknown", "None", "nan", "null", "inf", "-Infinity"]
)
def test_words_without_a_value_are_dropped(listener: Listener, word: str) -> None:
    listener.discover("sensor/x/a", state_topic="a/b", dev_cla="humidity", unit_of_meas="%")
    assert listener.hear("a/b", word).came is Came.REFUSED


def test_diagnostics_are_health(listener: Listener) -> None:
    listener.discover(
        "sensor/x/chip",
        state_topic="a/b",
        dev_cla="temperature",
        unit_of_meas="°C",
        ent_cat="diagnostic",
    )
    assert signs(listener.hear("a/b", "48.5")) == {"chip": 48.5}


def test_availability_by_one_topic_with_payloads_of_its_own(listener: Listener) -> None:
    listener.discover(
        "sensor/x/a",
        state_topic="a/b",
        dev_cla="humidity",
        unit_of_meas="%",
        avty_t="a/there",
        pl_avail="yes",
        pl_not_avail="no",
    )
    said = [listener.hear("a/there", word) for word in ("yes", "no", "maybe")]
    assert [[each.available for each in one.heard] for one in said] == [[True], [False], []]


@pytest.mark.parametrize(
    ("mode", "said", "there"),
    [
        ("all", "AB", True),
        ("all", "Ab", False),
        ("all", "A", None),
        ("all", "b", False),
        ("any", "A", True),
        ("any", "ab", False),
        ("any", "Ab", True),
        ("any", "a", None),
        ("latest", "Ab", False),
        ("latest", "bA", True),
        ("", "aB", True),
    ],
)
def test_availability_by_several_topics(
    listener: Listener, mode: str, said: str, there: bool | None
) -> None:
    """A capital letter: that topic says online; a small one: offline."""
    topics = [{"t": "a/1"}, {"topic": "a/2", "val_tpl": "{{ value_json.state }}"}]
    extra = {"avty_mode": mode} if mode else {}
    listener.discover("sensor/x/a", state_topic="a/b", dev_cla="humidity", avty=topics, **extra)
    last = None
    for letter in said:
        word = "online" if letter.isupper() else "offline"
        one = letter.lower() == "a"
        last = listener.hear("a/1" if one else "a/2", word if one else {"state": word})
    assert last is not None
    assert [heard.available for heard in last.heard if heard.family == "ha-discovery"] == [there]


@pytest.mark.parametrize(
    ("topic", "config", "reason"),
    [
        ("sensor/a", {}, "no state_topic"),
        ("sensor/a", {"stat_t": "a/#"}, "is no topic"),
        ("sensor/a", {"stat_t": 5}, "is no topic"),
        ("sensor/a", {"stat_t": "a", "val_tpl": "x" * 5000}, "over 4,096 characters"),
        ("sensor/a", {"stat_t": "a", "val_tpl": 5}, "is no template"),
        ("sensor/a", {"stat_t": "a", "exp_aft": "soon"}, "no number of seconds"),
        ("sensor/a", {"stat_t": "a", "dev_cla": []}, "is no text"),
        ("device/a", {}, "without `components`"),
        ("device/a", {"cmps": {"x": 5}}, "is not an object"),
        ("device/a", {"cmps": {"x": {"stat_t": "a"}}}, "has no platform"),
        ("sensor/a/b/c/d", {"stat_t": "a"}, "not a discovery topic"),
    ],
)
def test_a_discovery_with_a_mistake_is_refused(
    listener: Listener, topic: str, config: dict[str, Any], reason: str
) -> None:
    outcome = listener.discover(topic, **config)
    assert outcome.came is Came.REFUSED
    assert reason in outcome.reason


def test_what_is_no_sensor_is_named(listener: Listener) -> None:
    outcome = listener.discover("light/a", cmd_t="x", stat_t="y")
    assert outcome.reason == "a discovery of what is no sensor: light a"


def test_our_own_nodes_are_not_found(listener: Listener) -> None:
    outcome = listener.discover("sensor/a", stat_t="campus/v1/node/pi/state/x")
    assert outcome.came is Came.IGNORED


def test_a_device_that_speaks_for_itself_is_not_listed_twice(listener: Listener) -> None:
    outcome = listener.discover(
        "sensor/0x1/temperature",
        stat_t="zigbee2mqtt/0x1",
        dev_cla="temperature",
        unit_of_meas="°C",
        val_tpl="{{ value_json.temperature }}",
    )
    assert (outcome.came, outcome.heard) == (Came.DISCOVERY, ())
    assert listener.hear("zigbee2mqtt/0x1", {"temperature": 5}).heard[0].family == "zigbee2mqtt"


def test_discovery_tells_the_unit_of_an_esphome(listener: Listener) -> None:
    listener.discover(
        "sensor/lab/room_temperature",
        dev_cla="temperature",
        unit_of_meas="°F",
        stat_t="lab/sensor/room_temperature/state",
        dev={"ids": "lab1"},
    )
    outcome = listener.hear("lab/sensor/room_temperature/state", "68")
    assert (outcome.heard[0].device, outcome.heard[0].values[0].value) == ("lab1", 20.0)


def test_a_climate_gives_the_temperature_it_measures(listener: Listener) -> None:
    listener.discover("climate/hvac", curr_temp_t="h/now", temp_stat_t="h/wanted", temp_unit="F")
    assert listener.values("h/now", "68") == {
        "hvac.current_temperature": ("temperature", 20.0, "°C")
    }
    assert listener.hear("h/wanted", "70").heard[0].values[0].quantity == "number"
