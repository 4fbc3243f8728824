"""What befalls the monitor in `chaos.py`: processes, a network cable, a door to the store."""

import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

UNLIMITED = resource.RLIM_INFINITY


class Process:
    """A program that is started again after each kill."""

    def __init__(self, name: str, words: Sequence[str], log: Path) -> None:
        self.name, self._words, self._log = name, words, log
        self.kills = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._words, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def done(self) -> bool:
        """It ended by itself, with nothing left to do."""
        return self._process is not None and self._process.poll() == 0

    def revive(self) -> None:
        """Start it again where it is gone."""
        if self._process is not None and self._process.poll() not in (None, 0):
            self.start()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            self.kills += 1

    def pause(self, seconds: float) -> None:
        """Frozen for a while: its sockets stay open and say nothing."""
        self._signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def fill_disk(self, seconds: float) -> None:
        """No file of its may grow for a while, as on a full disk."""
        try:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (4096, UNLIMITED))
            time.sleep(seconds)
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
        except ProcessLookupError:
            return

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was killed is no news here."""


class Door:
    """Before the store's HTTP: lets through, answers 503, or keeps its callers waiting."""

    def __init__(self, target: int) -> None:
        self.mode = "open"
        self.refused = 0
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                door.pass_on(self, b"")

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                door.pass_on(self, self.rfile.read(length))

        self._target = target
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        self._thread.start()

    def pass_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Half of the late ones reach the store: what has no answer may be stored or not."""
        if self.mode == "late":
            time.sleep(0.5)
        try:
            status, answer = self._ask(handler, body)
        except (OSError, HTTPException):
            handler.close_connection = True
            return
        if self.mode != "open":
            self.refused += 1
            status, answer = 503, b"unavailable"
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            if status != 204:
                handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            if status != 204:
                handler.wfile.write(answer)
        except OSError:
            handler.close_connection = True

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        if self.mode == "closed":
            return 503, b"unavailable"
        connection = HTTPConnection("127.0.0.1", self._target, timeout=30)
        try:
            connection.request(handler.command, handler.path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


RELAY = """
import socket, sys, threading
target, listener = int(sys.argv[2]), socket.create_server(("127.0.0.1", int(sys.argv[1])))
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
while True:
    near, _ = listener.accept()
    try:
        far = socket.create_connection(("127.0.0.1", target))
    except OSError:
        near.close()
        continue
    for pair in ((near, far), (far, near)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""
"""A network cable as a process: frozen, its sockets pause; killed, they break."""


def relay(port: int, target: int, log: Path) -> Process:
    return Process("network", [sys.executable, "-c", RELAY, str(port), str(target)], log)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


Mishap = tuple[str, Callable[[], None]]


def drawn(mishaps: Sequence[Mishap], chance: random.Random) -> Iterator[Mishap]:
    """One after the other in an order of chance, each once before any comes again."""
    while True:
        yield from chance.sample(mishaps, len(mishaps))
