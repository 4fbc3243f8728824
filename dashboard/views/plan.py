"""/plan: the safety plan: its rules with what they rest on, when they are at work, what if."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from alerts.coverage import AREA_NAMES, Cover, coverage
from alerts.holding import HoldingRule
from alerts.plan import Plan
from alerts.rule import Outcome, Rule
from alerts.wording import fill
from dashboard.page import language
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.trials import Trials
from devices.model import PointId

section = Section("plan", __name__, "/plan")
PREVIEW_DAYS = 14
DAY_MINUTES = 24 * 60
MAX_HOLD_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a day, in per cent of it, for the preview's bar."""

    left: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One day of the preview: what kind of day it is, and when the rule is at work."""

    date: date
    school: bool
    reason: str
    stretches: Sequence[Stretch]


@section.path("", Permission.VIEW)
def every() -> str:
    """Every rule by area, what is covered and how, and which version is at work."""
    plan, now = parts().plan, parts().clock.now()
    working = {
        rule.file.id for rule in plan.rules
        if plan.calendar.active(rule.file.when, rule.file.unless, now)
    }  # fmt: skip
    return render_template(
        "plan.html", plan=plan, covers=coverage(plan), area=area_name, working=working,
        trouble=parts().plan_trouble,
    )  # fmt: skip


def area_name(cover: Cover) -> str:
    return AREA_NAMES[cover.area][language() == "en"]


@section.path("/<rule>", Permission.VIEW)
def one(rule: str) -> str:
    """One rule: what it says, rests on and watches; its 14 days, stories and what-if."""
    found = _known(rule)
    plan, trials = parts().plan, _trials()
    keys = plan.keys(found)
    return render_template(
        "rule.html", plan=plan, rule=found, file=found.file, preview=_preview(plan, found),
        points=[parts().site.points[PointId(key)] for key in keys if key in parts().site.points],
        nodes=[node for id, node in parts().site.nodes.items() if id in keys],
        people=plan.people(found.file.call), trial=trials.of(rule),
        holds=isinstance(found, HoldingRule), alerts=found.outcome is Outcome.ALERT,
        in_words=_in_words, bounds=found.bounds(), unit=found.unit(keys[0]) if keys else "",
        own_hold=getattr(found.options, "hold_s", None), windows=_windows(plan, found),
    )  # fmt: skip


def _in_words(template: str) -> str:
    """What the plan says, with words where an alert has its figures."""
    given = {
        "place": _("地点"), "point": _("测点"), "node": _("节点"), "value": _("数值"),
        "limit": _("限值"), "side": _("高于或低于"), "since": _("几点"), "held": _("多久"),
        "window": _("时段"),
    }  # fmt: skip
    return fill(template, {name: f"〔{word}〕" for name, word in given.items()})


def _known(id: str) -> Rule:
    found = parts().plan.rule(id)
    if found is None:
        raise NotFound(f"the plan has no rule {id[:40]!r}")
    return found


def _trials() -> Trials:
    return cast(Trials, current_app.extensions["trials"])


def _windows(plan: Plan, rule: Rule) -> tuple[list[str], list[str]]:
    """`when` and `unless` in words."""

    def named(words: Sequence[str]) -> list[str]:
        fixed = {"always": _("任何时候"), "school-day": _("上课日"), "no-school-day": _("非上课日")}
        windows = plan.calendar.file.windows
        return [
            str(fixed[word]) if word in fixed
            else (windows[word].name_en or windows[word].name) if language() == "en"
            else windows[word].name
            for word in words
        ]  # fmt: skip

    return named(rule.file.when), named(rule.file.unless)


def _preview(plan: Plan, rule: Rule) -> list[PreviewDay]:
    """The next days from midnight on, each with its stretches at work."""
    calendar = plan.calendar
    today = calendar.local(parts().clock.now()).date()
    days: list[PreviewDay] = []
    for ahead in range(PREVIEW_DAYS):
        on = today + timedelta(days=ahead)
        start = datetime.combine(on, datetime.min.time(), calendar.timezone)
        end = datetime.combine(on + timedelta(days=1), datetime.min.time(), calendar.timezone)
        stretches = calendar.changes(rule.file.when, rule.file.unless, start, end)
        day = calendar.day(on)
        reason = day.reason_en if language() == "en" else day.reason
        days.append(
            PreviewDay(on, day.school, reason, [_stretch(start, *pair) for pair in stretches])
        )
    return days


def _stretch(midnight: datetime, begin: datetime, end: datetime) -> Stretch:
    left = (begin - midnight).total_seconds() / 60
    width = (end - begin).total_seconds() / 60
    zone = midnight.tzinfo
    last = end.astimezone(zone)
    until = "24:00" if last.date() > midnight.date() else f"{last:%H:%M}"
    text = f"{begin.astimezone(zone):%H:%M}–{until}"
    return Stretch(round(left * 100 / DAY_MINUTES, 2), round(width * 100 / DAY_MINUTES, 2), text)


@section.path("/<rule>/trial", Permission.ACKNOWLEDGE, methods=("POST",))
def trial(rule: str) -> Response:
    """Begin to work out what it would have told in the last 30 days."""
    found = _known(rule)
    hold: float | None = None
    if isinstance(found, HoldingRule) and request.form.get("hold_min", "").strip():
        try:
            hold = 60 * float(request.form["hold_min"])
        except ValueError:
            hold = -1.0
        if not 0 <= hold <= 60 * MAX_HOLD_MIN:
            flash(_("持续时间要在 0 到 %(n)d 分钟之间。", n=MAX_HOLD_MIN), "error")
            return redirect(url_for("plan.one", rule=rule))
    if not _trials().start(rule, hold, parts().clock.now()):
        flash(_("另一次试算正在进行，请稍后再试。"), "error")
    return redirect(url_for("plan.one", rule=rule) + "#trial")
