"""Which points or nodes of a site a rule watches; pure."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from alerts.plan_file import RuleFile, Select
from alerts.rule import Watches
from devices.catalog import Point, Site
from devices.kinds import KINDS
from devices.model import PlaceId


def selected(rule: RuleFile, site: Site, watches: Watches) -> tuple[str, ...]:
    """The ids that a rule watches on this site, in the site file's order."""
    if watches is Watches.NODES:
        items = [(node.id, node.id, node.room, "", "") for node in site.nodes.values()]
    else:
        items = [_item(point) for point in site.points.values()]
    return tuple(
        item[0]
        for item in items
        if _matches(rule.select, item, site)
        and not (rule.leave_out is not None and _matches(rule.leave_out, item, site))
    )


_Item = tuple[str, str, str, str, str]
"""Key, node, room, point ("" for a node), kind ("" for a node)."""


def _item(point: Point) -> _Item:
    return point.id, point.node, point.room, point.id, point.kind


def _matches(select: Select, item: _Item, site: Site) -> bool:
    _, node, room, point, kind = item
    place = site.places[PlaceId(room)]
    is_gate = place.type.endswith("-gate")

    def fits_any(patterns: Sequence[str], value: str) -> bool:
        return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)

    return (
        fits_any(select.kinds, kind)
        and fits_any(select.points, point)
        and (not select.rooms or (not is_gate and fits_any(select.rooms, room)))
        and (not select.gates or (is_gate and fits_any(select.gates, room)))
        and fits_any(select.nodes, node)
        and fits_any(select.room_types, place.type)
        and fits_any(select.groups, KINDS[kind].group if kind else "")
        and fits_any(select.buildings, place.building)
    )
