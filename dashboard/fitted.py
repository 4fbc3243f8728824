"""Fitted: which device sits where and what is added to its values, as the engine's book says."""

from alerts.fittings import Fittings
from dashboard.section import parts
from devices.errors import CampusError


def fittings() -> Fittings:
    """As of now; without any where the book cannot be read."""
    here = parts()
    try:
        return Fittings(here.site, here.book.fittings(), here.book.calibrations())
    except CampusError:
        return Fittings(here.site, (), ())
