"""Cards as keyed tokens, never as numbers, and the list of those that may pass."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devices.drivers.frames import Card
from devices.errors import DeviceError

KEY_VARIABLE = "CAMPUS_CARD_KEY"
KEY_FILE_VARIABLE = "CAMPUS_CARD_KEY_FILE"
ALLOW_FILE_VARIABLE = "CAMPUS_ALLOW_FILE"
SHORTEST_KEY = 16


def card_key(where: str) -> bytes:
    """The school's key, from the environment or the file it names. Raises DeviceError."""
    text = os.environ.get(KEY_VARIABLE, "")
    path = os.environ.get(KEY_FILE_VARIABLE, "")
    if not text and path:
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DeviceError(
                f"{where}: the card key file {path} cannot be read ({error}): mend "
                f"{KEY_FILE_VARIABLE}"
            ) from error
    key = text.strip().encode()
    if len(key) < SHORTEST_KEY:
        raise DeviceError(
            f"{where}: no card key of at least {SHORTEST_KEY} characters: set {KEY_FILE_VARIABLE} "
            f"to a file with one (or {KEY_VARIABLE}), the same on all nodes; without it cards "
            "would have to be stored by number"
        )
    return key


def card_token(key: bytes, card: Card) -> str:
    """`h:` and 32 hex digits of HMAC-SHA256: the same card and key give the same token."""
    message = f"wiegand{card.length}:{card.number}".encode()
    return "h:" + hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list says of a card."""

    verdict: str
    holder: str = ""


HOLDERS = ("student", "staff", "visitor")
_UNKNOWN = Entry("unknown")


class AllowList:
    """A text file: one token a line, after it perhaps `denied` for a blocked card and the class of
    its holder: student, staff or visitor; never a name.

    What stands after # is passed over. Read again when the file has changed; without a file every
    card is unknown.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._cards: Mapping[str, Entry] = {}

    def verdict(self, token: str) -> str:
        """granted, denied or unknown. Raises OSError where the file cannot be read."""
        self.refresh()
        return self._cards.get(token, _UNKNOWN).verdict

    def holder(self, token: str) -> str:
        """student, staff, visitor or nothing, as the file says."""
        return self._cards.get(token, _UNKNOWN).holder

    def refresh(self) -> None:
        """Read the file if it has changed. Raises OSError."""
        if self._path is None:
            return
        status = self._path.stat()
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            self._cards = _read(self._path)
            self._seen = seen


def _read(path: Path) -> dict[str, Entry]:
    cards: dict[str, Entry] = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        words = line.partition("#")[0].split()
        if words:
            holder = next((word for word in words[1:] if word in HOLDERS), "")
            cards[words[0]] = Entry("denied" if "denied" in words[1:2] else "granted", holder)
    return cards
