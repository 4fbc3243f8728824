"""Switches, probes, wires and readers: what hangs on a bench's pins, and how each can fail."""

from enum import StrEnum
from random import Random

from devices.drivers.cards import card_token
from devices.drivers.frames import Card
from devices.simulation.bench import Bench

BOUNCES = 3
OUT_OF_RANGE_C = 124.9375
POWER_ON_C = 85.0
FULL = 1023


class Failure(StrEnum):
    """How a sensor fails."""

    UNPLUGGED = "unplugged"
    POWER_ON = "power-on"
    FROZEN = "frozen"
    OUT_OF_RANGE = "out-of-range"


class Switch:
    """A contact or button. `wish` is the day's plan; a mishap holds it until the plan moves it."""

    def __init__(self, bench: Bench, gpio: int, closed_is_calm: bool) -> None:
        self._bench = bench
        self._gpio = gpio
        self.closed_is_calm = closed_is_calm
        self._wish = False
        self._held: bool | None = None
        bench.set_pin(gpio, self._level(False))

    @property
    def tripped(self) -> bool:
        """Open, wet or pressed."""
        return self._wish if self._held is None else self._held

    def wish(self, tripped: bool) -> None:
        if tripped != self._wish:
            self._wish, self._held = tripped, None
            self._apply()

    def hold(self, tripped: bool) -> None:
        self._held = tripped
        self._apply()

    def release(self) -> None:
        self._held = None
        self._apply()

    def _apply(self) -> None:
        self._bench.set_pin(self._gpio, self._level(self.tripped), BOUNCES)

    def _level(self, tripped: bool) -> bool:
        """A made switch pulls its pin to ground."""
        return tripped == self.closed_is_calm


class Probe:
    """A DS18B20."""

    def __init__(self, bench: Bench, address: str) -> None:
        self._bench = bench
        self._address = address
        self.failure: Failure | None = None

    def show(self, celsius: float) -> None:
        match self.failure:
            case None:
                self._bench.show_temperature(self._address, celsius)
            case Failure.UNPLUGGED:
                self._bench.unplug(self._address)
            case Failure.POWER_ON:
                self._bench.show_temperature(self._address, POWER_ON_C)
            case Failure.OUT_OF_RANGE:
                self._bench.show_temperature(self._address, OUT_OF_RANGE_C)
            case Failure.FROZEN:
                pass


class Wire:
    """A voltage on a converter's channel; one that is torn off, or beyond its range, is at the
    rail, and it knows no power-on value."""

    def __init__(self, bench: Bench, chip: int, channel: int) -> None:
        self._bench = bench
        self._chip = chip
        self._channel = channel
        self.failure: Failure | None = None

    def show(self, raw: float) -> None:
        if self.failure is Failure.FROZEN:
            return
        broken = self.failure is not None
        self._bench.set_channel(self._chip, self._channel, FULL if broken else raw)


class CardBox:
    """The cards of a simulated school: the same for all its gates, drawn by the seed."""

    def __init__(self, seed: int, count: int = 300) -> None:
        random = Random(f"{seed} cards")
        numbers = random.sample(range(1 << 16), count + 20)
        facility = random.randrange(1, 256) << 16
        cards = [Card(26, facility | number) for number in numbers]
        self.granted, self.denied, self.unknown = cards[:count], cards[count:-10], cards[-10:]
        self.key = random.randbytes(16).hex()

    def allow_list(self) -> str:
        """The text of the allow-list file."""
        key = self.key.encode()
        staff = len(self.granted) // 10
        lines = [f"{card_token(key, card)} staff" for card in self.granted[:staff]]
        lines += [f"{card_token(key, card)} student" for card in self.granted[staff:]]
        lines += [f"{card_token(key, card)} denied" for card in self.denied]
        return "\n".join(("# made by the simulation", *lines)) + "\n"

    def draw(self, verdict: str, random: Random) -> Card:
        """A card of those that are `granted`, `denied` or `unknown`."""
        known = {"granted": self.granted, "denied": self.denied, "unknown": self.unknown}
        return random.choice(known[verdict])


class Reader:
    """A Wiegand badge reader."""

    def __init__(self, bench: Bench, d0: int, d1: int) -> None:
        self._bench = bench
        self._lines = (d0, d1)
        for gpio in self._lines:
            bench.set_pin(gpio, True)

    def read(self, card: Card) -> None:
        self._bench.pulse(*self._lines, frame_bits(card))


def frame_bits(card: Card) -> str:
    """The bits of a card's frame: even parity first, odd parity last."""
    width = card.length - 2
    data = f"{card.number:0{width}b}"
    first, second = data[: width // 2], data[width // 2 :]
    return f"{first.count('1') % 2}{data}{1 - second.count('1') % 2}"
