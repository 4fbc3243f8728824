"""A registry finds its classes by itself and never overwrites."""

import subprocess
import sys

import pytest

from devices.driver import DRIVERS
from devices.registry import Registry


def test_a_name_that_is_taken_is_an_error() -> None:
    registry: Registry[object] = Registry("thing", "devices.drivers")
    registry.register("a")(int)
    with pytest.raises(TypeError, match="thing 'a' is both"):
        registry.register("a")(str)


def test_drivers_are_discovered_and_misspellings_answered() -> None:
    assert "contact" in DRIVERS
    assert DRIVERS.nearest("contct") == "contact"


def test_asking_for_one_driver_loads_that_one_alone() -> None:
    program = (
        "import sys\n"
        "from devices.driver import DRIVERS\n"
        "DRIVERS['contact']\n"
        "print(*(m for m in ('contact', 'wiegand', 'beacon') if f'devices.drivers.{m}' in "
        "sys.modules))\n"
        "print('wiegand' in DRIVERS, 'nothing' in DRIVERS, '../x' in DRIVERS, len(DRIVERS) > 5)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["contact", "True False False True"]
