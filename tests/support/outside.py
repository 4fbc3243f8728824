"""Data recorded by others, in `shared/data` beside the repository where somebody put it there."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def sensor_vectors(kind: str) -> list[dict[str, Any]]:
    """The rows of one kind in `sensors/vectors.jsonl`; none where the folder is not here.

    Each test of them stands beside one with vectors of our own, so nothing is untested without.
    """
    path = DATA / "sensors" / "vectors.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["kind"] == kind]
