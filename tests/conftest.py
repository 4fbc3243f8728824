"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

from devices.catalog import Site
from devices.sitefile import load_site
from tests.support.clock import FakeClock
from tests.support.sites import small_site

pytest_plugins = ("tests.support.browser",)
"""The real browser: fixtures `browser` and `page`."""

EXAMPLE = Path(__file__).parent.parent / "dashboard" / "example"


@pytest.fixture
def clock() -> FakeClock:
    """10:00 in Changzhou on a Tuesday in term."""
    return FakeClock()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A small school whose points have no drivers."""
    return small_site(tmp_path)


@pytest.fixture(scope="session")
def example_site() -> Site:
    """The complete example school that `campus init` writes and the demonstration runs."""
    return load_site(EXAMPLE / "campus.toml")
