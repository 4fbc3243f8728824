"""The alarm engine for each test, at 10:00 on a school day, or at night."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.catalog import Site
from tests.support.clock import FakeClock
from tests.support.watch import Watch


@pytest.fixture
def watch(tmp_path: Path, site: Site, clock: FakeClock) -> Iterator[Watch]:
    watch = Watch(tmp_path, site, clock)
    yield watch
    watch.close()


@pytest.fixture
def night(tmp_path: Path, site: Site, clock: FakeClock) -> Iterator[Watch]:
    """21:40, when the gates are to be closed."""
    clock.set("2026-11-24T21:40:00+08:00")
    watch = Watch(tmp_path, site, clock)
    yield watch
    watch.close()
