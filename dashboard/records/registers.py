"""Registers: the maintenance pages' own tables in the register, opened once."""

from alerts.database import open_database
from dashboard.records.accounts import MIGRATIONS
from dashboard.records.assets import Assets
from dashboard.records.stock import Stock
from dashboard.records.tasks import Tasks
from dashboard.records.writeoffs import WriteOffs
from devices.service import Clock


class Registers:
    """At a SQLAlchemy address. Raises RecordsError where it cannot be used."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._engine = open_database(url, "records.register", MIGRATIONS, "alembic_version")
        self.assets = Assets(self._engine, clock)
        self.stock = Stock(self._engine, clock)
        self.tasks = Tasks(self._engine, clock)
        self.write_offs = WriteOffs(self._engine, clock, self.assets)

    def close(self) -> None:
        self._engine.dispose()
