"""The canteen's own records: sheet entries, signatures and food samples."""

import sqlalchemy as sa
from alembic import op

revision = "canteen"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sheet_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("point", sa.String(120), nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("disposal", sa.String(16), nullable=False),
        sa.Column("shown", sa.Float),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_sheet_entries_day", "sheet_entries", ["day"])
    op.create_table(
        "sheet_signatures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("day", "part"),
    )
    op.create_index("ix_sheet_signatures_day", "sheet_signatures", ["day"])
    op.create_table(
        "food_samples",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("meal", sa.String(40), nullable=False),
        sa.Column("dish", sa.String(80), nullable=False),
        sa.Column("grams", sa.Integer, nullable=False),
        sa.Column("slot", sa.String(40), nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("kept_by", sa.String(64), nullable=False),
        sa.Column("destroyed_at", sa.BigInteger),
        sa.Column("destroyed_by", sa.String(64), nullable=False),
        sa.Column("sealed_by", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_food_samples_kept_at", "food_samples", ["kept_at"])


def downgrade() -> None:
    for table in ("food_samples", "sheet_signatures", "sheet_entries"):
        op.drop_table(table)
