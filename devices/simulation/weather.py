"""Weather: what the air outside a simulated school does, the same for each seed (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from random import Random

from devices.simulation.timetable import Hour, Slot, hour_at

DAY = 86400.0
_PERIODS_DAYS = (2.3, 3.7, 5.9, 9.1, 13.7)
"""Fronts pass every few days; no period divides another, so that no week is like the next."""
REMEMBERED = 1440
"""Minutes that are kept, because many points ask for the same ones."""
FRONT_C = 1.7
"""°C that each of the waves swings; together they are some 3 °C around the season's mean."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One minute of the school: the hour, and the air outside (°C, dew point in °C)."""

    hour: Hour
    outdoor: float
    dew_point: float
    indoor: float
    """°C that heated or cooled rooms tend to."""
    slot: Slot


class Weather:
    """Slow waves around the season's mean; a function of the time alone, so any hour can be asked.

    `holidays` are (first, last) as (month, day); on those days there is no school.
    """

    def __init__(
        self,
        seed: int,
        timezone: tzinfo,
        holidays: Sequence[tuple[tuple[int, int], tuple[int, int]]] = (),
    ) -> None:
        random = Random(f"{seed} weather")
        self._timezone = timezone
        self._holidays = tuple(holidays)
        self._warmth = self._waves(random)
        self._damp = self._waves(random)
        self._moments: dict[int, Moment] = {}

    @staticmethod
    def _waves(random: Random) -> list[tuple[float, float]]:
        return [(2 * math.pi / (days * DAY), random.uniform(0, math.tau)) for days in _PERIODS_DAYS]

    def moment(self, ms: int) -> Moment:
        """The minute that a time (ms since 1970 UTC) lies in."""
        minute = ms // 60_000
        found = self._moments.get(minute)
        if found is None:
            if len(self._moments) >= REMEMBERED:
                self._moments.clear()
            found = self._moments[minute] = self._at(minute * 60)
        return found

    def _at(self, seconds: int) -> Moment:
        now = datetime.fromtimestamp(seconds, UTC).astimezone(self._timezone)
        hour = hour_at(now, self._timezone)
        day = (now.month, now.day)
        if any(first <= day <= last for first, last in self._holidays):
            hour = Hour(False, hour.minute, hour.year_day)
        swing = sum(math.sin(seconds * speed + phase) for speed, phase in self._warmth)
        damp = sum(math.sin(seconds * speed + phase) for speed, phase in self._damp)
        outdoor = hour.outdoor + FRONT_C * swing
        dew_point = min(outdoor, hour.mean_outdoor + FRONT_C * swing - 5.0 + damp)
        return Moment(hour, outdoor, dew_point, hour.indoor_for(outdoor), hour.slot)


def relative_humidity(celsius: float, dew_point: float) -> float:
    """% of air at a temperature with a dew point in °C (Magnus formula, 17.625 and 243.04)."""

    def pressure(t: float) -> float:
        return math.exp(17.625 * t / (243.04 + t))

    return min(100.0 * pressure(dew_point) / pressure(celsius), 100.0)
