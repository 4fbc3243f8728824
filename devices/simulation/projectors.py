"""Projectors that are not there: each answers PJLink on a port of this machine."""

import contextlib
import hashlib
import socket
import threading
from dataclasses import dataclass, field

from devices.drivers.projector import INPUTS, LEVELS, PARTS, POWER

_ASKED = {number: word for word, number in POWER.items()}
_LEVEL_DIGITS = {word: digit for digit, word in LEVELS.items()}
_INPUT_DIGITS = {word: digit for digit, word in INPUTS.items()}
RANDOM = "498e4a67"


@dataclass
class PretendProjector:
    """Serves one at a time, as projectors do; what it says may be changed at any moment.

    `mood` makes it misbehave: garbage, slow (a byte, then nothing), drop (it hangs up after the
    greeting), busy (ERR3 to everything), broken (ERR4), endless (no end of line), silent.
    """

    port: int
    password: str = ""
    level: int = 1
    power: str = "on"
    lamp_hours: tuple[int, ...] = (1234,)
    filter_hours: int | None = None
    source: str = "digital-1"
    errors: dict[str, str] = field(default_factory=lambda: dict.fromkeys(PARTS, "ok"))
    mood: str = ""
    talks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listens when this returns. Raises OSError where the port is taken."""
        self._stop.clear()
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._server.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, name=f"projector-{self.port}")
        self._thread.start()

    def close(self) -> None:
        """No longer answers: its mains is cut; harmless when called again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._server.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            self.talks += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(0.1)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        if self.mood == "silent":
            self._wait_for_end(connection)
            return
        if self.mood == "garbage":
            connection.sendall(b"\xff\xfe220 mail.example ESMTP\r\n")
            return
        if self.mood == "endless":
            connection.sendall(b"PJLINK " * 100)
            return
        greeting = f"PJLINK 1 {RANDOM}\r" if self.password else "PJLINK 0\r"
        connection.sendall(greeting[:4].encode() if self.mood == "slow" else greeting.encode())
        if self.mood == "slow":
            self._wait_for_end(connection)
            return
        if self.mood == "drop":
            return
        proof = hashlib.md5((RANDOM + self.password).encode(), usedforsecurity=False).hexdigest()
        trusted, unread = not self.password, b""
        while not self._stop.is_set():
            try:
                got = connection.recv(256)
            except TimeoutError:
                continue
            if not got:
                return
            unread += got
            while b"\r" in unread:
                line, _, unread = unread.partition(b"\r")
                text = line.decode("latin-1")
                if not trusted and not text.startswith(proof):
                    connection.sendall(b"PJLINK ERRA\r")
                    return
                connection.sendall(self._answer(text if trusted else text[32:]).encode() + b"\r")
                trusted = True

    def _wait_for_end(self, connection: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                if not connection.recv(256):
                    return
            except TimeoutError:
                continue

    def _answer(self, line: str) -> str:
        head, command = line[:2], line[2:6]
        if self.mood == "broken":
            said = "ERR4"
        elif self.mood == "busy":
            said = "ERR3"
        elif head == "%2" and self.level < 2:
            return "%1" + command + "=ERR1"
        else:
            said = self._said(command)
        return f"{head}{command}={said}"

    def _said(self, command: str) -> str:
        standby = self.power == "off"
        match command:
            case "POWR":
                return _ASKED[self.power]
            case "CLSS":
                return str(self.level)
            case "ERST":
                return "".join(_LEVEL_DIGITS[self.errors[part]] for part in PARTS)
            case "LAMP":
                lit = "1" if self.power == "on" else "0"
                return " ".join(f"{hours} {lit}" for hours in self.lamp_hours) or "ERR1"
            case "FILT" if self.filter_hours is not None:
                return str(self.filter_hours)
            case "INPT":
                kind, _, number = self.source.partition("-")
                return "ERR3" if standby else f"{_INPUT_DIGITS[kind]}{number.upper()}"
        return "ERR1"
