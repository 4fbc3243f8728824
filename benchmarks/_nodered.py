"""Node-RED doing the ingester's job, as the peer: batches from MQTT to line protocol to InfluxDB.

The flow is the quick one: one function makes the lines of a batch, one request writes them. It
neither checks, grades, books nor acknowledges; messages that come while it is busy wait in it.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devices import wire
from tests.support.influxd import Influxd
from tests.support.ports import free_port

VERSION = "4.1.15"
_SETTINGS = """module.exports = {{
  uiHost: "127.0.0.1", uiPort: {port}, httpAdminRoot: false, credentialSecret: false,
  flowFile: "flows.json", logging: {{ console: {{ level: "error" }} }},
  diagnostics: {{ ui: false }},
  telemetry: {{ enabled: false }}
}};
"""
_LINES = """
const lines = [];
const node_name = msg.topic.split("/")[3];
for (const [point, at, value] of msg.payload.readings) {
  const measurement = point.endsWith("power") ? "power" : "temperature";
  lines.push(`${measurement},node=${node_name},point=${point} value=${value},quality="good" ${at}`);
}
msg.payload = lines.join("\\n");
return msg;
"""


def install(folder: Path) -> Path | None:
    """Node-RED from npm in `folder`; None where npm is not here or has no network."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    words = [npm, "install", "--no-audit", "--no-fund", "--silent", f"node-red@{VERSION}"]
    done = subprocess.run([*words, "--prefix", str(folder)], timeout=300)
    return folder / "node_modules" / "node-red" / "red.js" if done.returncode == 0 else None


def _flow(mqtt: int, influxd: Influxd) -> list[dict[str, object]]:
    url = f"{influxd.url}/write?db=peer&precision=ms"
    return [
        {"id": "tab", "type": "tab", "label": "ingest"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(mqtt),
         "protocolVersion": "5", "keepalive": "60", "cleansession": True, "clientid": "peer"},
        {"id": "in", "type": "mqtt in", "z": "tab", "topic": wire.UP_FILTER, "qos": "1",
         "datatype": "json", "broker": "broker", "wires": [["lines"]]},
        {"id": "lines", "type": "function", "z": "tab", "func": _LINES, "outputs": 1,
         "wires": [["write"]]},
        {"id": "write", "type": "http request", "z": "tab", "method": "POST", "ret": "txt",
         "url": url, "persist": True, "wires": [[]]},
    ]  # fmt: skip


@contextmanager
def running(program: Path, folder: Path, mqtt: int, influxd: Influxd) -> Iterator[None]:
    """A Node-RED that has subscribed; it writes into the database `peer`."""
    home = folder / "node-red"
    home.mkdir()
    (home / "settings.js").write_text(_SETTINGS.format(port=free_port()))
    (home / "flows.json").write_text(json.dumps(_flow(mqtt, influxd)))
    influxd.command("CREATE DATABASE peer")
    words = ["node", str(program), "--userDir", str(home)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=home)
    try:
        time.sleep(8)  # it says nowhere that it has subscribed
        yield
    finally:
        process.terminate()
        process.wait(20)


def stored(influxd: Influxd) -> int:
    """Readings that it has written."""
    found = influxd.query("peer", 'SELECT count("value") FROM /.*/')
    return sum(int(row["count"]) for row in found)
