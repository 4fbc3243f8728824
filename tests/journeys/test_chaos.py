"""The short form of `benchmarks/chaos.py`: each mishap once or twice, and nothing is lost."""

from pathlib import Path

import pytest

from benchmarks.chaos import run


@pytest.mark.parametrize("kind", ["sqlite", "influx"])
def test_whatever_is_killed_cut_or_full_every_committed_reading_is_stored_once(
    kind: str, tmp_path: Path
) -> None:
    found = run(tmp_path, kind, 40_000, 11, batches_per_s=80, calm_s=(0.1, 0.4))
    assert found["committed"] == 40_000
    assert found["stored"] == 40_000
    assert (found["lost"], found["duplicated"], found["altered"]) == (0, 0, 0)
    assert int(str(found["kills"])) >= 2
