"""Pins of this machine through gpiozero: opened with clear errors, on a Pi or on mock pins."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Protocol

from devices.checking import Limits
from devices.errors import DeviceError

Gpio = Annotated[int, Limits(ge=0, le=27)]
"""A BCM number of the 40-pin header."""

EdgeHandler = Callable[[float, int], None]
"""Called on gpiozero's thread with the kernel's seconds and the level: it only enqueues."""


class InputPin(Protocol):
    """One opened input."""

    def level(self) -> bool: ...

    def close(self) -> None: ...


class OutputPin(Protocol):
    """One opened output; `set(True)` is active."""

    def set(self, level: bool) -> None: ...

    def close(self) -> None: ...


class _Input:
    def __init__(self, gpio: int, pull_up: bool) -> None:
        from gpiozero import InputDevice

        self._device = InputDevice(gpio, pull_up=pull_up)

    def watch(self, handler: EdgeHandler, edges: Literal["both", "falling"]) -> None:
        self._device.pin.edges = edges
        self._device.pin.when_changed = handler

    def level(self) -> bool:
        return bool(self._device.pin.state)

    def close(self) -> None:
        if not self._device.closed:
            self._device.pin.when_changed = None
        self._device.close()


class _Output:
    def __init__(self, gpio: int, active_high: bool) -> None:
        from gpiozero import OutputDevice

        self._device = OutputDevice(gpio, active_high=active_high, initial_value=False)

    def set(self, level: bool) -> None:
        self._device.value = level

    def close(self) -> None:
        self._device.close()


def open_input(
    where: str,
    gpio: int,
    handler: EdgeHandler | None = None,
    *,
    pull_up: bool = True,
    edges: Literal["both", "falling"] = "both",
) -> InputPin:
    """An input with its pull resistor; `handler` is held weakly, as a method of a living driver.

    Raises DeviceError, naming `where` (the point), the pin and the remedy.
    """
    with plain_errors(where, f"GPIO{gpio}", "check that nothing else on this machine uses it"):
        pin = _Input(gpio, pull_up)
        if handler is not None:
            try:
                pin.watch(handler, edges)
            except BaseException:
                pin.close()
                raise
    return pin


def open_output(where: str, gpio: int, *, active_high: bool = True) -> OutputPin:
    """An output that is off at first: low, or high where low is active. Raises DeviceError."""
    with plain_errors(where, f"GPIO{gpio}", "check that nothing else on this machine uses it"):
        return _Output(gpio, active_high)


@contextmanager
def plain_errors(where: str, what: str, remedy: str) -> Iterator[None]:
    """Turns what gpiozero and the kernel raise into a DeviceError; makes the pins available first.

    Raises DeviceError, naming `where` (the point), `what` (the pin or chip) and the remedy.
    """
    ensure_pins(f"{where}: {what}")
    try:
        yield
    except DeviceError:
        raise
    except _troubles() as error:
        reason = str(error) or type(error).__name__
        raise DeviceError(f"{where}: {what} cannot be used ({reason}): {remedy}") from error


def ensure_pins(where: str) -> None:
    """Have gpiozero load its pin library: lgpio, or what GPIOZERO_PIN_FACTORY names.

    gpiozero's own search is passed over: it falls back to lesser libraries with a warning only.
    Raises DeviceError where there is none.
    """
    try:
        from gpiozero import Device
    except ImportError as error:
        raise DeviceError(
            f"{where}: gpiozero is not installed ({error}): pip install 'campus-monitor[node]'"
        ) from error
    if Device.pin_factory is not None:
        return
    named = os.environ.get("GPIOZERO_PIN_FACTORY")
    try:
        if named:
            Device.ensure_pin_factory()
        else:
            from gpiozero.pins.lgpio import LGPIOFactory

            Device.pin_factory = LGPIOFactory()
    except _troubles() as error:
        raise DeviceError(
            f"{where}: the pins of this machine cannot be used through {named or 'lgpio'} "
            f"({error or type(error).__name__}): run this on a Raspberry Pi with lgpio installed, "
            "in the group gpio and from a folder that can be written, or with --simulate"
        ) from error


def _troubles() -> tuple[type[Exception], ...]:
    """What gpiozero and its pin libraries raise; lgpio's own error is a bare Exception."""
    from gpiozero import GPIOZeroError

    lgpio: Any = sys.modules.get("lgpio")
    known = (GPIOZeroError, OSError, ImportError, RuntimeError, ValueError, AttributeError)
    return known if lgpio is None else (*known, lgpio.error)
