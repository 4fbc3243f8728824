"""What a node needs: the packages of its own lock file alone, and a unit that is locked down."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from importlib.metadata import packages_distributions
from pathlib import Path

from collectors.broker import Broker
from collectors.mqtt import MqttTransport
from devices.sitefile import load_site
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.sites import small_site
from tests.support.waiting import eventually

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "deploy" / "campus-node.service"
BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}, which a node does not install")

sys.meta_path.insert(0, Missing())
from dashboard.cli import main
sys.exit(main({words!r}))
"""


def forbidden() -> set[str]:
    """Every module installed here that does not come with the [node] extra."""
    lock = (ROOT / "requirements" / "node.txt").read_text("utf-8")
    allowed = {name.replace("_", "-").lower() for name in re.findall(r"^([\w.-]+)==", lock, re.M)}
    allowed.add("campus-monitor")
    return {
        module for module, owners in packages_distributions().items()
        if not {owner.replace("_", "-").lower() for owner in owners} & allowed
    } - {"_distutils_hack"}  # fmt: skip


def test_a_node_runs_on_mock_pins_with_nothing_but_the_node_extra(tmp_path: Path) -> None:
    port = free_port()
    site = small_site(tmp_path, mqtt=port)
    text = site.path.read_text("utf-8").replace(
        'id = "server-room/leak",',
        'id = "server-room/leak", driver = "contact", options = { gpio = 17 },',
    )
    site.path.write_text(text, "utf-8")
    words = ["node", "teach-pi", "--config", str(site.path), "--data", str(tmp_path / "data")]
    blocked = forbidden()
    assert {"flask", "sqlalchemy", "pytest"} <= blocked
    assert not {"paho", "orjson", "gpiozero"} & blocked
    program = BLOCKED.format(forbidden=blocked, words=words)
    environment = {**os.environ, "GPIOZERO_PIN_FACTORY": "mock", "CAMPUS_CLOCK_TRUSTED": "1"}
    broker = Broker(f"127.0.0.1:{port}", tmp_path)
    broker.start()
    with closing(broker), closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "server")) as link:
        server = Server(link, load_site(site.path))
        link.start()
        node = subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=ROOT)
        try:
            eventually(lambda: server.values("server-room/leak"), within=60)
        finally:
            node.terminate()
            assert node.wait(30) == 0


def test_the_unit_is_one_that_systemd_takes_and_finds_safe(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    text = UNIT.read_text("utf-8")
    for line in (
        "Type=notify", "WatchdogSec=60", "NoNewPrivileges=yes", "ProtectSystem=strict",
        "StateDirectory=campus", "WorkingDirectory=/var/lib/campus", "DevicePolicy=closed",
        "MemoryMax=160M", "Restart=always", "CapabilityBoundingSet=",
    ):  # fmt: skip
        assert f"\n{line}\n" in text, line
    assert "\nProtectClock" not in text, "it forbids to ask whether NTP has set the clock"
    if analyze is None:
        return  # the lines above are held all the same
    said = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", said.stdout)
    assert found is not None, said.stderr
    assert float(found[1]) <= 2.5, said.stdout[-2000:]
