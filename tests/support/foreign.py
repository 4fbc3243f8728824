"""Messages of foreign devices, heard by a real interpreter with the real template sandbox."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from collectors.templates import SandboxedTemplates
from devices.foreign.interpreter import Interpreter
from devices.foreign.said import Outcome


class Listener:
    """Hears messages one after the other, as the bridge does."""

    def __init__(self) -> None:
        self.templates = SandboxedTemplates()
        self._interpreter = Interpreter(self.templates)

    def hear(self, topic: str, payload: Any) -> Outcome:
        """A payload that is neither text nor bytes is sent as JSON."""
        if isinstance(payload, str):
            payload = payload.encode()
        elif not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        return self._interpreter.hear(topic, payload)

    def values(self, topic: str, payload: Any) -> dict[str, tuple[str, Any, str]]:
        """field: (quantity, value, unit) of all readings of a message."""
        return {
            value.field: (value.quantity, value.value, value.unit)
            for heard in self.hear(topic, payload).heard
            for value in heard.values
        }

    def discover(self, topic: str, **config: Any) -> Outcome:
        """A Home Assistant discovery."""
        return self.hear(f"homeassistant/{topic}/config", config)


def signs(outcome: Outcome) -> dict[str, Any]:
    return {sign.field: sign.value for heard in outcome.heard for sign in heard.signs}


def dropped(outcome: Outcome) -> dict[str, str]:
    return {drop.field: drop.reason for heard in outcome.heard for drop in heard.dropped}


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.templates.close()
