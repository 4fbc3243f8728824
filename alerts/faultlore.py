"""Faultlore: what each fault is called, what to do about it, and whose work it is."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alerts.order import Queue

REPORTED, HAZARD, TASK = "reported", "hazard", "task"
"""Faults that no detector found: a person said so, a hazard to put right, planned work."""
BY_PEOPLE = frozenset((REPORTED, HAZARD, TASK))
NODE_SILENT, SITE_SILENT = "node-silent", "site-silent"

_IT_KINDS = frozenset(("power", "link", "ups", "battery-charge", "backup-age", "lamp-hours"))
_IT_GROUPS = frozenset(("equipment", "server-room"))


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: its name, and the steps that find and mend it, in both languages."""

    name: str
    name_en: str
    steps: tuple[str, ...]
    steps_en: tuple[str, ...]
    queue: Queue = Queue.IT


@cache
def faults() -> Mapping[str, Fault]:
    """All of faultlore.toml, by name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {
        key: Fault(
            each["name"], each["name_en"], tuple(each["steps"]), tuple(each["steps_en"]),
            Queue(each.get("queue", Queue.IT)),
        )
        for key, each in table.items()
    }  # fmt: skip


def fault_of(key: str) -> Fault:
    """The fault of that name; one that only a newer detector knows has its name and no steps."""
    return faults().get(key) or Fault(key, key, (), ())


def queue_of(fault: str, kind: str = "", group: str = "") -> Queue:
    """Whose work it is: sensors and IT equipment are the IT staff's, the rest logistics'.

    `kind` and `group` are those of the point that stands for the device, where it has one.
    """
    if fault == REPORTED and (kind in _IT_KINDS or group in _IT_GROUPS):
        return Queue.IT
    return fault_of(fault).queue
