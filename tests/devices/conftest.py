"""A bench of mock hardware for the drivers' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    lab.install()
    yield lab
    lab.close()
