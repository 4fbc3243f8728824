"""Switches, printers and power supplies by SNMP: Debian's snmpd, and an agent of our own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.drivers import mibs
from devices.errors import DeviceError
from devices.simulation.agents import (
    COUNTER32,
    COUNTER64,
    TICKS,
    PretendAgent,
    Typed,
    printer,
    switch,
    ups,
)
from tests.support.networked import asking, values
from tests.support.snmpd import real_agent

OVERRIDES = """\
override 1.3.6.1.2.1.33.1.4.1.0 integer 5
override 1.3.6.1.2.1.33.1.2.2.0 integer 61
override 1.3.6.1.2.1.33.1.2.4.0 integer 83
override 1.3.6.1.2.1.33.1.2.3.0 integer 27
"""


@pytest.fixture
def agent() -> Iterator[PretendAgent]:
    agent = PretendAgent(0, {})
    agent.start()
    yield agent
    agent.close()


def at(agent: PretendAgent) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": agent.port, "timeout_s": 2.0}


def one(agent: PretendAgent, kind: str, **options: object) -> object:
    with asking("snmp", kind, **at(agent), **options) as (driver, _):
        return values(driver)[0]


# --- a real agent ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    with real_agent(tmp_path_factory.mktemp("snmpd"), OVERRIDES) as port:
        yield {"host": "127.0.0.1", "port": port, "timeout_s": 4.0}


def test_a_real_agent_tells_of_its_interface_and_uptime(real: dict[str, object]) -> None:
    with asking("snmp", "link", interface="lo", **real) as (_driver, told):
        assert told.values == ["up"]
    with asking("snmp", "uptime", **real) as (driver, _):
        assert 0 <= float(values(driver)[0]) < 1
    with asking("snmp", "traffic", interface="lo", **real) as (driver, told):
        assert told.values == []
        for _ in range(40):
            if found := values(driver):  # its uptime counts in hundredths of a second
                break
        assert float(found[0]) >= 0


def test_a_real_agent_tells_of_a_ups_on_battery(real: dict[str, object]) -> None:
    for kind, value in (("ups", "battery"), ("battery-charge", 83.0), ("ups-runtime", 27.0)):
        with asking("snmp", kind, **real) as (driver, _):
            assert values(driver) == [value]


@pytest.mark.parametrize(
    ("user", "authentication", "privacy"), [("watcher", "sha256", "aes"), ("plain", "md5", "")]
)
def test_version_3_with_and_without_encryption(
    real: dict[str, object], monkeypatch: pytest.MonkeyPatch,
    user: str, authentication: str, privacy: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("SNMP_PASSWORD", "a long password")
    monkeypatch.setenv("SNMP_SECRET", "another password")
    more = {"privacy": privacy, "privacy_password": "env:SNMP_SECRET"} if privacy else {}
    with asking(
        "snmp", "battery-charge", user=user, authentication=authentication,
        password="env:SNMP_PASSWORD", **more, **real,
    ) as (driver, _):  # fmt: skip
        assert values(driver) == [83.0]


@pytest.mark.parametrize("user", ["watcher", "stranger"])
def test_a_wrong_user_or_password_of_version_3_is_told(
    real: dict[str, object], monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    monkeypatch.setenv("SNMP_PASSWORD", "not the password")
    with (
        pytest.raises(DeviceError, match=r"lets nobody in.*check user") as raised,
        asking(
            "snmp",
            "ups",
            user=user,
            authentication="sha256",
            password="env:SNMP_PASSWORD",
            **real,
        ),
    ):
        pass
    assert "not the password" not in str(raised.value)


def test_a_wrong_community_is_told_with_the_remedy(
    real: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNMP_COMMUNITY", "wrong")
    with (
        pytest.raises(DeviceError, match=f"127.0.0.1:{real['port']} does not answer.*community"),
        asking("snmp", "ups", community="env:SNMP_COMMUNITY", **(real | {"timeout_s": 0.4})),
    ):
        pass


# --- switches ----------------------------------------------------------------------------------


def test_an_interface_is_found_by_name_description_or_number(agent: PretendAgent) -> None:
    agent.objects = switch()
    agent.objects[(*mibs.IF_OPERATION, 2)] = 2
    for name in ("port-2", "interface 2", "2"):
        assert one(agent, "link", interface=name) == "down"
    assert one(agent, "link", interface="uplink") == "up"


def test_an_interface_that_is_not_there_is_named_with_those_that_are(agent: PretendAgent) -> None:
    agent.objects = switch()
    with (
        pytest.raises(DeviceError, match=r"no interface 'port-9': it has .*port-2"),
        asking("snmp", "link", interface="port-9", **at(agent)),
    ):
        pass


def test_an_interface_switched_off_on_purpose_says_so(agent: PretendAgent) -> None:
    agent.objects = switch()
    agent.objects |= {(*mibs.IF_OPERATION, 3): 2, (*mibs.IF_ADMINISTRATION, 3): 2}
    with asking("snmp", "link", interface="port-3", **at(agent)) as (_driver, told):
        assert told.samples[0].detail == {"switched_off": True}


def counted(agent: PretendAgent, kind: str, seconds: float, *values: int) -> None:
    columns = mibs.IF_ERRORS if kind == "interface-errors" else mibs.IF_OCTETS
    agent.objects[mibs.UPTIME] = Typed(TICKS, round(100 * seconds))
    for column, value in zip(columns, values, strict=True):
        agent.objects[(*column, 1)] = Typed(COUNTER32, value)


def test_errors_a_minute_also_when_a_counter_wraps(agent: PretendAgent) -> None:
    agent.objects = switch()
    counted(agent, "interface-errors", 1000, 2**32 - 5, 10)
    with asking("snmp", "interface-errors", interface="uplink", **at(agent)) as (driver, told):
        assert told.values == []
        counted(agent, "interface-errors", 1120, 7, 20)
        assert values(driver) == [11.0]


def test_after_a_restart_of_the_switch_one_reading_is_left_out(agent: PretendAgent) -> None:
    agent.objects = switch()
    counted(agent, "interface-errors", 1000, 500, 500)
    with asking("snmp", "interface-errors", interface="uplink", **at(agent)) as (driver, _):
        counted(agent, "interface-errors", 30, 2, 0)
        assert values(driver) == []
        counted(agent, "interface-errors", 90, 4, 0)
        assert values(driver) == [2.0]


def test_counters_that_somebody_cleared_are_no_wrap(agent: PretendAgent) -> None:
    agent.objects = switch()
    counted(agent, "interface-errors", 1000, 900, 0)
    with asking("snmp", "interface-errors", interface="uplink", **at(agent)) as (driver, _):
        counted(agent, "interface-errors", 1060, 1, 0)
        assert values(driver) == []


def test_traffic_prefers_counters_of_64_bits(agent: PretendAgent) -> None:
    agent.objects = switch()
    counted(agent, "traffic", 1000, 2**32 - 1_000_000, 0)
    with asking("snmp", "traffic", interface="uplink", **at(agent)) as (driver, _):
        counted(agent, "traffic", 1010, 1_500_000, 0)
        assert values(driver) == [pytest.approx(2.0)]
    wide = [(*column, 1) for column in mibs.IF_OCTETS_64]
    agent.objects |= {column: Typed(COUNTER64, 2**40) for column in wide}
    with asking("snmp", "traffic", interface="uplink", **at(agent)) as (driver, _):
        agent.objects[mibs.UPTIME] = Typed(TICKS, 102_000)
        agent.objects[wide[0]] = Typed(COUNTER64, 2**40 + 10**10)
        assert values(driver) == [pytest.approx(8000.0)]


# --- printers and power supplies ---------------------------------------------------------------


def test_the_emptiest_supply_is_told_with_its_name(agent: PretendAgent) -> None:
    agent.objects = printer(black=62)
    with asking("snmp", "supply-level", **at(agent)) as (driver, _):
        (sample,) = driver.sample()
        assert (sample.value, sample.detail) == (62.0, {"supply": "Black Toner Cartridge"})
    assert one(agent, "page-count") == 20481.0


def test_a_supply_that_does_not_tell_its_level_is_named(agent: PretendAgent) -> None:
    agent.objects = printer()
    with (
        pytest.raises(DeviceError, match=r"no supply like 'drum'.*Black Toner Cartridge"),
        asking("snmp", "supply-level", supply="Drum", **at(agent)),
    ):
        pass


@pytest.mark.parametrize(
    ("state", "word", "problems"),
    [
        (b"\x00\x00", "ok", ""), (b"\x00", "ok", ""), (b"\x20\x00", "warning", "low-toner"),
        (b"\x44", "error", "no-paper jammed"), (b"\x00\x02", "warning", "maintenance-overdue"),
    ],
)  # fmt: skip
def test_what_a_printer_finds_wrong(
    agent: PretendAgent, state: bytes, word: str, problems: str
) -> None:
    agent.objects = printer() | {mibs.PRINTER_ERRORS: state}
    with asking("snmp", "self-check", **at(agent)) as (driver, _):
        (sample,) = driver.sample()
        assert (sample.value, sample.detail["problems"]) == (word, problems)


def test_a_ups_tells_what_it_lives_on_and_for_how_long(agent: PretendAgent) -> None:
    agent.objects = ups(charge=88, minutes=42, load=31)
    found = {kind: one(agent, kind) for kind in ("ups", "battery-charge", "ups-runtime", "ups-load",
                                                 "voltage", "self-check")}  # fmt: skip
    assert found == {
        "ups": "mains", "battery-charge": 88.0, "ups-runtime": 42.0, "ups-load": 31.0,
        "voltage": 227.0, "self-check": "ok",
    }  # fmt: skip
    agent.objects |= {mibs.UPS_SOURCE: 5, mibs.UPS_BATTERY: 3}
    assert one(agent, "ups") == "battery"
    assert one(agent, "self-check") == "error"


def test_a_device_of_another_kind_is_named(agent: PretendAgent) -> None:
    agent.objects = switch()
    with (
        pytest.raises(DeviceError, match=r"does not tell a charge.*not a device for kind battery"),
        asking("snmp", "battery-charge", **at(agent)),
    ):
        pass


def test_one_that_falls_silent_is_a_fault_and_comes_back(agent: PretendAgent) -> None:
    agent.objects = ups()
    with asking("snmp", "ups", **(at(agent) | {"timeout_s": 0.3})) as (driver, _):
        agent.close()
        with pytest.raises(DeviceError, match=r"does not answer"):
            values(driver)
        agent.start()
        assert values(driver) == ["mains"]


def test_a_missing_library_is_named_with_the_command(tmp_path: Path) -> None:
    """In a process of its own, in which pysnmp cannot be found."""
    (tmp_path / "pysnmp.py").write_text("raise ImportError('not installed')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from devices.drivers.snmpagent import Credentials, SnmpAgent\n"
        "SnmpAgent('127.0.0.1', 161, Credentials('public'), 1.0)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'campus-monitor[network]'" in ran.stderr
