"""The school's day as the simulation lives it: what happens at which minute (pure).

Times are the default day of the safety notes §4.2; Monday to Friday are school days.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum


class Slot(StrEnum):
    """A part of the day; `night` also is all of a day without school."""

    NIGHT = "night"
    EARLY = "early"
    ARRIVAL = "arrival"
    LESSON = "lesson"
    BREAK = "break"
    LUNCH = "lunch"
    RELEASE = "release"
    CLUBS = "clubs"
    SWEEP = "sweep"


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


_DAY = (
    ("00:00", Slot.NIGHT), ("06:30", Slot.EARLY), ("07:30", Slot.ARRIVAL), ("08:10", Slot.BREAK),
    ("08:20", Slot.LESSON), ("09:00", Slot.BREAK), ("09:10", Slot.LESSON), ("09:50", Slot.BREAK),
    ("10:20", Slot.LESSON), ("11:00", Slot.BREAK), ("11:10", Slot.LESSON), ("11:50", Slot.LUNCH),
    ("13:20", Slot.LESSON), ("14:00", Slot.BREAK), ("14:10", Slot.LESSON), ("14:50", Slot.BREAK),
    ("15:00", Slot.LESSON), ("15:40", Slot.RELEASE), ("16:00", Slot.CLUBS),
    ("17:30", Slot.RELEASE), ("17:50", Slot.SWEEP), ("18:30", Slot.NIGHT),
)  # fmt: skip
_STARTS = [_minute(start) for start, _ in _DAY]

DISINFECTING = (_minute("09:00"), _minute("10:00"))
HEATING = (_minute("10:20"), _minute("12:40"))
"""Hot holding is heated up from 10:20 and serves 11:00 to 12:40."""
SERVING = (_minute("11:00"), _minute("12:40"))
PREPARING = (_minute("05:45"), _minute("14:30"))
"""Kitchen staff go to the cold units."""
COOKING = (_minute("08:30"), _minute("10:40"))


@dataclass(frozen=True, slots=True)
class Hour:
    """One moment of the school: minutes since local midnight, and what they mean."""

    school_day: bool
    minute: float
    year_day: int

    @property
    def slot(self) -> Slot:
        return _DAY[bisect_right(_STARTS, self.minute) - 1][1] if self.school_day else Slot.NIGHT

    @property
    def part(self) -> int:
        """A number that changes with every slot, so that what is drawn by lot is drawn once."""
        today = self.year_day * 100
        return today + bisect_right(_STARTS, self.minute) if self.school_day else today

    @property
    def gates_open(self) -> bool:
        """Whether pupils stream through the gates, which then stand open."""
        return self.slot in (Slot.ARRIVAL, Slot.RELEASE)

    @property
    def occupied(self) -> bool:
        """Whether pupils are in the rooms."""
        return self.slot in (Slot.LESSON, Slot.BREAK, Slot.LUNCH, Slot.CLUBS)

    def within(self, span: tuple[int, int]) -> bool:
        """Whether it is a school day and between two minutes of the day."""
        return self.school_day and span[0] <= self.minute < span[1]

    @property
    def mean_outdoor(self) -> float:
        """°C outside in Changzhou, the day's mean: 5 in January to 29 in July."""
        return 17 - 12 * math.cos(2 * math.pi * (self.year_day - 15) / 365)

    @property
    def outdoor(self) -> float:
        """°C outside: the day's mean, 4 up and down over the day."""
        return self.mean_outdoor - 4 * math.cos(2 * math.pi * (self.minute - 180) / 1440)

    @property
    def indoor(self) -> float:
        """°C that rooms tend to: heated or cooled while occupied, milder than outside else."""
        return self.indoor_for(self.outdoor)

    def indoor_for(self, outdoor: float) -> float:
        """The same where it is `outdoor` °C outside."""
        if self.occupied:
            return min(max(outdoor, 19.0), 26.0)
        return min(max(0.5 * outdoor + 10.0, 12.0), 27.0)


def hour_at(now: datetime, timezone: tzinfo) -> Hour:
    """The hour of an aware time at a school in `timezone`."""
    local = now.astimezone(timezone)
    minute = local.hour * 60 + local.minute + local.second / 60
    return Hour(local.weekday() < 5, minute, local.timetuple().tm_yday)
