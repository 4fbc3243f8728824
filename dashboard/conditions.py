"""Conditions: how a point, a place or the whole school stands, from data and open alerts; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from alerts.model import AlertState
from devices.model import Kind, Quality, Reading


class State(StrEnum):
    """What the screen shows by colour, shape and word; the first is the worst."""

    CRITICAL = "critical"
    MAJOR = "major"
    WARNING = "warning"
    FAULT = "fault"
    """The sensor, not what it measures."""
    INFO = "info"
    NO_DATA = "no-data"
    SHELVED = "shelved"
    NORMAL = "normal"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _RANKS[self]


_QUIET = (AlertState.SHELVED, AlertState.SUPPRESSED, AlertState.OUT_OF_SERVICE)
_RANKS = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Condition:
    """A state and whether the value it rests on is old."""

    state: State
    stale: bool = False


def is_stale(stale_after: float, at: datetime, now: datetime) -> bool:
    """Whether a value of that time is old; what speaks only on events (0) never is."""
    return stale_after > 0 and now - at > timedelta(seconds=stale_after)


def condition_of(
    kind: Kind,
    reading: Reading | None,
    alerts: Iterable[Mapping[str, Any]],
    now: datetime,
    stale_after: float | None = None,
    away: bool = False,
) -> Condition:
    """How a point stands: an open alert first, then whether its data can be believed.

    `stale_after` where it is not the kind's; `away` while its device is known to be offline.
    """  # fmt: skip
    old_after = kind.stale_after if stale_after is None else stale_after
    stale = reading is not None and is_stale(old_after, reading.at, now)
    states = [alert_state(alert) for alert in alerts]
    worst_alert = min((state for state in states if state), key=lambda s: s.rank, default=None)
    if worst_alert is not None and worst_alert is not State.SHELVED:
        return Condition(worst_alert, stale)
    if reading is None:
        silent = State.NO_DATA if kind.stale_after > 0 else State.NORMAL
        return Condition(worst_alert or silent)
    if stale or away:
        return Condition(State.NO_DATA, True)
    if reading.quality is Quality.WARMING:
        return Condition(State.NO_DATA)
    if not reading.quality.usable:
        return Condition(State.FAULT)
    return Condition(worst_alert or State.NORMAL)


def alert_state(alert: Mapping[str, Any]) -> State | None:
    """How an open alert colours its point; None once it is back to normal."""
    if alert.get("state") in _QUIET:
        return State.SHELVED
    if not alert.get("active", True):
        return None
    try:
        return State(str(alert.get("severity")))
    except ValueError:
        return State.WARNING


def worst(states: Iterable[State]) -> State:
    """The worst of several; normal where there are none."""
    return min(states, key=lambda state: state.rank, default=State.NORMAL)
