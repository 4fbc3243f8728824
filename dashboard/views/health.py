"""/alarm-health: the week's alarms by EEMUA 191 and ISA-18.2, and what would help."""

from datetime import datetime, timedelta

from flask import render_template, request
from werkzeug.exceptions import NotFound

from alerts.health import AlarmHealth, alarm_health
from dashboard.page import language, name_of
from dashboard.panels import AlertPanel
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import NodeId, PointId

section = Section("health", __name__)
WEEK = timedelta(days=7)
OLDEST_WEEKS = 520


@section.path("/alarm-health", Permission.VIEW)
def week() -> str:
    """The sheet of a week, from Monday; `back` is how many weeks ago."""
    back = request.args.get("back", "0")
    if not (back.isascii() and back.isdigit() and int(back) <= OLDEST_WEEKS):
        raise NotFound("there is no such week")
    start = _monday() - int(back) * WEEK
    end = min(start + WEEK, parts().clock.now())
    trouble = ""
    try:
        sheet = health_of(start, end)
    except CampusError as error:
        trouble, sheet = str(error), alarm_health((), (), start, end)
    return render_template(
        "health.html", sheet=sheet, back=int(back), start=start, last=start + WEEK,
        trouble=trouble,
        standing=[AlertPanel(alert.as_json()) for alert in sheet.standing], name=_name,
        drills=[AlertPanel(alert.as_json()) for alert in sheet.drills], title=_title,
    )  # fmt: skip


def health_of(start: datetime, end: datetime) -> AlarmHealth:
    here = parts()
    exercises = [rule.file.id for rule in here.plan.rules if rule.file.kind == "drill"]
    return alarm_health(
        here.book.steps_within(start, end), here.book.alerts_within(start, end), start, end,
        exercises,
    )  # fmt: skip


def _monday() -> datetime:
    local = parts().clock.now().astimezone(parts().site.timezone)
    monday = local.date() - timedelta(days=local.weekday())
    return datetime.combine(monday, datetime.min.time(), parts().site.timezone)


def _name(key: str) -> str:
    """A point or node by its name in the reader's language."""
    site = parts().site
    thing = site.points.get(PointId(key)) or site.nodes.get(NodeId(key))
    return name_of(thing) if thing is not None else key


def _title(rule: str) -> str:
    found = parts().plan.rule(rule)
    if found is None:
        return rule
    return found.file.title_en if language() == "en" else found.file.title
