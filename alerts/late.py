"""Late: readings that come long after newer ones of their point are judged at their own time.

A node that comes back says first what is so now and then what was. What had to be told then is
told now, as having happened earlier; it is over by what is known since.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from alerts.judge import Judge
from alerts.model import Verdict
from alerts.plan import Plan
from alerts.rule import Outcome, Rule
from alerts.view import LiveView
from devices.catalog import Site
from devices.model import Reading

SAME = timedelta(seconds=60)
"""An alert raised so near to that time is about the same thing: the reading only came twice."""

Raised = Callable[[str, str, datetime, datetime], bool]
"""Whether an alert of a rule and key was raised between two moments."""


class LateJudge:
    """The plan's rules over the past, beside the present and without touching it."""

    def __init__(self, site: Site, plan: Plan, started: datetime, raised: Raised) -> None:
        self._site, self._started, self._raised = site, started, raised
        self.adopt(plan)

    def adopt(self, plan: Plan) -> None:
        """Another version of the plan is at work."""
        self._judge = Judge(plan, LiveView(self._site, self._started), {})

    def check(self, late: Reading, newest: Reading) -> Iterator[tuple[Rule, Verdict, Verdict]]:
        """What was breached at that time, and that it is over since."""
        for rule, verdict in self._judge.check(late, None):
            if rule.outcome is not Outcome.ALERT or not verdict.breached:
                continue
            if self._raised(verdict.rule, verdict.key, verdict.at - SAME, verdict.at + SAME):
                continue
            over = Verdict(verdict.rule, verdict.key, False, newest.at, newest.value)
            yield rule, verdict, over
