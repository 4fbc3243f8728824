"""A registry finds its classes by itself and never overwrites."""

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
