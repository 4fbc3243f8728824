"""A dashboard for each test, at 10:00 on a school day."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.catalog import Site
from tests.support.clock import FakeClock
from tests.support.dashboards import Dashboard


@pytest.fixture
def dashboard(tmp_path: Path, site: Site, clock: FakeClock) -> Iterator[Dashboard]:
    dashboard = Dashboard(tmp_path, site, clock)
    yield dashboard
    dashboard.close()
