"""The sections of the maintenance log and its registers, listed once for the application."""

from dashboard.api import work_orders
from dashboard.section import Section
from dashboard.views import maintenance, order_log, photos

UPKEEP: tuple[Section, ...] = (
    maintenance.section, order_log.section, photos.section, work_orders.section,
)  # fmt: skip
