"""Watching the live stream for broken sensors: each reading's quality by what its sensor does."""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from collectors.faults.episode import Episode, FaultName
from collectors.faults.figures import SPIKE_COUNT
from collectors.faults.group import NO_LIMITS, Group
from collectors.quality import Grader
from collectors.store import EventQuery, Store
from devices.catalog import Site
from devices.errors import StoreMisconfigured, StoreUnavailable
from devices.model import Fact, Kind, PointId, Quality, ValueType

log = logging.getLogger(__name__)

WATCHED = frozenset(
    ("temperature-cold", "temperature-frozen", "temperature-sample", "temperature-room",
     "temperature-rack", "humidity")
)  # fmt: skip
"""Kinds with habits of their own at every hour. What people switch on and off, such as hot holding,
disinfection or power, is now still and now restless: of it only the plain grades are told."""
AMBIENT = frozenset(("temperature-room", "temperature-rack", "humidity"))
"""Sensors of one room share its air. Two fridges share nothing."""
INERT = "temperature"
"""Air may turn humid from one minute to the next; nothing becomes warm as quickly."""
RECALLED = timedelta(days=2)
RECALLED_READINGS = 3000
"""Of each point, when ingest starts: its habits are learned again from the store."""
RECALL_S = 20.0
"""No start waits longer for it."""
QUALITIES = {
    FaultName.FROZEN: Quality.FROZEN,
    FaultName.NOISE: Quality.NOISE,
    FaultName.JUMP: Quality.JUMP,
    FaultName.DRIFT: Quality.DRIFT,
    FaultName.BIAS: Quality.BIAS,
    FaultName.SPIKE: Quality.SPIKE,
}


class Watch:
    """Grades by the plain rules first, then by habits and siblings in the same room.

    A reading carries the quality of the fault under way at its point: it then raises no alarm, and
    the engine opens a work order. Late readings are graded by what is known and teach nothing.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._grader = Grader(site.kinds)
        self._kinds: Mapping[PointId, Kind] = site.kinds
        self._groups: dict[tuple[str, str], Group] = {}
        self._group_of: dict[PointId, Group | None] = {}

    def renew(self) -> None:
        """The points have changed; what is known of those that stay is kept."""
        self._group_of.clear()

    def grade_all(self, facts: Sequence[Fact], now: int) -> list[Fact]:
        """The facts that arrived at `now` (ms), in their order, each with its quality."""
        graded = self._grader.grade_all(facts, now)
        groups = self._group_of
        for position, fact in enumerate(graded):
            point = fact[0]
            try:
                group = groups[point]
            except KeyError:
                group = groups[point] = self._group(point)
            if group is None or fact[3] is not Quality.GOOD or type(fact[2]) is not float:
                continue
            track = group.observe(point, fact[1] / 1000, fact[2])
            opened = track.opened
            if opened is not None:
                fault = opened.fault()
                if fault is FaultName.SPIKE and len(track.spikes) < SPIKE_COUNT:
                    continue  # a lone one is over before it is told
                graded[position] = (*fact[:3], QUALITIES[fault], *fact[4:])
        return graded

    def recall(self, store: Store, now: datetime) -> None:
        """Learn the habits again from what the store holds of the last two days."""
        watched = [PointId(p) for p in self._site.points if self._group(PointId(p)) is not None]
        begun = time.monotonic()
        found: list[tuple[float, PointId, float]] = []
        try:
            for point in watched:
                query = EventQuery([point], now - RECALLED, now, limit=RECALLED_READINGS)
                for reading in store.events(query):
                    if reading.quality is Quality.GOOD and type(reading.value) is float:
                        found.append((reading.at.timestamp(), point, reading.value))
                if time.monotonic() - begun > RECALL_S:
                    log.info("the habits of some sensors are learned anew: too many to read again")
                    break
        except (StoreUnavailable, StoreMisconfigured) as error:
            log.info("the sensors' habits are learned anew: %s", error)
        found.sort()
        for at, point, value in found:
            group = self._group(point)
            if group is not None:
                group.observe(point, at, value)

    def _group(self, point: PointId) -> Group | None:
        kind = self._kinds.get(point)
        place = self._site.points.get(point)
        if kind is None or place is None or kind.value_type is not ValueType.NUMBER:
            return None
        if kind.key not in WATCHED:
            return None
        key = kind.key, place.room
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(
                _told, NO_LIMITS, alike=kind.key in AMBIENT, inert=kind.measurement == INERT
            )
        return group


def _told(episode: Episode) -> None:
    log.info(
        "%s was %s for %.0f min: %s", episode.device, episode.fault,
        (episode.end - episode.start) / 60, episode.evidence,
    )  # fmt: skip
