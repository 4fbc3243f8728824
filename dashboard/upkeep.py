"""Upkeep: what the maintenance pages keep themselves: photos, assets, stock, planned tasks."""

from pathlib import Path

from alerts.corrected import Corrections
from dashboard.photos import Photos
from dashboard.records.registers import Registers
from devices.service import Clock


class Upkeep:
    """The registers at a SQLAlchemy address, and the photos in the data folder."""

    def __init__(self, url: str, data: Path, clock: Clock) -> None:
        self.photos = Photos(data / "photos")
        self._registers = Registers(url, clock)
        self._corrections: Corrections | None = None
        self.assets = self._registers.assets
        self.stock = self._registers.stock
        self.tasks = self._registers.tasks
        self.write_offs = self._registers.write_offs

    def watch(self, corrections: Corrections) -> None:
        """Which cached calibrations are to be looked up again once one was made here."""
        self._corrections = corrections

    def changed(self) -> None:
        """A calibration or a swap was booked."""
        if self._corrections is not None:
            self._corrections.forget()

    def close(self) -> None:
        self._registers.close()
