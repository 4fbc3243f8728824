"""Drivers that ask equipment over the network, opened for one question."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, driver_options
from devices.model import Value
from tests.support.bench import Told


@contextmanager
def asking(driver: str, kind: str, **options: Any) -> Iterator[tuple[Driver, Told]]:
    """A started driver for a point of `kind`, and what it tells."""
    point = Point("test/point", kind, "pi", "room", "点", driver=driver, options=options)
    opened, told = DRIVERS[driver](point, driver_options(point)), Told()
    try:
        opened.start(told)
        yield opened, told
    finally:
        opened.close()


def values(driver: Driver) -> list[Value]:
    return [sample.value for sample in driver.sample()]
