"""Projector: a client of PJLink, classes 1 and 2, the protocol of most makes of projectors.

Figures and words are those of the PJLink specification (JBMIA, 2.10): port 4352, lines of at most
128 bytes that end with a carriage return, MD5 of the greeting's number and the password.
"""

import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field

from devices.drivers.networked import reach

PORT = 4352
LONGEST_LINE = 136
PARTS = ("fan", "lamp", "temperature", "cover", "filter", "other")
LEVELS = {"0": "ok", "1": "warning", "2": "error"}
POWER = {"0": "off", "1": "on", "2": "cooling", "3": "warming"}
INPUTS = {
    "1": "rgb", "2": "video", "3": "digital", "4": "storage", "5": "network", "6": "internal",
}  # fmt: skip
HANGS_UP = "it hangs up in the middle: another program may be using it"
FRESH_S = 20.0
"""So long a talk that one point began answers the others."""

_GREETING = re.compile(r"PJLINK (0|1 ([0-9A-Fa-f]{8}))\s*")


class ProjectorError(OSError):
    """It answers, but not as a projector does; the text says how."""


class WrongPassword(ProjectorError):
    """The projector refused the password, or asks for one."""


@dataclass(frozen=True, slots=True)
class State:
    """What a projector said; empty or None where it does not say it at present."""

    power: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """Each of PARTS: ok, warning or error."""
    lamp_hours: tuple[int, ...] = ()
    filter_hours: int | None = None
    source: str = ""
    level: int = 1
    """The class of PJLink that it speaks."""


class Projector:
    """One projector for several points: what one of them asks answers the others too."""

    def __init__(self, host: str, port: int, password: str, patience: float) -> None:
        self._host = host
        self._port = port
        self._password = password
        self._patience = patience
        self._lock = threading.Lock()
        self._talks = 0
        self._asked = -FRESH_S
        self._state = State()
        self._failure: OSError | None = None

    def talk(self, seen: int) -> int:
        """Talk with it unless others did since talk number `seen`, within 20 s; that one's number.

        Never raises: the number counts for `state` too.
        """
        with self._lock:
            if self._talks <= seen or time.monotonic() - self._asked >= FRESH_S:
                self._talks += 1
                try:
                    self._state, self._failure = self._talk(), None
                except OSError as error:
                    self._failure = error
                self._asked = time.monotonic()
            return self._talks

    def state(self) -> State:
        """What it said. Raises OSError: ProjectorError where it answered strangely, else it could
        not be reached."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            return self._state

    def close(self) -> None:
        """Nothing stays open: projectors serve one at a time and hang up after 30 s."""

    def _talk(self) -> State:
        address = reach(self._host, self._port)
        with socket.create_connection(address, self._patience) as connection:
            try:
                return Talk(connection, self._password, self._patience).state()
            except (ConnectionResetError, BrokenPipeError) as error:
                raise ProjectorError(HANGS_UP) from error


class Talk:
    """One connection to a projector, from its greeting on; all of it within a time."""

    def __init__(self, connection: socket.socket, password: str, patience: float) -> None:
        self._connection = connection
        self._ends = time.monotonic() + patience
        self._unread = b""
        self._prefix = self._greet(password)

    def state(self) -> State:
        """Everything that this projector can tell."""
        power = self.ask("POWR")
        if power is None:
            return State()
        if power not in POWER:
            raise ProjectorError(f"it gives its power as {power[:20]!r}")
        level = self.ask("CLSS") or "1"
        errors = self.ask("ERST") or ""
        if errors and not re.fullmatch("[012]{6}", errors):
            raise ProjectorError(f"it gives its errors as {errors[:20]!r}")
        second = level == "2"
        return State(
            POWER[power],
            dict(zip(PARTS, (LEVELS[digit] for digit in errors), strict=False)),
            _hours(self.ask("LAMP")),
            _whole(self.ask("FILT", 2)) if second else None,
            _source(self.ask("INPT", 2 if second else 1)),
            2 if second else 1,
        )

    def ask(self, command: str, level: int = 1) -> str | None:
        """The answer to a question; None where it has none, or none at present.

        Raises ProjectorError for a failure of the projector (ERR4) or a strange answer.
        """
        line = f"{self._prefix}%{level}{command} ?\r"
        self._prefix = ""  # only the first question carries the password's proof
        self._connection.sendall(line.encode("ascii"))
        answer = self._line()
        if answer.upper().startswith("PJLINK ERRA"):
            raise WrongPassword("it refuses the password")
        found = re.fullmatch(rf"%[12]{command}=(.*)", answer, re.IGNORECASE)
        if not found:
            raise ProjectorError(f"to {command} it answers {answer[:40]!r}")
        said = found[1].strip()
        if said.upper() == "ERR4":
            raise ProjectorError("it reports that it is broken (ERR4)")
        return None if re.fullmatch("ERR[123]", said, re.IGNORECASE) else said

    def _greet(self, password: str) -> str:
        """The proof of the password that the first question is to carry."""
        line = self._line()
        if line.upper().startswith("PJLINK ERRA"):
            raise WrongPassword("it refuses us")
        found = _GREETING.fullmatch(line)
        if not found:
            raise ProjectorError(f"it greets with {line[:40]!r}, not as PJLink does")
        if found[2] is None:
            return ""
        if not password:
            raise WrongPassword("it asks for a password")
        return hashlib.md5((found[2] + password).encode(), usedforsecurity=False).hexdigest()

    def _line(self) -> str:
        while b"\r" not in self._unread:
            if len(self._unread) > LONGEST_LINE:
                raise ProjectorError("it sends more than a line of PJLink holds")
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._connection.settimeout(left)
            got = self._connection.recv(256)
            if not got:
                raise ProjectorError(HANGS_UP)
            self._unread += got
        line, _, self._unread = self._unread.partition(b"\r")
        return line.decode("latin-1").strip()


def _hours(said: str | None) -> tuple[int, ...]:
    """Hours of each lamp: `1234 1` for one that is on, `1234 1 87 0` for two."""
    if not said:
        return ()
    words = said.split()
    if len(words) % 2 or not all(word.isdecimal() and len(word) <= 6 for word in words):
        raise ProjectorError(f"it gives its lamps as {said[:40]!r}")
    return tuple(int(word) for word in words[::2])


def _whole(said: str | None) -> int | None:
    return int(said) if said and said.isdecimal() and len(said) <= 6 else None


def _source(said: str | None) -> str:
    """`digital-1` of `31`; "" where it names none."""
    if not said or not re.fullmatch("[1-6][1-9A-Za-z]", said):
        return ""
    return f"{INPUTS[said[0]]}-{said[1].lower()}"
