"""The detector of recorded files and of the live stream: groups of sensors, and their batteries."""

from collections.abc import Callable, Iterable

from collectors.faults.battery import Battery
from collectors.faults.episode import Episode
from collectors.faults.group import NO_LIMITS, Group, Limits


class Detector:
    """One group of sensors of one measurement, with voltages where they are given."""

    def __init__(
        self, limits: Limits = NO_LIMITS, tell: Callable[[Episode], None] | None = None
    ) -> None:
        self._found: list[Episode] = []
        self._tell = tell or self._found.append
        self.group = Group(self._tell, limits)
        self._batteries: dict[str, Battery] = {}

    def observe(self, device: str, at: float, value: float, voltage: float | None = None) -> None:
        """One reading: s since 1970 UTC, in the order of time."""
        self.group.observe(device, at, value)
        if voltage is not None:
            battery = self._batteries.get(device)
            if battery is None:
                battery = self._batteries[device] = Battery(device)
            battery.observe(at, voltage)

    def finish(self, ended: bool = False) -> None:
        """Tell what is still open."""
        self.group.finish(ended)
        for battery in self._batteries.values():
            for episode in battery.episodes():
                self._tell(episode)

    def taken(self) -> Iterable[Episode]:
        """The episodes that ended since the last call."""
        found, self._found[:] = self._found[:], []
        return found
