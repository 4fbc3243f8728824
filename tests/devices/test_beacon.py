"""The beacon's pins follow its commands."""

import pytest

from devices.errors import DeviceError
from tests.support.bench import Lab

LAMP, BUZZER = 26, 19


def test_lamp_and_buzzer_follow_the_commands_and_each_state_is_told(lab: Lab) -> None:
    driver, told = lab.open("beacon")
    seen = []
    for state in ("on", "silent", "off"):
        driver.command("beacon", {"state": state})
        seen.append((lab.bench.output(LAMP), lab.bench.output(BUZZER)))
    assert seen == [(True, True), (True, False), (False, False)]
    assert told.values == ["off", "on", "silent", "off"]


def test_a_node_that_ends_leaves_no_siren_on(lab: Lab) -> None:
    driver, _ = lab.open("beacon")
    driver.command("beacon", {"state": "on"})
    driver.close()
    assert not lab.bench.output(LAMP)
    assert not lab.bench.output(BUZZER)
    with pytest.raises(DeviceError, match="not open"):
        driver.command("beacon", {"state": "on"})


@pytest.mark.parametrize(
    ("do", "args"), [("beacon", {"state": "loud"}), ("open", {}), ("beacon", {})]
)
def test_an_unknown_command_is_refused_with_what_it_can(
    lab: Lab, do: str, args: dict[str, str]
) -> None:
    driver, told = lab.open("beacon")
    with pytest.raises(DeviceError, match="on, silent, off"):
        driver.command(do, args)
    assert told.values == ["off"]


def test_a_board_that_switches_at_low_is_dark_while_its_pins_are_high(lab: Lab) -> None:
    driver, _ = lab.open("beacon", active_high=False)
    assert lab.bench.output(LAMP) and lab.bench.output(BUZZER)
    driver.command("beacon", {"state": "silent"})
    assert not lab.bench.output(LAMP)
    assert lab.bench.output(BUZZER)
