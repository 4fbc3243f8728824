"""Mutes: what people took out of service, and maintenance windows that keep everything quiet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from alerts.lifecycle import NotPossible
from devices.catalog import Site
from devices.model import NodeId, PointId, from_ms

LONGEST_MAINTENANCE = timedelta(days=7)
"""A window that nobody remembers is how alarms get lost; our own figure."""


class MuteKind(StrEnum):
    OUT_OF_SERVICE = "out-of-service"
    """The thing is not used, such as an empty fridge: no alarm, no maintenance entry."""
    MAINTENANCE = "maintenance"
    """People work there: alarms are kept in the book, and nobody is told before its end."""


@dataclass(frozen=True, slots=True)
class Mute:
    """`targets` are patterns: a point as canteen/fridge-1/*, room:canteen, node:…, rule:…, or *."""

    id: str
    kind: MuteKind
    targets: tuple[str, ...]
    start: datetime
    end: datetime | None
    """None: until somebody ends it; only for what is out of service."""
    who: str
    reason: str
    made_at: datetime
    ended_by: str = ""

    def on(self, now: datetime) -> bool:
        return self.start <= now and (self.end is None or now < self.end)

    def over(self, now: datetime) -> bool:
        return self.end is not None and self.end <= now

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "kind": self.kind.value, "targets": list(self.targets),
            "start": self.start.isoformat(), "end": self.end.isoformat() if self.end else None,
            "who": self.who, "reason": self.reason, "made_at": self.made_at.isoformat(),
            "ended_by": self.ended_by,
        }  # fmt: skip


class Mutes:
    """Those that are not over; kept by the one thread that judges."""

    def __init__(self, site: Site, mutes: Iterable[Mute]) -> None:
        self._site = site
        self._mutes = {mute.id: mute for mute in mutes}

    def __iter__(self) -> Iterator[Mute]:
        return iter(list(self._mutes.values()))

    def out_of_service(self, rule: str, key: str, now: datetime) -> Mute | None:
        return self._first(MuteKind.OUT_OF_SERVICE, rule, key, now)

    def maintenance(self, rule: str, key: str, now: datetime) -> Mute | None:
        return self._first(MuteKind.MAINTENANCE, rule, key, now)

    def _first(self, kind: MuteKind, rule: str, key: str, now: datetime) -> Mute | None:
        for mute in self._mutes.values():
            if mute.kind is kind and mute.on(now) and self.covers(mute, rule, key):
                return mute
        return None

    def covers(self, mute: Mute, rule: str, key: str) -> bool:
        names = self._names(rule, key)
        return any(fnmatchcase(name, target) for target in mute.targets for name in names)

    def _names(self, rule: str, key: str) -> tuple[str, ...]:
        point = self._site.points.get(PointId(key))
        node = self._site.nodes.get(NodeId(point.node if point else key))
        room = point.room if point else node.room if node else ""
        return key, f"room:{room}", f"node:{node.id if node else key}", f"rule:{rule}"

    def take_over(self, now: datetime) -> list[Mute]:
        """Those that ended since the last time; they are forgotten here."""
        over = [mute for mute in self._mutes.values() if mute.over(now)]
        for mute in over:
            del self._mutes[mute.id]
        return over

    # --- what people ask ---------------------------------------------------------------------

    def make(self, id: str, wish: Mapping[str, Any], who: str, now: datetime) -> Mute:
        """A new one from what a page or program sent. Raises NotPossible."""
        try:
            kind = MuteKind(str(wish.get("kind")))
        except ValueError:
            known = ", ".join(MuteKind)
            raise NotPossible(f"`kind` 要写 {known} (use {known})") from None
        targets = self._targets(wish.get("targets"))
        start = _moment(wish, "start") or now
        end = _moment(wish, "end")
        reason = str(wish.get("reason") or "").strip()[:500]
        if not reason:
            raise NotPossible("没有写原因 (a reason is needed)")
        if end is not None and end <= max(start, now):
            raise NotPossible("结束时间要在开始之后 (the end must come after the start and now)")
        if kind is MuteKind.MAINTENANCE and (end is None or end - start > LONGEST_MAINTENANCE):
            days = LONGEST_MAINTENANCE.days
            raise NotPossible(f"检修最长 {days} 天 (maintenance ends within {days} days)")
        mute = Mute(id, kind, targets, start, end, who, reason, now)
        self._mutes[id] = mute
        return mute

    def _targets(self, given: Any) -> tuple[str, ...]:
        if not isinstance(given, list) or not given or not all(isinstance(t, str) for t in given):
            raise NotPossible("没有写停用或检修什么 (`targets` is a list of points or places)")
        for target in given:
            if not self._known(target):
                raise NotPossible(f"没有 {target[:60]} (nothing on this site is called so)")
        return tuple(dict.fromkeys(given))

    def _known(self, target: str) -> bool:
        what, colon, pattern = target.partition(":")
        if colon and what == "rule":
            return bool(pattern)
        places, nodes = list[str](self._site.places), list[str](self._site.nodes)
        if colon:
            ids = {"room": places, "node": nodes}.get(what, [])
        else:
            ids, pattern = [*self._site.points, *nodes], target
        return any(fnmatchcase(id, pattern) for id in ids)

    def end(self, id: str, who: str, now: datetime) -> Mute:
        """Ended by a person before its time. Raises NotPossible."""
        mute = self._mutes.get(id)
        if mute is None or mute.over(now):
            raise NotPossible("已经结束 (it is over already)")
        self._mutes[id] = ended = replace(mute, end=now, ended_by=who)
        return ended


def _moment(wish: Mapping[str, Any], name: str) -> datetime | None:
    given = wish.get(name)
    if given is None or given == "":
        return None
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 4_102_444_800_000:
        return from_ms(given)
    raise NotPossible(f"`{name}` 不是时间 (`{name}` is a time in ms since 1970)")
