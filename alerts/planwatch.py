"""PlanWatch: the plan at work; a changed file takes its place only where it has no mistake."""

import logging
import os

from alerts.plan import Plan, load_plan
from devices.errors import ConfigError

log = logging.getLogger(__name__)

EVERY_S = 3.0
"""How often the file is looked at."""

_Stamp = tuple[int, int, int]


class PlanWatch:
    """`trouble` says in words why the file as it is now is not at work."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.trouble = ""
        self._seen = self._stamp()
        self._looked_at = 0.0
        self._points = plan.site.look()

    def look(self, monotonic: float) -> Plan | None:
        """The new plan, once, where the file or the points of the site have changed."""
        points = self.plan.site.look()
        if points != self._points:
            self._points = points
            self._seen = self._stamp()
            return self._load(anew=True)
        if monotonic - self._looked_at < EVERY_S:
            return None
        self._looked_at = monotonic
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        self._seen = stamp
        return self._load()

    def _load(self, anew: bool = False) -> Plan | None:
        try:
            plan = load_plan(self.plan.path, self.plan.site)
        except (ConfigError, OSError) as error:
            count = len(error.problems) if isinstance(error, ConfigError) else 1
            self.trouble = (
                f"the changed plan is not at work, version {self.plan.version} still is: "
                f"{count} mistakes, see campus plan check; the first: {str(error).splitlines()[0]}"
            )
            log.error("%s", self.trouble)
            return None
        self.trouble = ""
        if plan.version == self.plan.version and not anew:
            return None
        log.info("version %s of the safety plan is at work, %d rules", plan.version,
                 len(plan.rules))  # fmt: skip
        self.plan = plan
        return plan

    def _stamp(self) -> _Stamp | None:
        try:
            found = os.stat(self.plan.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
