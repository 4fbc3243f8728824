"""The broker for one-command starts: mosquitto where it is installed, else the embedded one."""

import contextlib
import errno
import importlib.util
import ipaddress
import logging
import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from collectors import embedded as rumqttd
from collectors.enroll import (
    access_files,
    broker_folder,
    configuration_file,
    pid_file,
    server_login,
)
from collectors.lifeline import start_tied, stop
from devices.catalog import split_address
from devices.errors import CampusError
from devices.service import Health

log = logging.getLogger(__name__)

READY_WITHIN_S = 10.0
PREDECESSOR_S = 3.0
"""How long a port may still be held by the broker before us, that is just ending."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0

# Defaults that lose messages are raised; nothing relies on them: nodes keep what is not stored.
_MOSQUITTO = """\
# Written by campus at each start; do not edit.
per_listener_settings true
user {user}
persistence true
persistence_location {folder}/
persistence_file sessions.db
autosave_interval 30
max_queued_messages 0
max_inflight_messages 1000
max_packet_size 16777216
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_type error
log_type warning

listener {port} {host}
"""


class Broker:
    """Runs a broker as a child process that ends with us; starts it again when it dies.

    On a loopback address anyone on this machine may connect. On any other, mosquitto asks for a
    user and password (see collectors.enroll) and each node may touch only its own topics; with
    `cert.pem` and `key.pem` in `DATA/broker` it speaks TLS. `embedded` forces or forbids the
    embedded broker; None takes mosquitto where there is one.
    """

    name = "broker"

    def __init__(self, address: str, data: Path, *, embedded: bool | None = None) -> None:
        """`address` is HOST:PORT. Raises CampusError where that broker cannot serve it."""
        try:
            self._host, self._port = split_address(address, 1883)
        except ValueError as error:
            raise CampusError(str(error)) from None
        self._data = data
        self._mosquitto = None if embedded else _find_mosquitto()
        self._loopback = is_loopback(self._host)
        if self._mosquitto is None:
            self._refuse_what_only_mosquitto_can(forbidden=embedded is False)
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._worker: threading.Thread | None = None
        self._health = Health(False, "not started")
        self._child: subprocess.Popen[bytes] | None = None

    def _refuse_what_only_mosquitto_can(self, *, forbidden: bool) -> None:
        if not self._loopback:
            raise CampusError(
                f"the embedded broker knows no passwords, so it serves only 127.0.0.1, not "
                f"{self._host}: install mosquitto (apt install mosquitto) for other machines"
            )
        if forbidden or importlib.util.find_spec("iotcore") is None:
            raise CampusError("there is no broker here: install mosquitto (apt install mosquitto)")

    def start(self) -> None:
        """Returns once the broker listens. Raises CampusError: port in use, not ready in 10 s."""
        self._stop.clear()
        self._settled.clear()
        self._wait_for_port()
        command = self._mosquitto_command() if self._mosquitto else self._embedded_command()
        self._worker = threading.Thread(target=self._run, args=(command,), name="broker")
        self._worker.start()
        self._settled.wait()
        health = self._health
        if not health.ok:
            self.close()
            raise CampusError(health.text)

    def health(self) -> Health:
        return self._health

    @property
    def pid(self) -> int | None:
        """The process id of the broker itself."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def close(self) -> None:
        self._stop.set()
        if self._worker is not None:
            self._worker.join()
            self._worker = None

    def _run(self, command: list[str]) -> None:
        """The worker: the kernel ties the child's life to this very thread."""
        pause = FIRST_PAUSE_S
        try:
            while not self._stop.is_set():
                self._child = child = start_tied(command)
                self._note_pid(child.pid)
                self._health = self._wait_until_listening(child)
                started = self._health.ok
                if not started and not self._settled.is_set():
                    return
                self._settled.set()
                while started and child.poll() is None and not self._stop.wait(0.1):
                    pause = FIRST_PAUSE_S
                if self._stop.is_set():
                    return
                stop(child)
                text = f"the broker ended (exit code {child.returncode}) and is started again"
                self._health = Health(False, text)
                log.warning("%s in %g s", text, pause)
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        finally:
            if self._child is not None:
                stop(self._child)
            pid_file(self._data).unlink(missing_ok=True)
            self._settled.set()

    def _wait_until_listening(self, child: "subprocess.Popen[bytes]") -> Health:
        what = "mosquitto" if self._mosquitto else "the embedded broker"
        end = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < end and not self._stop.is_set():
            if child.poll() is not None:
                return Health(
                    False, f"{what} ended at once (exit code {child.returncode}): see its log above"
                )
            with contextlib.suppress(OSError), socket.create_connection(self._own_end(), 1.0):
                return Health(True)
            self._stop.wait(0.02)
        return Health(False, f"{what} does not listen on {self._shown} after {READY_WITHIN_S:g} s")

    def _own_end(self) -> tuple[str, int]:
        """Where we reach the broker ourselves."""
        match self._host:
            case "0.0.0.0" | "":
                return "127.0.0.1", self._port
            case "::":
                return "::1", self._port
            case _:
                return self._host, self._port

    @property
    def _shown(self) -> str:
        return f"{self._host}:{self._port}"

    def _wait_for_port(self) -> None:
        end = time.monotonic() + PREDECESSOR_S
        while True:
            error = _bind_error(self._host, self._port)
            if error is None:
                return
            if error.errno != errno.EADDRINUSE:
                raise CampusError(
                    f"the broker cannot listen on {self._shown} ({error.strerror}): "
                    "choose another address with --mqtt HOST:PORT"
                ) from None
            if time.monotonic() > end:
                raise CampusError(
                    f"port {self._port} of {self._host} is in use by another program (perhaps a "
                    f"mosquitto that runs already): choose another with --mqtt "
                    f"{self._host}:{self._port + 1}"
                ) from None
            self._stop.wait(0.1)

    def _embedded_command(self) -> list[str]:
        path = broker_folder(self._data) / "rumqttd.toml"
        rumqttd.write_configuration(path, self._own_end()[0], self._port)
        return [sys.executable, "-P", "-m", rumqttd.__name__, str(path.absolute())]

    def _mosquitto_command(self) -> list[str]:
        folder = broker_folder(self._data).absolute()
        # As root, mosquitto would become the user "mosquitto", who may not enter our folder.
        lines = _MOSQUITTO.format(
            user=pwd.getpwuid(os.geteuid()).pw_name, folder=folder, port=self._port, host=self._host
        )
        if self._loopback:
            lines += "allow_anonymous true\n"
        else:
            server_login(self._data)
            passwords, rights = access_files(self._data)
            lines += (
                f"allow_anonymous false\npassword_file {passwords.absolute()}\n"
                f"acl_file {rights.absolute()}\n"
            )
        certificate, key = folder / "cert.pem", folder / "key.pem"
        if certificate.exists() and key.exists():
            lines += f"certfile {certificate}\nkeyfile {key}\n"
        path = configuration_file(self._data).absolute()
        path.write_text(lines, encoding="utf-8")
        assert self._mosquitto is not None
        return [self._mosquitto, "-c", str(path)]

    def _note_pid(self, pid: int) -> None:
        if self._mosquitto:
            pid_file(self._data).write_text(f"{pid}\n")


def _find_mosquitto() -> str | None:
    # Debian keeps it where ordinary users' PATH does not lead.
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address of that host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bind_error(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            return error
    return None
