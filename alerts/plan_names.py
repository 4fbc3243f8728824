"""The names that a plan gives and uses: what is known, what is not, and the nearest to it; pure."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from alerts.calendar import CONDITIONS
from alerts.plan_file import RuleFile
from alerts.plan_people import Escalation, Route

Finding = tuple[str, str, str]
"""Where, what, remedy."""


@dataclass(frozen=True, slots=True)
class Names:
    """The ids that a file gives, also those of tables with mistakes in them."""

    roles: frozenset[str]
    contacts: frozenset[str]
    shifts: frozenset[str]
    rules: frozenset[str]
    conditions: frozenset[str]
    routes: int
    """How many routes there are, with those that have mistakes."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Names":
        roles, contacts, shifts, rules = (
            _ids(data.get(name)) for name in ("role", "contact", "shift", "rule")
        )
        conditions = frozenset((*CONDITIONS, *table_of(table_of(data, "calendar"), "windows")))
        routes = data.get("route")
        count = len(routes) if isinstance(routes, list) else 0
        return cls(roles, contacts, shifts, rules, conditions, count)

    @property
    def people(self) -> frozenset[str]:
        return self.roles | self.contacts


def _ids(rows: Any) -> frozenset[str]:
    rows = rows if isinstance(rows, list) else []
    return frozenset(str(row.get("id")) for row in rows if isinstance(row, dict))


def table_of(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name)
    return table if isinstance(table, dict) else {}


def nearest(word: str, known: Iterable[str]) -> str:
    """Did you mean …, or what there is."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "use " + ", ".join(words[:12]) if words else "there is none"


def unknown(where: str, word: str, what: str, known: Iterable[str]) -> Finding:
    return where, f"there is no {what} {word!r}", nearest(word, known)


def conditions(where: str, words: Sequence[str], names: Names) -> Iterator[Finding]:
    for word in words:
        if word not in names.conditions:
            yield unknown(where, word, "calendar condition or window", names.conditions)


def fits(route: Route | Escalation, rule: RuleFile) -> bool:
    """Whether a route or escalation is for a rule's alerts, whatever their severity and time."""
    return (not route.rules or any(fnmatchcase(rule.id, p) for p in route.rules)) and (
        not route.areas or rule.area in route.areas
    )
