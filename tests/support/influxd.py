"""A real InfluxDB 1.x from Debian's package, in a temporary folder on free loopback ports."""

import resource
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import orjson

from tests.support.ports import free_port
from tests.support.waiting import eventually

_CONFIGURATION = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
"""


class Influxd:
    """One server; `kill` and `start` again are a crash and a restart with the data kept."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "influxd.log"
        self._configuration = folder / "influxdb.conf"
        self._configuration.write_text(
            _CONFIGURATION.format(folder=folder, port=self.port, rpc=free_port())
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["influxd", "-config", str(self._configuration)], stdout=log, stderr=log
            )
        eventually(self._answers, within=30, what="influxd answers")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1) as answer:
                return bool(answer.status == 204)
        except (urllib.error.URLError, OSError):
            return False

    def query(self, database: str, text: str) -> list[dict[str, Any]]:
        """Rows of an InfluxQL query, by plain HTTP."""
        words = urllib.parse.urlencode({"db": database, "q": text, "epoch": "ms"})
        with urllib.request.urlopen(f"{self.url}/query?{words}", timeout=10) as answer:
            (result,) = orjson.loads(answer.read())["results"]
        return [
            dict(zip(series["columns"], values, strict=True))
            for series in result.get("series", [])
            for values in series["values"]
        ]

    def command(self, text: str) -> None:
        """Have something done, such as CREATE DATABASE."""
        data = urllib.parse.urlencode({"q": text}).encode()
        urllib.request.urlopen(f"{self.url}/query", data, timeout=10).close()

    def limit_files(self, size: int | None) -> None:
        """No file may grow beyond `size` bytes, as on a full disk; None: as it was."""
        if self._process is not None and self._process.poll() is None:
            limit = resource.RLIM_INFINITY if size is None else size
            resource.prlimit(
                self._process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)
            )

    def ended(self) -> bool:
        """Whether it is gone without having been asked to."""
        return self._process is not None and self._process.poll() is not None

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: int) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
