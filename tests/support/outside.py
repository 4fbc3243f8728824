"""Data recorded by others, in `shared/data` beside the repository."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def sensor_vectors(kind: str) -> list[dict[str, Any]]:
    """The rows of one kind in `sensors/vectors.jsonl`."""
    path = DATA / "sensors" / "vectors.jsonl"
    assert path.exists(), f"these tests need {path}: put the folder `shared` beside the repository"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["kind"] == kind]
