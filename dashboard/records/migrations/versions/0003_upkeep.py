"""Assets, stock with its ledger, planned tasks, write-offs; what is a ledger refuses changes."""

import sqlalchemy as sa
from alembic import op

revision = "upkeep"
down_revision = "canteen"
branch_labels = None
depends_on = None

LEDGERS = ("stock_moves", "asset_events", "write_off_events")


def _text(name: str, length: int = 0) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length) if length else sa.Text, nullable=False)


def _ms(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("number", sa.String(64), primary_key=True),
        _text("name", 200), _text("name_en", 200), _text("category", 32), _text("code", 32),
        _text("code_edition", 32), _text("brand", 100), _text("model", 100), _text("serial", 100),
        sa.Column("value", sa.Float), _text("acquired_how", 32),
        sa.Column("acquired_on", sa.String(10)), _text("department", 100), _text("user", 100),
        _text("place", 64), _text("keeper", 100), _text("status", 16),
        sa.Column("life_years", sa.Float), sa.Column("warranty_until", sa.String(10)),
        _text("photo", 64), _text("note"), _ms("created_at"), _ms("changed_at"),
    )  # fmt: skip
    op.create_table(
        "asset_events", sa.Column("id", sa.Integer, primary_key=True), _text("asset", 64),
        _ms("at"), _text("who", 200), _text("what", 32), _text("note"),
    )  # fmt: skip
    op.create_table(
        "consumables", sa.Column("id", sa.Integer, primary_key=True), _text("name", 100),
        _text("spec", 100), _text("unit", 16), sa.Column("min_stock", sa.Float, nullable=False),
        _text("place", 64), _text("note"), _ms("created_at"),
    )  # fmt: skip
    op.create_table(
        "stock_moves",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("consumable", sa.Integer, sa.ForeignKey("consumables.id"), nullable=False),
        _ms("at"), _text("direction", 16), sa.Column("quantity", sa.Float, nullable=False),
        sa.Column("delta", sa.Float, nullable=False), sa.Column("unit_price", sa.Float),
        _text("department", 100), _text("receiver", 100), _text("purpose", 200),
        _text("handler", 200), _text("voucher", 100), _text("note"), _text("order", 32),
    )  # fmt: skip
    op.create_table(
        "maintenance_tasks",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("title", 200), _text("title_en", 200), _text("every", 16), _text("first_due", 10),
        _text("asset", 64), _text("place", 64), _text("queue", 16), _text("steps"),
        sa.Column("active", sa.Boolean, nullable=False), _text("made_by", 200), _ms("created_at"),
    )  # fmt: skip
    op.create_table(
        "write_offs",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("asset", 64), _text("state", 16), _text("reason", 32), _text("detail"),
        _text("photo", 64), _text("who", 200), _ms("at"), _ms("changed_at"),
        _text("approval", 200), _text("disposal", 32),
        sa.Column("data_wiped", sa.Boolean, nullable=False), sa.Column("proceeds", sa.Float),
    )  # fmt: skip
    op.create_table(
        "write_off_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("write_off", sa.String(32), sa.ForeignKey("write_offs.id"), nullable=False),
        _ms("at"), _text("state", 16), _text("what", 16), _text("who", 200), _text("signer", 100),
        _text("note"),
    )  # fmt: skip
    for table, columns in {
        "assets": ("model", "place", "status"), "asset_events": ("asset",),
        "stock_moves": ("consumable", "at", "order"), "write_offs": ("asset", "state"),
        "write_off_events": ("write_off",),
    }.items():  # fmt: skip
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    _seal()


def _seal() -> None:
    """A line of a ledger can neither be changed nor taken out, by whatever program."""
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION campus_ledger() RETURNS trigger AS $$ BEGIN "
            "RAISE EXCEPTION 'this is a ledger: add a line instead'; END $$ LANGUAGE plpgsql"
        )
    for table in LEDGERS:
        for deed in ("UPDATE", "DELETE"):
            name = f"{table}_no_{deed.lower()}"
            if postgres:
                op.execute(f"CREATE TRIGGER {name} BEFORE {deed} ON {table} "
                           "FOR EACH ROW EXECUTE FUNCTION campus_ledger()")  # fmt: skip
            else:
                refuse = "SELECT RAISE(ABORT, 'this is a ledger: add a line instead')"
                op.execute(f"CREATE TRIGGER {name} BEFORE {deed} ON {table} BEGIN {refuse}; END")


def downgrade() -> None:
    for table in ("write_off_events", "write_offs", "maintenance_tasks", "stock_moves",
                  "consumables", "asset_events", "assets"):  # fmt: skip
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION campus_ledger()")
