"""Which points belong to the canteen, a classroom or a gate; what several pages ask alike."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from dashboard.panels import PointPanel, panels
from dashboard.section import parts
from devices.model import PlaceId

CLASSROOMS = ("classroom", "special")
UNIT_KINDS = (
    "temperature-cold", "temperature-frozen", "temperature-sample", "temperature-hot",
)  # fmt: skip
ON_WATTS = 30.0
"""Equipment that draws more is taken as on: the default of the rule for power left on."""


def day_start(now: datetime) -> datetime:
    """The school's last midnight."""
    local = now.astimezone(parts().site.timezone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def canteen_points() -> list[PointPanel]:
    """Cold units, hot holding and the sample fridge."""
    return panels(parts().site.points_of(*UNIT_KINDS))


def room_points(points: Iterable[PointPanel]) -> list[PointPanel]:
    """Those that tell how a room stands now, not those that speak on events only."""
    return [point for point in points if not point.events_only]


def equipment_on(points: Iterable[PointPanel]) -> bool | None:
    """Whether a room's equipment draws power now; None where that is not known."""
    powers = [p for p in points if p.kind.key == "power"]
    known = [p for p in powers if p.reading is not None and not p.condition.stale]
    if not known:
        return None
    return any(
        isinstance(p.reading.value, float) and p.reading.value > ON_WATTS
        for p in known
        if p.reading is not None
    )


def beside(unit: PointPanel, kind: str) -> PointPanel | None:
    """The point of `kind` that belongs to the same unit: the same id up to its last part."""
    stem = unit.id.rpartition("/")[0]
    found = [p for p in parts().site.points_of(kind) if p.id.rpartition("/")[0] == stem]
    return panels(found)[0] if found else None


def panels_in(place: PlaceId) -> Sequence[PointPanel]:
    return panels(parts().site.points_in(place))
