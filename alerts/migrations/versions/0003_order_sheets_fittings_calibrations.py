"""The whole maintenance sheet; which device sits where; calibrations."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MS = ("accepted_at", "started_at", "done_at", "verified_at", "closed_at", "down_from", "down_to")
_TEXTS = {
    "device": 240, "department": 100, "phone": 40, "accepted_by": 200, "contractor": 200,
    "done_by": 200, "verified_by": 200, "task": 64,
}  # fmt: skip
_LONG = {"description": "", "cause": "", "rating_note": "", "points": "[]", "broken": "[]",
         "photos": "[]"}  # fmt: skip
_FLOATS = ("cost", "down_s")
_NAMES = {"queue": "it", "urgency": "normal"}


def upgrade() -> None:
    with op.batch_alter_table("work_orders") as table:
        for name in _MS:
            table.add_column(sa.Column(name, sa.BigInteger))
        for name, length in _TEXTS.items():
            column = sa.Column(name, sa.String(length), nullable=False, server_default="")
            table.add_column(column)
        for name, default in (_LONG | _NAMES).items():
            kind = sa.String(16) if name in _NAMES else sa.Text()
            table.add_column(sa.Column(name, kind, nullable=False, server_default=default))
        for name in _FLOATS:
            table.add_column(sa.Column(name, sa.Float))
        for name in ("waiting", "result"):
            table.add_column(sa.Column(name, sa.String(16)))
        table.add_column(sa.Column("rating", sa.Integer))
        table.add_column(sa.Column("reports", sa.Integer, nullable=False, server_default="1"))
    op.create_index("ix_work_orders_device", "work_orders", ["device"])
    op.create_index("ix_work_orders_task", "work_orders", ["task"])
    # What was verified before there was a state after it is over.
    op.execute("UPDATE work_orders SET state = 'closed', closed_at = changed_at "
               "WHERE state = 'verified'")  # fmt: skip
    op.execute("UPDATE work_orders SET down_from = reported_at, down_to = recovered_at")
    _create("fittings", sa.Column("was", sa.String(64), nullable=False))
    _create(
        "calibrations",
        sa.Column("offset", sa.Float, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("reference", sa.Float),
        sa.Column("shown", sa.Float),
    )


def _create(name: str, *columns: "sa.Column[object]") -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("point", sa.String(200), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        *columns,
        sa.Column("note", sa.Text, nullable=False),
    )
    for column in ("point", "asset"):
        op.create_index(f"ix_{name}_{column}", name, [column])


def downgrade() -> None:
    op.drop_table("calibrations")
    op.drop_table("fittings")
    op.drop_index("ix_work_orders_task", "work_orders")
    op.drop_index("ix_work_orders_device", "work_orders")
    with op.batch_alter_table("work_orders") as table:
        for name in (*_MS, *_TEXTS, *_LONG, *_NAMES, *_FLOATS, "waiting", "result", "rating",
                     "reports"):  # fmt: skip
            table.drop_column(name)
