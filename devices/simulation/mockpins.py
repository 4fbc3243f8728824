"""gpiozero's mock pins with wires that persist, and an MCP3008 that answers on the mock SPI bus.

Imported only when a simulation starts, because gpiozero is.
"""

from collections.abc import Callable, Sequence
from typing import Any

from gpiozero.pins import SPI
from gpiozero.pins.mock import MockFactory, MockPin

_SELECT = {"GPIO8": 0, "GPIO7": 1}
_START_TO_RESULT = 7
"""Bits from the start bit to the first result bit: mode, channel (3), sampling, null."""
_RESULT_BITS = 10


class WiredPin(MockPin):  # type: ignore[misc]
    """A mock pin whose wire has a level of its own, stronger than the pull resistor.

    Without it, a driver that sets its pull-up at start would change the level it is to find.
    """

    wire: bool | None = None
    stamp: float | None = None

    def drive(self, level: bool, at: float | None = None) -> None:
        """Put the wire to a level; the edge reaches the driver as from hardware.

        `at` is the second that a kernel would stamp it with, None: now.
        """
        self.wire, self.stamp = level, at
        if self.function == "input":
            self.drive_high() if level else self.drive_low()

    def _call_when_changed(self) -> None:
        if self.stamp is not None:
            self._last_change = self.stamp
        super()._call_when_changed()

    def slip_past(self, level: bool) -> None:
        """Put the wire to a level without telling an edge."""
        self.wire = level
        self._change_state(level)

    def _set_pull(self, value: str) -> None:
        if self.wire is None:
            super()._set_pull(value)
        else:
            self._pull = value
            self.drive(self.wire)


class MockMCP3008(SPI):  # type: ignore[misc]
    """Decodes the request's bits as the converter does, and answers with the channel's level."""

    def __init__(self, pin_factory: "BenchFactory", select_pin: str, **_pins: str) -> None:
        super().__init__(pin_factory=pin_factory)
        self._levels = pin_factory.converters[_SELECT[select_pin]]

    def transfer(self, data: Sequence[int]) -> list[int]:
        asked = [word >> bit & 1 for word in data for bit in range(7, -1, -1)]
        answer = [0] * len(asked)
        start = asked.index(1) if 1 in asked else len(asked)
        single, channel = asked[start + 1 : start + 2], asked[start + 2 : start + 5]
        if single == [1] and len(channel) == 3:
            shown = self._levels[channel[0] << 2 | channel[1] << 1 | channel[2]]
            level = shown() if callable(shown) else shown
            for position in range(_RESULT_BITS):
                at = start + _START_TO_RESULT + position
                if at < len(answer):
                    answer[at] = level >> (_RESULT_BITS - 1 - position) & 1
        return [
            sum(bit << 7 - place for place, bit in enumerate(answer[at : at + 8]))
            for at in range(0, len(answer), 8)
        ]


class BenchFactory(MockFactory):  # type: ignore[misc]
    """Makes wired pins; `converters` holds the levels (0 to 1023) of two MCP3008, or what gives
    the level of the moment."""

    def __init__(self) -> None:
        super().__init__(pin_class=WiredPin)
        self.converters: list[list[int | Callable[[], int]]] = [[0] * 8, [0] * 8]

    def _get_spi_class(self, shared: bool, hardware: bool) -> Any:
        return MockMCP3008
