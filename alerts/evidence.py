"""Evidence: what is known of a fault when it is found: values, neighbours, battery, the node."""

from collections.abc import Mapping
from typing import Any

from alerts.model import Verdict
from alerts.rule import View
from devices.catalog import Point, Site
from devices.model import NodeId, PointId, Reading

MOST_NEIGHBOURS = 6
BATTERY_KEYS = ("battery", "voltage", "signal", "rssi", "link_quality")
"""Details of a reading that tell of its sensor's own state."""


def evidence_of(site: Site, verdict: Verdict, view: View) -> Mapping[str, Any]:
    """As JSON can hold it; times in ISO 8601."""
    point = site.points.get(PointId(verdict.key))
    found: dict[str, Any] = {"reason": verdict.text}
    if point is None:
        if verdict.key in site.nodes:
            found |= {"node": verdict.key, "node_health": _node(NodeId(verdict.key), view)}
        return found
    id = PointId(point.id)
    newest, good, kind = view.newest(id), view.usable(id), site.kinds[id]
    if verdict.fault == "silent":
        if newest is not None:
            found |= {"last_value": newest.value, "last_at": newest.at.isoformat()}
    else:
        found |= {"value": verdict.value, "at": verdict.at.isoformat()}
    if verdict.fault == "out-of-range":
        found |= {"low": kind.low, "high": kind.high}
    if good is not None:
        found |= {"last_good": good.value, "last_good_at": good.at.isoformat()}
    found |= _battery(newest)
    neighbours = _neighbours(site, point, view)
    if neighbours:
        found["neighbours"] = neighbours
    return found | {"node": point.node, "node_health": _node(NodeId(point.node), view)}


def _battery(newest: Reading | None) -> dict[str, Any]:
    detail = newest.detail if newest is not None else {}
    return {key: detail[key] for key in BATTERY_KEYS if key in detail}


def _neighbours(site: Site, point: Point, view: View) -> list[dict[str, Any]]:
    """What others of its kind say now: in its room first, else on its node."""
    alike = [p for p in site.points.values() if p.kind == point.kind and p.id != point.id]
    near = [p for p in alike if p.room == point.room]
    near = near or [p for p in alike if p.node == point.node]
    found: list[dict[str, Any]] = []
    for other in near:
        reading = view.newest(PointId(other.id))
        if reading is not None:
            found.append({
                "point": other.id, "value": reading.value, "at": reading.at.isoformat(),
                "quality": reading.quality.value,
            })  # fmt: skip
    return found[:MOST_NEIGHBOURS]


def _node(node: NodeId, view: View) -> dict[str, Any]:
    known = view.node(node)
    status = known.status
    found: dict[str, Any] = {"online": known.online, "heard": known.heard.isoformat()}
    if status is not None:
        told = {
            "clock": status.clock.value, "outbox": status.outbox, "cpu_c": status.cpu_c,
            "disk_free": status.disk_free, "throttled": status.throttled,
            "version": status.version,
        }  # fmt: skip
        found |= {key: value for key, value in told.items() if value not in (None, "")}
        if status.faults:
            found["faults"] = [f"{f.point or node}: {f.text or f.reason}" for f in status.faults]
    return found
