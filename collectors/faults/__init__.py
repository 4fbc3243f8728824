"""Recognising broken sensors while their readings come; docs/sensor-faults.md says how and why."""

from collectors.faults.detector import Detector
from collectors.faults.episode import SITE, Episode, FaultName

__all__ = ["SITE", "Detector", "Episode", "FaultName"]
