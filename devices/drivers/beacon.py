"""Beacon: lamp and buzzer of a guard post, each on a pin of its own (by relay or transistor)."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from devices.catalog import Point
from devices.driver import DRIVERS, Driver, Emit, Surroundings
from devices.drivers.pins import Gpio, open_output
from devices.drivers.switched import switching_among_gas
from devices.errors import DeviceError
from devices.model import Sample, ValueType

_LEVELS = {"on": (True, True), "silent": (True, False), "off": (False, False)}
"""State -> lamp, buzzer."""


@dataclass(frozen=True, slots=True)
class BeaconOptions:
    lamp: Gpio = field(metadata={"text": "BCM number of the lamp's pin, high is lit"})
    buzzer: Gpio = field(metadata={"text": "BCM number of the buzzer's pin, high is loud"})
    active_high: bool = field(
        default=True,
        metadata={"text": "`false` for relay boards that switch at low, for lamp and buzzer"},
    )


@DRIVERS.register("beacon")
class Beacon(Driver):
    """An output: `beacon` with `state` on (lamp and buzzer), silent (lamp) or off."""

    Options = BeaconOptions
    value_type = ValueType.TEXT

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._opened = ExitStack()
        self._lock = Lock()
        self._state: str | None = None

    @classmethod
    def pins(cls, options: Any) -> tuple[str, ...]:
        return (f"GPIO{options.lamp}", f"GPIO{options.buzzer}")

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        yield from switching_among_gas(around)

    def start(self, emit: Emit) -> None:
        options: BeaconOptions = self.options
        try:
            self._lamp = open_output(self.point.id, options.lamp, active_high=options.active_high)
            self._opened.callback(self._lamp.close)
            self._buzzer = open_output(
                self.point.id, options.buzzer, active_high=options.active_high
            )
            self._opened.callback(self._buzzer.close)
        except DeviceError:
            self._opened.close()
            raise
        self._emit = emit
        self._show("off")

    def sample(self) -> Iterable[Sample]:
        with self._lock:
            if self._state is not None:
                yield Sample(self._state)

    def command(self, do: str, args: Mapping[str, Any]) -> None:
        state = args.get("state")
        if do != "beacon" or state not in _LEVELS:
            raise DeviceError(
                f"{self.point.id} cannot {do} {state!r}: it takes beacon with state on, silent, off"
            )
        if self._state is None:
            raise DeviceError(f"{self.point.id} is not open: its pins could not be used")
        self._show(state)

    def close(self) -> None:
        """Dark and silent: a node that ends must not leave a siren on."""
        with self._lock:
            if self._state is not None:
                self._state = None
                self._lamp.set(False)
                self._buzzer.set(False)
            self._opened.close()

    def _show(self, state: str) -> None:
        with self._lock:
            lamp, buzzer = _LEVELS[state]
            self._lamp.set(lamp)
            self._buzzer.set(buzzer)
            self._state = state
            self._emit(Sample(state))
