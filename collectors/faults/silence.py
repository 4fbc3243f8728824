"""Silence: a sensor beyond its usual pauses; several at once are one fault of node or site."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collectors.faults import figures as f
from collectors.faults.episode import SITE, Episode, FaultName
from collectors.faults.track import Track

NAMED = 60
"""Of the devices of an outage, at most so many are named."""

Tell = Callable[[Episode], None]


def patience(track: Track) -> float:
    """Seconds without a reading that are still usual for this sensor."""
    return max(f.SILENT_PERIODS * track.period, f.SILENT_LEAST, f.SILENT_TIMES * track.pause)


@dataclass(slots=True)
class _Outage:
    start: float
    fault: FaultName
    members: list[str]
    missing: dict[str, Track]
    told: bool = False
    """It is over when half of its members speak; the others were part of it."""


class Silence:
    """Watches who has not been heard; `heard` and `check` tell episodes when they are over."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._outages: list[_Outage] = []

    def check(self, tracks: Iterable[Track], now: float) -> None:
        """Find who is overdue at `now`."""
        overdue = [
            track
            for track in tracks
            if not track.away and track.seen > 2 and now - track.at > patience(track)
        ]
        if not overdue:
            return
        last = max(track.at for track in overdue)
        speaking = [t for t in tracks if t.seen > 2 and t.at > last - f.SPEAKING]
        gone = [t for t in speaking if not t.away and abs(t.at - last) <= f.TOGETHER]
        whole = len(gone) >= max(2.0, f.OUTAGE_SHARE * len(speaking))
        if whole or len(gone) >= f.NODE_LEAST:
            fault = FaultName.SITE_SILENT if whole else FaultName.NODE_SILENT
            names = [track.name for track in gone]
            missing = {track.name: track for track in gone}
            self._outages.append(_Outage(min(t.at for t in gone), fault, names, missing))
            for track in gone:
                track.away = True
        for track in overdue:
            track.away = True

    def heard(self, track: Track, now: float) -> None:
        """A silent sensor speaks again; `track.at` is still the time of its last reading."""
        track.away = False
        for outage in self._outages:
            if track.name in outage.missing:
                del outage.missing[track.name]
                if not outage.told and 2 * len(outage.missing) <= len(outage.members):
                    outage.told = True
                    self._tell(_together(outage, now))
                if not outage.missing:
                    self._outages.remove(outage)
                return
        self._tell(_silent(track, now))

    def finish(self, tracks: Iterable[Track], now: float, ended: bool) -> None:
        """Tell what lasts until the end; single sensors only where `ended`, since the rows of one
        that was taken away end in the same way."""
        missing: set[str] = set()
        for outage in self._outages:
            missing.update(outage.missing)
            if not outage.told and (ended or len(outage.missing) < len(outage.members)):
                self._tell(_together(outage, now))
        for track in tracks:
            if ended and track.away and track.name not in missing:
                self._tell(_silent(track, now))


def _silent(track: Track, now: float) -> Episode:
    evidence: dict[str, float | str] = {
        "last_value": track.value,
        "usual_period_s": round(track.period, 1),
        "patience_s": round(patience(track)),
    }
    return Episode(track.name, FaultName.SILENT, track.at, now, evidence)


def _together(outage: _Outage, now: float) -> Episode:
    evidence: dict[str, float | str] = {"count": len(outage.members)}
    evidence["devices"] = " ".join(sorted(outage.members)[:NAMED])
    return Episode(SITE, outage.fault, outage.start, now, evidence)
