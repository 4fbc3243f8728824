"""The benchmark of the detector runs, its memory stays, and its scores on recorded data hold."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "faults.py"
FLOOR = {"santander": (0.89, 0.04, 0.90), "sensorscope": (0.87, 0.04, 0.90)}
"""F1 over the sustained kinds, false episodes a sensor-day of the clean file, share of right names:
just below what docs/sensor-faults.md tells."""


def test_the_scores_that_are_told_are_reached() -> None:
    words = [sys.executable, str(SCRIPT), "--quick", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["per_s"] > 0
    assert figures["bytes_per_sensor"] < 1.1 * figures["bytes_per_sensor_half"]
    for site, (f1, clean, right) in FLOOR.items():
        if figures[f"{site}_f1"] is None:
            assert "not here" in done.stdout
            continue
        assert figures[f"{site}_f1"] >= f1
        assert figures[f"{site}_clean_per_day"] <= clean
        assert figures[f"{site}_right_name"] >= right
