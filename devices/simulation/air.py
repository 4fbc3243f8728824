"""Air: the temperature, humidity and carbon dioxide that a room's points share in a course."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from devices.model import Value
from devices.simulation.models import Breath, Room
from devices.simulation.script import Span, during
from devices.simulation.timetable import COOKING, Slot
from devices.simulation.weather import Moment, relative_humidity

LONGEST_STEP_S = 900.0


@dataclass(slots=True)
class Elapsed:
    """Seconds since it was asked last, at most LONGEST_STEP_S."""

    at: int = -1

    def seconds(self, ms: int) -> float:
        before, self.at = self.at, max(self.at, ms)
        return 0.0 if before < 0 else min(max(0, ms - before) / 1000, LONGEST_STEP_S)


_SHARE = {
    Slot.LESSON: 1.0, Slot.BREAK: 0.5, Slot.LUNCH: 0.2, Slot.CLUBS: 0.5, Slot.ARRIVAL: 0.3,
}  # fmt: skip
"""The share of a class that is in its room, by the part of the day."""


@dataclass(slots=True)
class Indoor:
    """A room's air and people; `advance` moves all of it on at once."""

    room: Room
    random: Random
    pupils: int
    """Of a class whose room this is; 0 elsewhere."""
    warmer: float = 0.0
    """°C above other rooms: a kitchen while cooking."""
    airing: Sequence[Span] = ()
    unheated: Sequence[Span] = ()
    breath: Breath = field(default_factory=Breath)
    people: float = 0.0
    _part: int = -1
    _here: float = 1.0
    _elapsed: Elapsed = field(default_factory=Elapsed)

    def advance(self, moment: Moment, ms: int) -> None:
        seconds = self._elapsed.seconds(ms)
        hour = moment.hour
        if self._part != hour.part:
            self._part = hour.part
            self._here = 0.0 if self.random.random() < 0.15 else self.random.uniform(0.9, 1.0)
            # A lesson elsewhere (sports, music), or a few pupils ill.
        self.people = self.pupils * self._here * _SHARE.get(moment.slot, 0.0)
        room = self.room
        aired = moment.slot is Slot.BREAK and 12.0 < moment.outdoor < 27.0
        room.windows = 1.0 if during(self.airing, ms) else (0.3 if aired else 0.0)
        target = moment.indoor + 0.02 * self.people
        if during(self.unheated, ms):
            target = min(target, moment.outdoor + 3.0 + 0.05 * self.people)
        if self.warmer and hour.within(COOKING):
            target += self.warmer
        room.step(seconds, target, moment.outdoor)
        self.breath.step(seconds, self.people, room.windows)


@dataclass(slots=True)
class RoomTemperature:
    indoor: Indoor

    def read(self, moment: Moment, ms: int) -> Value:
        self.indoor.advance(moment, ms)
        return self.indoor.room.temperature + self.indoor.random.gauss(0, 0.03)


@dataclass(slots=True)
class RoomHumidity:
    indoor: Indoor

    def read(self, moment: Moment, ms: int) -> Value:
        indoor = self.indoor
        indoor.advance(moment, ms)
        # What people breathe out; open windows take it away.
        damp = moment.dew_point + (3.0 if indoor.people else 1.0) * (1 - indoor.room.windows)
        now = relative_humidity(indoor.room.temperature, damp)
        return min(max(now + indoor.random.gauss(0, 0.2), 0.0), 100.0)


@dataclass(slots=True)
class RoomCarbonDioxide:
    indoor: Indoor

    def read(self, moment: Moment, ms: int) -> Value:
        self.indoor.advance(moment, ms)
        return max(self.indoor.breath.ppm + self.indoor.random.gauss(0, 6.0), 350.0)
