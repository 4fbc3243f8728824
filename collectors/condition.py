"""Condition: what is wrong with the machine of a node, from its vitals (pure but for one file)."""

import logging
from collections.abc import Iterator
from pathlib import Path

from collectors.vitals import UNKNOWN, Vitals
from devices.model import NodeFault

log = logging.getLogger(__name__)

LEAST_FREE = 0.10
"""Share of the card that should stay free (safety notes, §7)."""
MOST_WORN = 90
"""Percent of a card's life, after which it should be replaced."""
LATE_S = 3600.0
"""A reading that waits for so long is told."""
TOLD_S = 3600.0
"""How long it is told that the power had been low before we looked."""
UNDER_VOLTAGE, THROTTLED, HOT, UNDER_VOLTAGE_BEFORE = 1 << 0, 1 << 2, 1 << 3, 1 << 16
"""Bits of `get_throttled` (Pi firmware): now, and since the machine started."""


class Condition:
    """Says each trouble while it lasts; that the power *was* low, once in each run of the machine.

    `file` remembers the run for which that was told, over restarts of the program.
    """

    def __init__(self, file: Path, run: str) -> None:
        self._file = file
        self._run = run
        self._told_at: float | None = None

    def faults(self, vitals: Vitals, now: float, waiting_s: float | None) -> list[NodeFault]:
        """`now` in monotonic seconds; `waiting_s`: how long the oldest reading has been waiting."""
        found = [NodeFault("", reason, text) for reason, text in _troubles(vitals)]
        if self._power_was_low(vitals, now):
            text = "the power was too low for a while since this machine started: check its supply"
            found.append(NodeFault("", "under-voltage-before", text))
        if waiting_s is not None and waiting_s > LATE_S:
            text = (
                f"readings have been waiting for {waiting_s / 3600:.1f} h: the server does not "
                "answer; they are safe here and sent when it does"
            )
            found.append(NodeFault("", "outbox-old", text))
        return found

    def _power_was_low(self, vitals: Vitals, now: float) -> bool:
        if self._told_at is None and bits(vitals.throttled) & UNDER_VOLTAGE_BEFORE:
            if self._told_before():
                return False
            self._told_at = now
            try:
                self._file.write_text(self._run, "utf-8")
            except OSError as error:
                log.info("it is not remembered that low power was told: %s", error)
        return self._told_at is not None and now - self._told_at < TOLD_S

    def _told_before(self) -> bool:
        try:
            return self._file.read_text("utf-8") == self._run
        except OSError:
            return False


def bits(throttled: str) -> int:
    """The bit field; 0 where there is none."""
    try:
        return int(throttled, 16)
    except ValueError:
        return 0


def _troubles(vitals: Vitals) -> Iterator[tuple[str, str]]:
    field = bits(vitals.throttled)
    if field & UNDER_VOLTAGE:
        yield "under-voltage", "the power is too low: use the supply made for it, and a short cable"
    if field & (THROTTLED | HOT):
        yield "throttled", "it runs slower because it is hot or short of power: let it have air"
    if vitals.throttled == UNKNOWN:
        yield "throttled-unknown", "vcgencmd does not say whether the power is right: update it"
    if vitals.read_only:
        yield (
            "read-only",
            "the card can only be read any more: readings wait in memory and are lost at a power "
            "cut; replace the card now",
        )
    if vitals.disk_free is not None and vitals.disk_free < LEAST_FREE:
        yield "disk-low", f"only {vitals.disk_free:.0%} of the card is free: make room"
    if vitals.worn is not None and vitals.worn >= MOST_WORN:
        yield "card-worn", f"{vitals.worn} % of the card's life is used up: replace it"
