"""The detector of recorded files: groups of sensors that may be compared, and their batteries."""

from collections.abc import Callable, Iterable

from collectors.faults.battery import Battery
from collectors.faults.episode import Episode
from collectors.faults.group import NO_LIMITS, Group, Limits
from collectors.faults.silence import Silence
from collectors.faults.track import Track

INERT = "temperature"
WITH_HABITS = (INERT, "humidity")


class Detector:
    """Takes the readings of all devices in the order of time.

    Devices with plain names are one group, of one measurement. Ids of points, such as
    `room-1/temperature`, say where and what: those in one place that measure the same are a group,
    and what is neither temperature nor humidity has no habits that could be judged.
    """

    def __init__(
        self, limits: Limits = NO_LIMITS, tell: Callable[[Episode], None] | None = None
    ) -> None:
        self._found: list[Episode] = []
        self._tell = tell or self._found.append
        self._limits = limits
        self._silence = Silence(self._tell)
        self._everyone: list[Track] = []
        self._groups: dict[str, Group] = {}
        self._group_of: dict[str, Group] = {}
        self._batteries: dict[str, Battery] = {}

    def observe(self, device: str, at: float, value: float, voltage: float | None = None) -> None:
        """One reading: s since 1970 UTC, in the order of time."""
        group = self._group_of.get(device)
        if group is None:
            group = self._group_of[device] = self._group(device)
        group.observe(device, at, value)
        if voltage is not None:
            battery = self._batteries.get(device)
            if battery is None:
                battery = self._batteries[device] = Battery(device)
            battery.observe(at, voltage)

    def finish(self, ended: bool = False) -> None:
        """Tell what is still open."""
        for group in self._groups.values():
            group.finish(ended)
        for battery in self._batteries.values():
            for episode in battery.episodes():
                self._tell(episode)

    def taken(self) -> Iterable[Episode]:
        """The episodes that ended since the last call."""
        found, self._found[:] = self._found[:], []
        return found

    def _group(self, device: str) -> Group:
        place, slash, what = device.rpartition("/")
        key = f"{place}/{what.rstrip('-0123456789')}" if slash else ""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(
                self._tell,
                self._limits,
                inert=not slash or what.startswith(INERT),
                habits=not slash or what.startswith(WITH_HABITS),
                silence=self._silence,
                everyone=self._everyone,
            )
        return group
