"""The school's gates: pupils stream in and out, visitors come, deliveries use the vehicle gate."""

from dataclasses import dataclass
from random import Random

from devices.simulation.actors import Later, happens
from devices.simulation.parts import CardBox, Reader, Switch
from devices.simulation.timetable import Hour, Slot

ARRIVALS_PER_HOUR = 1000.0
RELEASES_PER_HOUR = 600.0
VISITORS_PER_HOUR = 3.0
DELIVERIES_PER_HOUR = 2.0
ODD_SHARE = 0.004
"""The share of cards that are blocked or unknown."""
PRESS_S = 0.4


@dataclass(slots=True)
class Gate:
    """A gate with what it has of contact, reader and exit button."""

    contact: Switch
    reader: Reader | None
    button: Switch | None
    vehicles: bool
    cards: CardBox
    later: Later
    random: Random
    streaming: bool = False

    def step(self, hour: Hour, seconds: float) -> None:
        if self.vehicles:
            if hour.slot is Slot.EARLY and happens(self.random, DELIVERIES_PER_HOUR, seconds):
                self._pass(self.random.uniform(20, 50))
            return
        if hour.gates_open != self.streaming:
            self.streaming = hour.gates_open
            if self.streaming:
                self.press_exit()
                self.later(1.0, lambda: self.contact.wish(True))
            else:
                self.contact.wish(False)
        if self.streaming:
            rate = ARRIVALS_PER_HOUR if hour.slot is Slot.ARRIVAL else RELEASES_PER_HOUR
            if happens(self.random, rate, seconds):
                self._badge()
        elif hour.occupied and happens(self.random, VISITORS_PER_HOUR, seconds):
            self._pass(self.random.uniform(4, 8))

    def begin(self, hour: Hour) -> None:
        """As it is at this hour, before anybody looks."""
        self.streaming = hour.gates_open and not self.vehicles
        self.contact.wish(self.streaming)

    def recover(self) -> None:
        self.contact.release()

    def badge(self, verdict: str) -> None:
        """Hold a card that is granted, denied or unknown to the reader."""
        if self.reader is not None:
            self.reader.read(self.cards.draw(verdict, self.random))

    def press_exit(self) -> None:
        if self.button is not None:
            press(self.button, self.later)

    def _badge(self) -> None:
        odd = self.random.random() < ODD_SHARE
        self.badge(self.random.choice(("denied", "unknown")) if odd else "granted")

    def _pass(self, seconds: float) -> None:
        """One person or car, by card or button; the gate opens a second later."""
        if self.reader is not None and (self.button is None or self.random.random() < 0.5):
            self.badge("granted")
        else:
            self.press_exit()
        self.later(1.0, lambda: self.contact.wish(True))
        self.later(1.0 + seconds, self._shut)

    def _shut(self) -> None:
        if not self.streaming:
            self.contact.wish(False)


def press(button: Switch, later: Later) -> None:
    """A finger on a button for 0.4 s."""
    button.hold(True)
    later(PRESS_S, button.release)
