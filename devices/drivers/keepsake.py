"""Keepsake: a few values of a driver that outlast restarts and power cuts, kind to the card."""

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devices.driver import Driver

_SLOT = 512
"""Bytes: a card writes no less at once, so one slot is whole or was not written."""


class Keepsake:
    """Two slots of one small file, written in turn and in place.

    What was saved is safe from a killed process at once. The kernel puts it on the card when it
    likes, within half a minute, so that saving often does not wear the card; a power cut takes at
    most that. `close` has it written down. Where it cannot write, it says so in `trouble`.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._number = 0
        self.trouble = ""

    def load(self) -> dict[str, Any]:
        """The newest whole values; empty where there are none."""
        found: dict[str, Any] = {}
        try:
            data = self._path.read_bytes() if self._path is not None else b""
        except OSError:
            return found
        for at in (0, _SLOT):
            number, values = _unpack(data[at : at + _SLOT])
            if number > self._number:
                self._number, found = number, values
        return found

    def save(self, values: Mapping[str, Any], *, now: bool = False) -> None:
        """Keep these in place of the former. `now`: wait until the card has them."""
        if self._path is None:
            return
        self._number += 1
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o640)
            try:
                os.pwrite(file, _pack(self._number, values), self._number % 2 * _SLOT)
                if now:
                    os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            self.trouble = (
                f"{self._path} cannot be written ({error.strerror}): a restart forgets it"
            )
        else:
            self.trouble = ""


def keepsake_of(driver: Driver) -> Keepsake:
    """The keepsake of a driver's point, in its node's folder."""
    folder = driver.surroundings.folder
    return Keepsake(kept_file(folder, driver.point.id) if folder is not None else None)


def kept_file(folder: Path, point: str) -> Path:
    """The file of a point's keepsake in its node's folder for them."""
    return folder / (point.replace("/", ".") + ".kept")


def _pack(number: int, values: Mapping[str, Any]) -> bytes:
    text = json.dumps([number, values], separators=(",", ":")).encode()
    if len(text) > _SLOT - 10:
        raise ValueError(f"{len(text)} bytes are too many to keep")
    return (b"%08x " % zlib.crc32(text) + text).ljust(_SLOT - 1) + b"\n"


def _unpack(slot: bytes) -> tuple[int, dict[str, Any]]:
    """Its number and values; 0 where it is torn or was never written."""
    check, _, text = slot.rstrip().partition(b" ")
    if not text or check != b"%08x" % zlib.crc32(text):
        return 0, {}
    number, values = json.loads(text)
    return int(number), dict(values)
