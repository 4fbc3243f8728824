"""Who may speak at our mosquitto: passwords and rights of nodes, guard posts and the services."""

import fcntl
import hashlib
import ipaddress
import os
import re
import secrets
import signal
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices import wire
from devices.catalog import split_address
from devices.errors import CampusError

SERVER = "server"
"""The user of the services of the server; it may read and write everything."""
POST = "post-"
"""What the user of a guard post begins with, such as `post-gate-east`."""

FOREIGN = "devices-"
"""What the user of devices without our code begins with, such as `devices-tasmota`."""
READER = "reader-"
"""What the user of a program that only looks begins with, such as `reader-home-assistant`."""

ITERATIONS = 1000
"""Of PBKDF2. The passwords are 192 random bits, so stretching adds nothing but time at connect."""

_NAME = re.compile(r"[a-z0-9-]{1,64}")

_RIGHTS = f"""\
# Written by campus; do not edit. %u is the user, which is the node's id.
user {SERVER}
topic readwrite #
topic read $SYS/#

pattern write {wire.ROOT}/node/%u/up
pattern write {wire.ROOT}/node/%u/status
pattern write {wire.ROOT}/node/%u/state/#
pattern read {wire.ROOT}/node/%u/ack
pattern read {wire.ROOT}/node/%u/command
pattern read {wire.ROOT}/node/%u/config
pattern write homeassistant/device/%u/config
"""

_NODE_RIGHTS = """
user {user}
topic read homeassistant/status
"""

_POST_RIGHTS = f"""
user {{user}}
topic read {wire.ALERT_FILTER}
topic read {wire.SERVICE_FILTER}
topic write {wire.COMMAND_FILTER}
topic read {wire.REPLY_ROOT}{{user}}
"""


# Mosquitto looks at a `deny` before anything that is granted.
_FOREIGN_RIGHTS = f"""
user {{user}}
topic deny {wire.ROOT}/#
topic readwrite #
"""

_READER_RIGHTS = f"""
user {{user}}
topic read {wire.ROOT}/node/+/status
topic read {wire.ROOT}/node/+/state/#
topic read {wire.ALERT_FILTER}
topic readwrite homeassistant/#
"""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a node needs to connect; the password exists nowhere else in clear."""

    url: str
    user: str
    password: str


def broker_folder(data: Path) -> Path:
    """Where the broker keeps its configuration, passwords and sessions; made if missing."""
    folder = data / "broker"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def enroll(node: str, data: Path, address: str) -> Enrolment:
    """Let `node` in with a new password, which also takes the place of one it had.

    `address` is where the broker is (`mqtt://HOST:PORT`). Raises CampusError for a name that
    cannot be a user's.
    """
    if node == SERVER or node.startswith((POST, FOREIGN, READER)):
        raise CampusError(
            f"{node!r} is kept for services, guard posts, foreign devices and readers: "
            "rename the node"
        )
    return Enrolment(_reachable(address), node, _admit(node, data))


def enroll_post(gate: str, data: Path, address: str) -> Enrolment:
    """Let the guard post of `gate` in: it reads alerts and sends commands, nothing else."""
    user = POST + gate
    return Enrolment(_reachable(address), user, _admit(user, data))


def enroll_devices(name: str, data: Path, address: str) -> Enrolment:
    """Let devices without our code in, for the bridge to hear: every topic but our own."""
    user = FOREIGN + name
    return Enrolment(_reachable(address), user, _admit(user, data))


def enroll_reader(name: str, data: Path, address: str) -> Enrolment:
    """Let a program in that shows nodes, points and alerts, such as Home Assistant; it commands
    nothing of ours and sees no badge."""
    user = READER + name
    return Enrolment(_reachable(address), user, _admit(user, data))


def revoke(user: str, data: Path) -> bool:
    """Shut `user` out, at once where the broker runs; False where it had no password."""
    with _passwords(data) as known:
        was = known.pop(user, None)
    _reload(data)
    return was is not None


def server_login(data: Path) -> tuple[str, Path]:
    """User and password file of the services on this machine, made at the first call.

    They belong into CAMPUS_MQTT_USER and CAMPUS_MQTT_PASSWORD_FILE of those services.
    """
    path = broker_folder(data) / "server.password"
    with _passwords(data) as known:
        missing = SERVER not in known or not path.exists()
        if missing:
            password = secrets.token_urlsafe(24)
            _write_private(path, password + "\n")
            known[SERVER] = password_hash(password)
    if missing:
        _reload(data)
    return SERVER, path


def access_files(data: Path) -> tuple[Path, Path]:
    """The password file and the file of rights for mosquitto, both written anew."""
    with _passwords(data):
        pass
    folder = broker_folder(data)
    return folder / "passwords", folder / "rights"


def password_hash(password: str) -> str:
    """Mosquitto's `$7$` form: PBKDF2 with SHA-512, 12 bytes of salt, 64 bytes of hash."""
    salt = secrets.token_bytes(12)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, 64)
    return f"$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(derived).decode()}"


def pid_file(data: Path) -> Path:
    """Holds mosquitto's process id while our broker runs it."""
    return broker_folder(data) / "mosquitto.pid"


def configuration_file(data: Path) -> Path:
    return broker_folder(data) / "mosquitto.conf"


def _admit(user: str, data: Path) -> str:
    # `+`, `#` and `/` in a user's name would widen the patterns of the rights.
    if not _NAME.fullmatch(user):
        raise CampusError(f"{user!r} cannot be a user: use a-z, 0-9 and -, at most 64")
    password = secrets.token_urlsafe(24)
    with _passwords(data) as known:
        known[user] = password_hash(password)
    _reload(data)
    return password


@contextmanager
def _passwords(data: Path) -> Iterator[dict[str, str]]:
    """The users and their hashes; what the block changes is written when it ends."""
    folder = broker_folder(data)
    path = folder / "passwords"
    with (folder / "passwords.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = path.read_text().splitlines() if path.exists() else []
        known = dict(line.split(":", 1) for line in lines if ":" in line)
        yield known
        _write_private(path, "".join(f"{user}:{hash}\n" for user, hash in known.items()))
        _write_private(folder / "rights", _RIGHTS + "".join(map(_own_rights, known)))


def _own_rights(user: str) -> str:
    """What a user may beyond the patterns that hold for all."""
    if user == SERVER:
        return ""
    for beginning, rights in (
        (POST, _POST_RIGHTS), (FOREIGN, _FOREIGN_RIGHTS), (READER, _READER_RIGHTS),
    ):  # fmt: skip
        if user.startswith(beginning):
            return rights.format(user=user)
    return _NODE_RIGHTS.format(user=user)


def _write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _reload(data: Path) -> None:
    """Have a running mosquitto of ours read users and rights again."""
    try:
        pid = int(pid_file(data).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    # After a crash the number may belong to another program by now.
    if os.fsencode(configuration_file(data).absolute()) in command.split(b"\0"):
        os.kill(pid, signal.SIGHUP)


def _reachable(address: str) -> str:
    """`address`, with this machine's own in place of one that means every interface."""
    scheme = address.partition("://")[0] if "://" in address else "mqtt"
    host, port = split_address(address, 8883 if scheme == "mqtts" else 1883)
    try:
        if ipaddress.ip_address(host).is_unspecified:
            host = _own_address()
    except ValueError:
        pass
    return f"{scheme}://{host}:{port}"


def _own_address() -> str:
    """This machine's address towards the network; its name where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
            return str(sock.getsockname()[0])
        except OSError:
            return socket.gethostname()
