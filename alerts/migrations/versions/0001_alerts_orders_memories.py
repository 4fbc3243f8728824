"""Alerts with their transitions and deliveries, maintenance entries, what the rules remember."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, length: int = 0) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length) if length else sa.Text, nullable=False)


def _ms(name: str, required: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=not required)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False)


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(32), primary_key=True),
        _text("rule", 40), _text("plan_version", 16), _text("severity", 16), _text("area", 16),
        _text("key", 200), sa.Column("point", sa.String(200)), _text("place", 64),
        _text("state", 16), _ms("raised_at", True), _text("text"), _text("text_en"),
        _text("value"), _flag("no_data"), _flag("active"), _ms("changed_at"),
        _ms("acknowledged_at"), _text("acknowledged_by", 200), _ms("returned_at"),
        _ms("closed_at"), _ms("shelved_until"), _text("note"),
    )  # fmt: skip
    op.create_index("ix_alerts_rule_key", "alerts", ["rule", "key"])
    for column in ("point", "state", "raised_at"):
        op.create_index(f"ix_alerts_{column}", "alerts", [column])
    op.create_table(
        "transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert", sa.String(32), sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("was", sa.String(16)), _text("now_is", 16), _ms("at", True), _text("why", 16),
        _text("who", 200), _text("note"),
    )  # fmt: skip
    op.create_index("ix_transitions_alert", "transitions", ["alert"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("alert", sa.String(32), sa.ForeignKey("alerts.id"), nullable=False),
        _ms("at", True), _text("channel", 32), _text("receiver", 64), _text("state", 16),
        _text("why", 16), _text("reason"), sa.Column("attempt", sa.Integer, nullable=False),
    )  # fmt: skip
    for column in ("alert", "state"):
        op.create_index(f"ix_deliveries_{column}", "deliveries", [column])
    op.create_table(
        "memories",
        sa.Column("rule", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        _ms("at", True), _ms("since"), _flag("breached"), _flag("no_data"),
        sa.Column("level", sa.Integer, nullable=False), _text("fault", 32), _ms("good_since"),
        _text("data"),
    )  # fmt: skip
    op.create_table(
        "checkpoints", sa.Column("name", sa.String(200), primary_key=True), _ms("at", True)
    )
    op.create_table(
        "answers", sa.Column("id", sa.String(128), primary_key=True), _ms("at", True),
        _text("payload"),
    )  # fmt: skip
    op.create_index("ix_answers_at", "answers", ["at"])
    op.create_table(
        "work_orders",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        _text("state", 16), _text("fault", 32), sa.Column("point", sa.String(200)),
        _text("asset", 64), _text("place", 64), _text("title"), _text("title_en"),
        _text("evidence"), _ms("reported_at", True), _text("reported_by", 200),
        _ms("changed_at", True), _text("assigned_to", 200), _text("action"), _ms("recovered_at"),
    )  # fmt: skip
    for column in ("state", "point"):
        op.create_index(f"ix_work_orders_{column}", "work_orders", [column])
    op.create_table(
        "work_order_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order", sa.String(32), sa.ForeignKey("work_orders.id"), nullable=False),
        _ms("at", True), _text("state", 16), _text("who", 200), _text("what", 16),
        _text("note"),
    )  # fmt: skip
    op.create_index("ix_work_order_events_order", "work_order_events", ["order"])


def downgrade() -> None:
    for table in ("work_order_events", "work_orders", "answers", "checkpoints", "memories",
                  "deliveries", "transitions", "alerts"):  # fmt: skip
        op.drop_table(table)
