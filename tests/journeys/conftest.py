"""A whole simulated school that the journeys share, and MQTT by mosquitto's own tools."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Running


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`campus up --demo` at the real time; no journey that shares it may stop it."""
    running = Running(tmp_path_factory.mktemp("school"), "--demo")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def token(school: Running) -> str:
    """An administrator's API token of the shared school."""
    return school.token()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"
