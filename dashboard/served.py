"""Served: every device of the school with its model, and since when its data show it in service."""

from datetime import UTC, datetime, time

from collectors.store import SeriesQuery
from dashboard.fitted import fittings
from dashboard.page import name_of
from dashboard.records.assets import Asset
from dashboard.reliability import Served
from dashboard.section import parts
from devices.catalog import Point
from devices.errors import CampusError
from devices.model import PointId, ValueType

ASKED = 60
"""So many devices are looked up in the store at most; for others their papers count."""
BUCKETS = 100


def served(start: datetime, end: datetime, failed: set[str]) -> list[Served]:
    """Devices by points, nodes, and cards without a point; `failed` are asked for in the store."""
    here, known = parts(), fittings()
    cards = {asset.number: asset for asset in here.upkeep.assets.every()}
    points: dict[str, list[Point]] = {}
    for point in here.site.points.values():
        points.setdefault(known.device_of(point, end), []).append(point)
    asked, found = 0, list[Served]()
    for device, behind in points.items():
        card = cards.pop(device.removeprefix("asset:"), None)
        since = _by_paper(card) or start
        since = max([since, *(f.at for p in behind for f in known.history(PointId(p.id))
                              if f.at <= end and f"asset:{f.asset}" == device)])  # fmt: skip
        if device in failed and asked < ASKED:
            asked += 1
            since = max(since, _by_data(behind, max(since, start), end))
        name = name_of(card) if card else name_of(behind[0])
        found.append(Served(device, name, _model(card, behind[0]), since))
    found += [Served(f"node:{node.id}", name_of(node), "Raspberry Pi", start)
              for node in here.site.nodes.values()]  # fmt: skip
    found += [Served(f"asset:{number}", name_of(card), _model(card, None), _by_paper(card) or start)
              for number, card in cards.items()]  # fmt: skip
    return found


def _model(card: Asset | None, point: Point | None) -> str:
    if card is not None and card.model:
        return f"{card.brand} {card.model}".strip()
    if point is not None:
        kind = parts().site.kinds[PointId(point.id)]
        return f"{point.driver or '-'} · {kind.label}"
    return card.name if card is not None else "-"


def _by_paper(card: Asset | None) -> datetime | None:
    if card is None or card.acquired_on is None:
        return None
    return datetime.combine(card.acquired_on, time(0), parts().site.timezone).astimezone(UTC)


def _by_data(points: list[Point], start: datetime, end: datetime) -> datetime:
    """The first moment within the period of which the store has a value of it."""
    firsts: list[datetime] = []
    for point in points:
        id = PointId(point.id)
        if parts().site.kinds[id].value_type is not ValueType.NUMBER or start >= end:
            continue
        try:
            buckets = parts().store.series(SeriesQuery(id, start, end, BUCKETS))
        except CampusError:
            continue
        firsts += [bucket.at for bucket in buckets[:1]]
    return max(min(firsts, default=start), start)
