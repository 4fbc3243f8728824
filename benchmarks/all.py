"""`make bench`: runs every benchmark and writes docs/benchmarks.md with machine and date."""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPORT = HERE.parent / "docs" / "benchmarks.md"


def processor() -> str:
    """The processor's name, as the kernel gives it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def run(script: Path, quick: bool) -> tuple[str, dict[str, Any]]:
    """A script's table for people, and the JSON object of its last line."""
    words = [sys.executable, str(script), "--json", *(["--quick"] if quick else [])]
    print(f"{script.stem} …", file=sys.stderr, flush=True)
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    lines = done.stdout.rstrip().splitlines()
    return "\n".join(lines[:-1]), json.loads(lines[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each within a minute")
    args = parser.parse_args()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Compare the figures of one run with each other, not with those of"
        " another machine.",
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" Python {platform.python_version()}{', --quick' if args.quick else ''}.",
    ]
    for script in sorted(HERE.glob("*.py")):
        if script.name in ("all.py",) or script.name.startswith("_"):
            continue
        table, figures = run(script, args.quick)
        rows = "\n".join(f"| `{key}` | {value} |" for key, value in figures.items())
        parts += [
            f"## {script.stem}",
            f"```\n{table}\n```",
            f"| figure | value |\n|---|---|\n{rows}",
        ]
    REPORT.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"wrote {REPORT}")


if __name__ == "__main__":
    main()
