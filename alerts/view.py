"""LiveView: what is known of points and nodes now; the rules look at it."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from alerts.model import Alert
from alerts.rule import NodeView
from devices.catalog import Site
from devices.model import NodeId, NodeState, NodeStatus, PointId, Reading

MAX_WORD = 40
CHANGES = 64
"""So many changes of a text point are remembered."""


class LiveView:
    """Kept in memory by the one thread that judges; see `alerts.rule.View`."""

    def __init__(self, site: Site, started: datetime) -> None:
        self.started = started
        self.deaf = False
        self._site = site
        self._usable: dict[PointId, Reading] = {}
        self._newest: dict[PointId, Reading] = {}
        self._heard: dict[PointId, datetime] = {}
        self._nodes: dict[NodeId, NodeView] = {
            node: NodeView(True, started, started) for node in site.nodes
        }
        self._untold: list[Alert] = []
        self._boots: dict[NodeId, str] = {}
        self._changes: dict[PointId, deque[tuple[datetime, str]]] = {}
        self._said: dict[tuple[PointId, str], datetime] = {}

    def usable(self, point: PointId) -> Reading | None:
        return self._usable.get(point)

    def newest(self, point: PointId) -> Reading | None:
        return self._newest.get(point)

    def heard(self, point: PointId) -> datetime | None:
        return self._heard.get(point)

    def said(self, point: PointId, value: str) -> datetime | None:
        return self._said.get((point, value))

    def spent(self, point: PointId, value: str, since: datetime, until: datetime) -> timedelta:
        total, end = timedelta(), until
        for at, said in reversed(self._changes.get(point, ())):
            if said == value and end > since:
                total += end - max(at, since)
            end = min(end, at)
            if at <= since:
                break
        return total

    def node(self, node: NodeId) -> NodeView:
        return self._nodes[node]

    def untold(self, node: NodeId, but: str) -> int:
        return sum(
            1
            for alert in self._untold
            if alert.rule != but
            and (alert.key == node or self._node_of(PointId(alert.key)) == node)
        )

    def learn_untold(self, alerts: Iterable[Alert]) -> None:
        """The alerts that called for somebody and reached nobody, as it is now."""
        self._untold = list(alerts)

    def _node_of(self, key: PointId) -> str:
        point = self._site.points.get(key)
        return point.node if point else ""

    def listen_anew(self, now: datetime) -> None:
        """The connection is back: that nothing was heard before says nothing."""
        self.started = now
        self.deaf = False

    def keep(self, reading: Reading, now: datetime | None) -> None:
        """After it was judged. `now` is when it arrived; None: it comes from the store."""
        point = reading.point
        self._newest[point] = reading
        if reading.quality.usable:
            self._usable[point] = reading
            if isinstance(reading.value, str):
                self._said[point, reading.value[:MAX_WORD]] = reading.at
                changes = self._changes.get(point)
                if changes is None:
                    changes = self._changes[point] = deque(maxlen=CHANGES)
                if not changes or changes[-1][1] != reading.value:
                    changes.append((reading.at, reading.value))
        if now is not None:
            self._heard[point] = now
            self._sign_of_life(NodeId(self._site.points[point].node), now)

    def status(self, node: NodeId, status: NodeStatus, retained: bool, now: datetime) -> bool:
        """What a node says of itself, or the broker in its name; True where it began anew."""
        known = self._nodes[node]
        anew = self._boots.get(node) not in (None, status.boot)
        self._boots[node] = status.boot
        if status.state is NodeState.OFFLINE:
            since = known.offline_since or now
            self._nodes[node] = NodeView(
                False, known.heard, known.online_since, since, known.status
            )
            return False
        # A retained word may be hours old; it tells that nobody has taken it back.
        heard = known.heard if retained else now
        anew = anew or not known.online
        since = now if anew else known.online_since
        self._nodes[node] = NodeView(True, heard, since, status=status)
        return anew

    def _sign_of_life(self, node: NodeId, now: datetime) -> None:
        known = self._nodes[node]
        # A reading published before the node fell silent may arrive after its last will.
        self._nodes[node] = NodeView(
            known.online, now, known.online_since, known.offline_since, known.status
        )
