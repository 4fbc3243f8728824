"""Asking the engine: nothing counts as done before it says so."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import current_app

from dashboard.auth import person
from dashboard.problems import EngineRefused, EngineSilent
from dashboard.section import parts
from devices import wire
from devices.errors import TransportError, WireError

PATIENCE_S = 5.0
"""Seconds to wait for the engine, unless the application's ENGINE_PATIENCE_S says otherwise."""
MAX_NOTE = 2000


def ask_engine(
    verb: str, alert: str = "", note: str = "", until: datetime | None = None
) -> dict[str, Any]:
    """The engine's answer. Raises EngineSilent or EngineRefused."""
    return _ask(verb, alert, person().signature, note[:MAX_NOTE], until)


def _ask(
    verb: str, alert: str, who: str, note: str, until: datetime | None = None
) -> dict[str, Any]:
    id = secrets.token_hex(8)
    command = wire.Command(verb, id, alert, who, note, until)
    try:
        payload = parts().requester.ask(
            wire.command_topic(verb),
            wire.encode_command(command),
            current_app.config.get("ENGINE_PATIENCE_S", PATIENCE_S),
        )
        answer = wire.decode_object(payload)
    except (TimeoutError, TransportError, WireError) as error:
        raise EngineSilent(
            f"the alarm engine did not answer ({error}); nothing is confirmed, try again"
        ) from error
    if answer.get("ok") is not True:
        raise EngineRefused(str(answer.get("error") or "the alarm engine refused"))
    changed = answer.get("alert")
    if isinstance(changed, dict) and changed.get("id"):
        parts().hub.learn_alert(changed)
    return answer


def ask_bridge(wish: Mapping[str, Any]) -> dict[str, Any]:
    """The bridge's answer about a found device. Raises EngineSilent or EngineRefused."""
    bridge = parts().site.bridge
    if bridge is None:
        raise EngineRefused("the site file names no bridge: add bridge.node and start it")
    try:
        payload = parts().requester.ask(
            wire.devices_topic(bridge.node),
            orjson.dumps({**wish, "who": person().signature}),
            current_app.config.get("ENGINE_PATIENCE_S", PATIENCE_S),
        )
        answer = wire.decode_object(payload)
    except (TimeoutError, TransportError, WireError) as error:
        raise EngineSilent(
            f"the bridge did not answer ({error}); nothing is confirmed, try again"
        ) from error
    if answer.get("ok") is not True:
        raise EngineRefused(str(answer.get("error") or "the bridge refused"))
    parts().site.look()
    return answer


def ask_about_order(order: str, do: str, wish: Mapping[str, Any], who: str = "") -> dict[str, Any]:
    """A change of the maintenance log; `who` names somebody who is not logged in.

    Raises EngineSilent or EngineRefused.
    """
    return ask_with("work-order", order, {"do": do, **wish}, who)


def ask_with(verb: str, about: str, wish: Mapping[str, Any], who: str = "") -> dict[str, Any]:
    """A command whose note is an object; its texts are to be checked for length before."""
    return _ask(verb, about, who or person().signature, orjson.dumps(dict(wish)).decode())
