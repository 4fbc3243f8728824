"""操作记录."""

import sqlalchemy as sa
from alembic import op

revision = "trail"
down_revision = "handovers"
branch_labels = None
depends_on = None

LEAST_MS = 184 * 86_400_000
"""Six months, the longest six that a calendar has."""


def upgrade() -> None:
    op.create_table(
        "trail",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("deed", sa.String(16), nullable=False),
        sa.Column("about", sa.String(300), nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_index("ix_trail_at", "trail", ["at"])
    _seal()


def _seal() -> None:
    """No line is changed, and none is taken out within six months, by whatever program."""
    refuse = "the trail is only added to"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION campus_trail() RETURNS trigger AS $$ BEGIN "
            "IF TG_OP = 'DELETE' AND OLD.at < extract(epoch from now()) * 1000 - "
            f"{LEAST_MS} THEN RETURN OLD; END IF; "
            f"RAISE EXCEPTION '{refuse}'; END $$ LANGUAGE plpgsql"
        )
        op.execute(
            "CREATE TRIGGER trail_sealed BEFORE UPDATE OR DELETE ON trail "
            "FOR EACH ROW EXECUTE FUNCTION campus_trail()"
        )
        return
    no = f"BEGIN SELECT RAISE(ABORT, '{refuse}'); END"
    young = f"OLD.at >= strftime('%s', 'now') * 1000 - {LEAST_MS}"
    op.execute(f"CREATE TRIGGER trail_no_update BEFORE UPDATE ON trail {no}")
    op.execute(f"CREATE TRIGGER trail_no_delete BEFORE DELETE ON trail WHEN {young} {no}")


def downgrade() -> None:
    op.drop_table("trail")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION campus_trail()")
