"""Planned work: filters, self-tests, calibrations, the check before term; and when each is due."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from alerts.order import Queue
from dashboard.records.fields import BadField, Given, day, text, word
from dashboard.records.register import TaskRow
from devices.model import to_ms
from devices.service import Clock


class Every(StrEnum):
    """How often."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    TERM = "term"
    """Before each term begins, where the plan's calendar has terms; else every half year."""
    HALF_YEAR = "half-year"
    YEAR = "year"


DAYS = {
    Every.WEEK: 7, Every.MONTH: 30, Every.QUARTER: 91, Every.TERM: 182, Every.HALF_YEAR: 182,
    Every.YEAR: 365,
}  # fmt: skip
BEFORE_TERM = timedelta(days=5)
"""The check before term is due so long before its first day; our own figure."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of planned work; `steps` are lines to go by."""

    id: str
    title: str
    title_en: str
    every: Every
    first_due: date
    asset: str
    place: str
    queue: Queue
    steps: str
    active: bool
    made_by: str

    def due(self, done: date | None, terms: Sequence[date]) -> date:
        """When it is due next, last done on `done`; `terms` are the first days of terms."""
        if done is None:
            return self.first_due
        if self.every is Every.TERM:
            ahead = [begin - BEFORE_TERM for begin in sorted(terms)]
            later = [at for at in ahead if at > done + timedelta(days=30)]
            if later:
                return later[0]
        return done + timedelta(days=DAYS[self.every])

    def as_json(self) -> dict[str, Any]:
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**plain, "first_due": self.first_due.isoformat()}


SUGGESTED: tuple[tuple[str, str, Every, Queue, str], ...] = (
    ("清洗投影机防尘滤网", "Clean the projectors' filters", Every.MONTH, Queue.IT,
     "关机，等风扇停\n取下滤网，吸尘或清洗，晾干\n装回，记下灯泡时间"),
    ("UPS 自检和放电测试", "UPS self-test and discharge test", Every.QUARTER, Queue.IT,
     "先通知用机房的人\n按自检键，看是否转电池\n记下剩余时间；电池满 3 年的列入更换"),
    ("传感器校准（两点）", "Calibrate the sensors at two points", Every.TERM, Queue.IT,
     "冰水 0 ℃ 和热水各比一次标准温度计\n偏差登记在“校准”\n偏差大于 1 ℃ 的更换"),
    ("备份恢复演练", "Restore a backup for practice", Every.TERM, Queue.IT,
     "在另一台电脑上恢复最近一次备份\n打开页面核对昨天的数据"),
    ("节点和交换机除尘、检查接线", "Dust nodes and switches, check the cables", Every.HALF_YEAR,
     Queue.IT, "断电\n除尘\n检查接线和固定"),
    ("清洗油烟罩和滤油网", "Wash the kitchen hood and its filters", Every.MONTH,
     Queue.LOGISTICS, "停火、断电\n拆洗滤油网\n擦净罩体，装回后试风"),
    ("油烟管道清洗（外包）", "Clean the kitchen duct (contractor)", Every.QUARTER,
     Queue.LOGISTICS, "联系单位\n现场拍前后照片\n留存清洗报告"),
    ("燃气报警器和切断阀测试", "Test the gas alarm and the cut-off valve", Every.MONTH,
     Queue.LOGISTICS, "用试验按钮，不用打火机\n看阀门是否关断，排风是否启动\n人工复位"),
    ("应急灯、疏散指示和灭火器检查", "Check emergency lights, exit signs and extinguishers",
     Every.MONTH, Queue.LOGISTICS, "逐个按测试键\n看压力表和有效期\n缺的补齐"),
    ("消防设施全面检测", "Full test of the fire facilities", Every.YEAR, Queue.LOGISTICS,
     "委托有资质的单位\n检测记录存档"),
    ("开学检查", "Check before term", Every.TERM, Queue.LOGISTICS,
     "消防、用电、燃气\n食堂设备和留样冰箱\n校门、门禁、一键报警\n教室班班通、网络和机房\n校舍、围墙、悬挂物"),
)  # fmt: skip
"""What a school begins with; how often is common practice or our own figure, not law."""


class Tasks:
    """Raises BadField for a field that cannot be taken."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def suggest(self, today: date) -> None:
        """The suggested tasks, where there has never been one."""
        with Session(self._engine) as db, db.begin():
            if db.scalar(select(func.count()).select_from(TaskRow)):
                return
            for title, title_en, every, queue, steps in SUGGESTED:
                given = {
                    "title": title, "title_en": title_en, "every": every, "queue": queue,
                    "steps": steps, "first_due": today + timedelta(days=DAYS[every]),
                }  # fmt: skip
                db.add(self._row(given, "-"))

    def every(self) -> Sequence[Task]:
        with Session(self._engine) as db:
            return [_task(row) for row in db.scalars(select(TaskRow).order_by(TaskRow.title))]

    def get(self, id: str) -> Task | None:
        with Session(self._engine) as db:
            row = db.get(TaskRow, id)
        return _task(row) if row else None

    def add(self, given: Given, who: str) -> Task:
        with Session(self._engine, expire_on_commit=False) as db, db.begin():
            row = self._row(given, who)
            db.add(row)
        return _task(row)

    def set_active(self, id: str, active: bool) -> None:
        """Stopped, or taken up again; a task is never deleted, for entries refer to it."""
        with Session(self._engine) as db, db.begin():
            row = db.get(TaskRow, id)
            if row is None:
                raise BadField("task", "没有这个任务", "there is no such task")
            row.active = active

    def _row(self, given: Given, who: str) -> TaskRow:
        every = word(Every, given, "every", Every.MONTH)
        now = self._clock.now()
        first = day(given, "first_due") or now.date() + timedelta(days=DAYS[every])
        return TaskRow(
            id=secrets.token_hex(6), title=text(given, "title", 200, required=True),
            title_en=text(given, "title_en", 200), every=every, first_due=first.isoformat(),
            asset=text(given, "asset", 64), place=text(given, "place", 64),
            queue=word(Queue, given, "queue", Queue.LOGISTICS),
            steps=text(given, "steps", 2000), active=True, made_by=who[:200],
            created_at=to_ms(now),
        )  # fmt: skip


def _task(row: TaskRow) -> Task:
    return Task(
        row.id, row.title, row.title_en, Every(row.every), date.fromisoformat(row.first_due),
        row.asset, row.place, Queue(row.queue), row.steps, row.active, row.made_by,
    )  # fmt: skip
