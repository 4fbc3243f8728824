"""门卫交接班."""

import sqlalchemy as sa
from alembic import op

revision = "handovers"
down_revision = "upkeep"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("gate", sa.String(64), nullable=False),
        sa.Column("shift", sa.String(40), nullable=False),
        sa.Column("outgoing", sa.String(200), nullable=False),
        sa.Column("incoming", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("signed_at", sa.BigInteger),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("checks", "present", "events", "unfinished", "handling", "found")
        ),
    )
    op.create_index("ix_handovers_gate", "handovers", ["gate"])


def downgrade() -> None:
    op.drop_table("handovers")
