"""A real InfluxDB 1.x from Debian's package on free loopback ports; stopped by its process id."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.waiting import eventually

CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
logging-enabled = false
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
series-id-set-cache-size = 0
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
auth-enabled = {auth}
[logging]
level = "error"
suppress-logo = true
"""


class Influxd:
    """Where a running one listens, and a client of the bare HTTP interface."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process

    def ask(self, question: str, database: str = "", **more: str) -> list[dict[str, Any]]:
        """The tables that InfluxQL gives; times in ms."""
        asked = {"q": question, "db": database, "epoch": "ms", **more}
        request = urllib.request.Request(
            f"{self.url}/query", urllib.parse.urlencode(asked).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            results = json.load(answer)["results"]
        return [table for result in results for table in result.get("series", [])]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=2) as answer:
                return bool(answer.status == 204)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_influxd(folder: Path, *, port: int = 0, auth: bool = False) -> Iterator[Influxd]:
    """An influxd that answers; the same folder again brings the same data."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "influxdb.conf"
    path.write_text(
        CONFIGURATION.format(rpc=free_port(), http=port, folder=folder, auth=str(auth).lower())
    )
    process = subprocess.Popen(
        ["/usr/bin/influxd", "-config", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Influxd(port, process)
    try:
        eventually(server.answers, within=30, what="influxd answers")
        yield server
    finally:
        process.terminate()
        process.wait(20)
