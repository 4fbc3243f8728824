"""How alerts call and end, what is muted, and every version of the plan."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MS = ("called_at", "reminded_at", "ended_at")
_FLAGS = ("latches", "late")
_TEXTS = ("suppressed_by", "ended_by")


def upgrade() -> None:
    with op.batch_alter_table("alerts") as table:
        for name in _MS:
            table.add_column(sa.Column(name, sa.BigInteger))
        for name in _FLAGS:
            table.add_column(sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
        for name in _TEXTS:
            table.add_column(sa.Column(name, sa.String(200), nullable=False, server_default=""))
        table.add_column(sa.Column("escalated", sa.Integer, nullable=False, server_default="0"))
        table.add_column(sa.Column("occurrences", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("ending", sa.String(16)))
    op.create_table(
        "mutes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("targets", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("ended_by", sa.String(200), nullable=False),
    )
    op.create_index("ix_mutes_end", "mutes", ["end"])
    op.create_table(
        "plans",
        sa.Column("version", sa.String(16), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("plans")
    op.drop_table("mutes")
    with op.batch_alter_table("alerts") as table:
        for name in (*_MS, *_FLAGS, *_TEXTS, "escalated", "occurrences", "ending"):
            table.drop_column(name)
