"""Fitted: which device sits where and what is added to its values, as the engine's book says."""

from alerts.fittings import Calibration, Fittings
from dashboard.section import parts
from devices.errors import CampusError
from devices.model import PointId


def fittings() -> Fittings:
    """As of now; without any where the book cannot be read."""
    here = parts()
    try:
        return Fittings(here.site, here.book.fittings(), here.book.calibrations())
    except CampusError:
        return Fittings(here.site, (), ())


def overdue(point: str) -> Calibration | None:
    """The calibration of a point where the next one is overdue."""
    now = parts().clock.now()
    found = fittings().calibration(PointId(point), now)
    return found if found is not None and found.due_at < now else None
