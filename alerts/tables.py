"""The tables of the engine's book; times in ms UTC, values and evidence as JSON."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """All tables of the book."""


class AlertRow(Table):
    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_rule_key", "rule", "key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    rule: Mapped[str] = mapped_column(String(40))
    plan_version: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(16))
    area: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(200))
    point: Mapped[str | None] = mapped_column(String(200), index=True)
    place: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    raised_at: Mapped[int] = mapped_column(BigInteger, index=True)
    text: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    no_data: Mapped[bool]
    active: Mapped[bool]
    changed_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str] = mapped_column(String(200))
    returned_at: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[int | None] = mapped_column(BigInteger)
    shelved_until: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text)
    latches: Mapped[bool]
    late: Mapped[bool]
    suppressed_by: Mapped[str] = mapped_column(String(200))
    called_at: Mapped[int | None] = mapped_column(BigInteger)
    reminded_at: Mapped[int | None] = mapped_column(BigInteger)
    escalated: Mapped[int]
    occurrences: Mapped[int]
    ending: Mapped[str | None] = mapped_column(String(16))
    ended_by: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[int | None] = mapped_column(BigInteger)


class TransitionRow(Table):
    __tablename__ = "transitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    alert: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    was: Mapped[str | None] = mapped_column(String(16))
    now_is: Mapped[str] = mapped_column(String(16))
    at: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)


class DeliveryRow(Table):
    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    alert: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(32))
    receiver: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    why: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int]


class MemoryRow(Table):
    """What a rule remembers of a point or node, so that a hold time survives a restart."""

    __tablename__ = "memories"

    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[int | None] = mapped_column(BigInteger)
    breached: Mapped[bool]
    no_data: Mapped[bool]
    level: Mapped[int]
    fault: Mapped[str] = mapped_column(String(32))
    good_since: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[str] = mapped_column(Text)


class CheckpointRow(Table):
    """Up to which source time of a point the engine has judged."""

    __tablename__ = "checkpoints"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)


class AnswerRow(Table):
    """What was answered to a command, so that asking again with its id does nothing twice."""

    __tablename__ = "answers"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    payload: Mapped[str] = mapped_column(Text)


class OrderRow(Table):
    __tablename__ = "work_orders"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    fault: Mapped[str] = mapped_column(String(32))
    point: Mapped[str | None] = mapped_column(String(200), index=True)
    asset: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[int] = mapped_column(BigInteger)
    reported_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[int] = mapped_column(BigInteger)
    assigned_to: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(Text)
    recovered_at: Mapped[int | None] = mapped_column(BigInteger)
    device: Mapped[str] = mapped_column(String(240), index=True)
    queue: Mapped[str] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(16))
    points: Mapped[str] = mapped_column(Text)
    broken: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(40))
    description: Mapped[str] = mapped_column(Text)
    photos: Mapped[str] = mapped_column(Text)
    reports: Mapped[int]
    accepted_by: Mapped[str] = mapped_column(String(200))
    accepted_at: Mapped[int | None] = mapped_column(BigInteger)
    contractor: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[int | None] = mapped_column(BigInteger)
    waiting: Mapped[str | None] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(Text)
    cost: Mapped[float | None]
    done_by: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[int | None] = mapped_column(BigInteger)
    verified_by: Mapped[str] = mapped_column(String(200))
    verified_at: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[str | None] = mapped_column(String(16))
    rating: Mapped[int | None]
    rating_note: Mapped[str] = mapped_column(Text)
    down_from: Mapped[int | None] = mapped_column(BigInteger)
    down_to: Mapped[int | None] = mapped_column(BigInteger)
    down_s: Mapped[float | None]
    task: Mapped[str] = mapped_column(String(64), index=True)


class OrderEventRow(Table):
    __tablename__ = "work_order_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[str] = mapped_column(ForeignKey("work_orders.id"), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)


class FittingRow(Table):
    """Which device sits at a point, from when on; only ever added to."""

    __tablename__ = "fittings"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[str] = mapped_column(String(200), index=True)
    asset: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[int] = mapped_column(BigInteger)
    was: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)


class CalibrationRow(Table):
    """What is added to the values of a point, from when on; only ever added to."""

    __tablename__ = "calibrations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[str] = mapped_column(String(200), index=True)
    asset: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[float]
    who: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[float | None]
    shown: Mapped[float | None]
    note: Mapped[str] = mapped_column(Text)


class MuteRow(Table):
    """What is out of service or under maintenance, from when, until when, by whom and why."""

    __tablename__ = "mutes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    targets: Mapped[str] = mapped_column(Text)
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int | None] = mapped_column(BigInteger, index=True)
    who: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[int] = mapped_column(BigInteger)
    ended_by: Mapped[str] = mapped_column(String(200))


class PlanRow(Table):
    """Each version of the safety plan that was at work, whole; alerts name the one they rose by."""

    __tablename__ = "plans"

    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    text: Mapped[str] = mapped_column(Text)
