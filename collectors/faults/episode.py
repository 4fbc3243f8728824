"""What the detector says: a fault of a device, from when to when, and what shows it."""

from dataclasses import dataclass, field
from enum import StrEnum

SITE = "*"
"""Stands for the device where a fault is that of several at once: their node, or the site."""


class FaultName(StrEnum):
    """The kinds of fault; the quality flag and the work order carry the same words."""

    FROZEN = "frozen"
    NOISE = "noise"
    JUMP = "jump"
    DRIFT = "drift"
    BIAS = "bias"
    SPIKE = "spike"
    OUT_OF_RANGE = "out-of-range"
    ERROR_VALUE = "error-value"
    SILENT = "silent"
    NODE_SILENT = "node-silent"
    SITE_SILENT = "site-silent"
    BATTERY = "battery"


@dataclass(slots=True)
class Episode:
    """One fault of one device; times are s since 1970 UTC, evidence is for people and orders."""

    device: str
    fault: FaultName
    start: float
    end: float
    evidence: dict[str, float | str] = field(default_factory=dict)
