"""Whether the monitor of a data folder runs: some work may only be done while it does not."""

import os
from pathlib import Path

import orjson

from devices.errors import CampusError


def refuse_running(data: Path, why: str) -> None:
    """Raises CampusError, with the remedy, where `campus up` or a service works there now."""
    for path in (data / "run" / "supervisor.json", *(data / "run").glob("*.pid")):
        try:
            told = path.read_bytes()
            pid = orjson.loads(told).get("pid", 0) if path.suffix == ".json" else int(told)
            os.kill(pid, 0)
        except (OSError, ValueError, AttributeError, TypeError):
            continue
        if pid:
            raise CampusError(f"the monitor runs on {data} ({why}): stop it first")
    _refuse_writer(data, why)


def _refuse_writer(data: Path, why: str) -> None:
    """A service that was started by itself holds its database open."""
    names = {str(path) for path in data.glob("*.db")}
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            held = {os.readlink(link) for link in (process / "fd").iterdir()}
        except OSError:
            continue
        if names & held:
            raise CampusError(f"process {process.name} works on {data} ({why}): stop it first")
