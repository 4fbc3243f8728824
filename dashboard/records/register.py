"""The tables of the maintenance registers: assets, stock, planned tasks, write-offs."""

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dashboard.records.schema import Table


class AssetRow(Table):
    """固定资产卡片; dates as YYYY-MM-DD."""

    __tablename__ = "assets"

    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(32))
    code: Mapped[str] = mapped_column(String(32))
    code_edition: Mapped[str] = mapped_column(String(32))
    brand: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(100), index=True)
    serial: Mapped[str] = mapped_column(String(100))
    value: Mapped[float | None]
    acquired_how: Mapped[str] = mapped_column(String(32))
    acquired_on: Mapped[str | None] = mapped_column(String(10))
    department: Mapped[str] = mapped_column(String(100))
    user: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(64), index=True)
    keeper: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(16), index=True)
    life_years: Mapped[float | None]
    warranty_until: Mapped[str | None] = mapped_column(String(10))
    photo: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[int] = mapped_column(BigInteger)


class AssetEventRow(Table):
    """What happened to an asset; only ever added to."""

    __tablename__ = "asset_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text)


class ConsumableRow(Table):
    __tablename__ = "consumables"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    spec: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(16))
    min_stock: Mapped[float]
    place: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)


class StockMoveRow(Table):
    """One line of 耗材进出登记; the database itself refuses to change or delete one."""

    __tablename__ = "stock_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    consumable: Mapped[int] = mapped_column(ForeignKey("consumables.id"), index=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    direction: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[float]
    delta: Mapped[float]
    unit_price: Mapped[float | None]
    department: Mapped[str] = mapped_column(String(100))
    receiver: Mapped[str] = mapped_column(String(100))
    purpose: Mapped[str] = mapped_column(String(200))
    handler: Mapped[str] = mapped_column(String(200))
    voucher: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)
    order: Mapped[str] = mapped_column(String(32), index=True)


class TaskRow(Table):
    """Planned work; never deleted, only stopped."""

    __tablename__ = "maintenance_tasks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    every: Mapped[str] = mapped_column(String(16))
    first_due: Mapped[str] = mapped_column(String(10))
    asset: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(16))
    steps: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    made_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(BigInteger)


class WriteOffRow(Table):
    """报废流程 of one asset."""

    __tablename__ = "write_offs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    photo: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(200))
    at: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[int] = mapped_column(BigInteger)
    approval: Mapped[str] = mapped_column(String(200))
    disposal: Mapped[str] = mapped_column(String(32))
    data_wiped: Mapped[bool]
    proceeds: Mapped[float | None]


class WriteOffEventRow(Table):
    """Each signature and step of a write-off; only ever added to."""

    __tablename__ = "write_off_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    write_off: Mapped[str] = mapped_column(ForeignKey("write_offs.id"), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(200))
    signer: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)
