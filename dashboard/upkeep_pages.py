"""The sections of the maintenance log and its registers, listed once for the application."""

from dashboard.api import assets as api_assets
from dashboard.api import consumables, work_orders
from dashboard.section import Section
from dashboard.views import assets, labels, maintenance, order_log, photos, report, stock

UPKEEP: tuple[Section, ...] = (
    maintenance.section, order_log.section, photos.section, assets.section, stock.section,
    labels.section, report.section, work_orders.section, api_assets.section, consumables.section,
)  # fmt: skip
