"""A real SNMP agent (Debian's snmpd) with objects of a test's choice; stopped by its process id."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import eventually

_TIME = bytes.fromhex(
    "302602010104067075626c6963a019020101020100020100300e300c06082b060102010103000500"
)
"""GetRequest of sysUpTime.0 in version 2c with the community `public`."""

CONFIGURATION = """\
agentAddress udp:127.0.0.1:{port}
rocommunity public 127.0.0.1
createUser watcher SHA-256 "a long password" AES "another password"
rouser watcher priv
createUser plain MD5 "a long password"
rouser plain auth
"""


def _answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.3)
        asker.connect(("127.0.0.1", port))
        try:
            asker.send(_TIME)
            return bool(asker.recv(200))
        except OSError:
            return False


@contextmanager
def real_agent(folder: Path, overrides: str = "") -> Iterator[int]:
    """The port of an snmpd; `overrides` are lines such as `override OID integer 5`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    # Not snmpd.conf: that name in its own folder is what it keeps, and takes away.
    path = folder / "agent.conf"
    path.write_text(CONFIGURATION.format(port=port) + overrides)
    process = subprocess.Popen(
        ["/usr/sbin/snmpd", "-f", "-Le", "-C", "-c", str(path), "-I", "-smux,mteTrigger"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": "", "PATH": "/usr/sbin:/usr/bin:/bin"},
    )  # fmt: skip
    try:
        eventually(lambda: _answers(port), what="snmpd answers")
        yield port
    finally:
        process.terminate()
        process.wait(10)
