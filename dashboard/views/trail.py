"""/settings/trail: who did what and when, from the trail and from the engine's book."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from flask import Response, render_template, request
from flask_babel import gettext as _

from alerts.orderlife import ENGINE
from alerts.ordersearch import OrderSearch
from dashboard import words
from dashboard.page import text_of
from dashboard.problems import BadInput
from dashboard.records.trail import MOST, Did, Line
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.table import csv_of, download
from dashboard.witness import note_deed
from devices.errors import CampusError

section = Section("trail", __name__)
USUAL = timedelta(days=7)
SHOWN = 500
MACHINES = ("", "engine", ENGINE)


@section.path("/settings/trail", Permission.ADMINISTER)
def every() -> str:
    """The newest lines of a period, of everybody or of one person."""
    trouble, lines = list[str](), list[Line]()
    try:
        first, last = asked_days()
    except BadInput as error:
        first, last = _usual()
        trouble.append(str(error))
    lines, away = found_lines(first, last, request.args.get("who", ""))
    return render_template(
        "trail.html", lines=lines[:SHOWN], total=len(lines), shown=SHOWN, first=first, last=last,
        who=request.args.get("who", ""), trouble=[*trouble, *away],
        days=parts().site.records.trail_days,
    )  # fmt: skip


@section.path("/settings/trail.csv", Permission.ADMINISTER)
def csv() -> Response:
    """The same, all of it, as CSV."""
    first, last = asked_days()
    lines, away = found_lines(first, last, request.args.get("who", ""))
    if away:
        raise CampusError("; ".join(away))
    heads = [_("时间"), _("人员"), _("操作"), _("对象"), _("结果"), _("来自")]
    rows = [
        (f"{line.at.astimezone(parts().site.timezone):%Y-%m-%d %H:%M:%S}", line.who,
         words.word(words.TRAIL, line.deed), line.about,
         _("未成功") if line.refused else _("成功"), line.address)
        for line in lines
    ]  # fmt: skip
    return download(csv_of(heads, rows), "text/csv; charset=utf-8", f"trail-{first}-{last}.csv")


@section.path("/printed", Permission.VIEW, methods=("POST",))
def printed() -> Response:
    """A page tells that it is being printed."""
    path = request.form.get("path", "")
    if path.startswith("/") and len(path) <= 300:
        note_deed(Did.PRINT, path)
    return Response(status=204)


def _usual() -> tuple[date, date]:
    today = parts().clock.now().astimezone(parts().site.timezone).date()
    return today - USUAL, today


def asked_days() -> tuple[date, date]:
    """`from` and `to`, both days included; a week without them. Raises BadInput."""
    found = list(_usual())
    for place, name in enumerate(("from", "to")):
        text = request.args.get(name, "")
        try:
            found[place] = date.fromisoformat(text) if text else found[place]
        except ValueError:
            found[place] = date.max
        if not date(2000, 1, 1) <= found[place] <= date(2099, 12, 31):
            raise BadInput(name, f"{text[:20]!r} is no day", "send a day such as 2026-11-24")
    if found[0] > found[1]:
        raise BadInput("from", "is after `to`", "send an earlier day")
    return found[0], found[1]


def found_lines(first: date, last: date, who: str) -> tuple[list[Line], list[str]]:
    """Lines of those days, newest first, and what could not be read."""
    zone = parts().site.timezone
    start = datetime.combine(first, time(0), zone)
    end = datetime.combine(last + timedelta(days=1), time(0), zone)
    lines, trouble = list[Line](), list[str]()
    try:
        lines += parts().trail.between(start, end)
    except CampusError as error:
        trouble.append(str(error))
    try:
        lines += _by_engine(start, end)
    except CampusError as error:
        trouble.append(str(error))
    wanted = who.strip().casefold()
    lines = [line for line in lines if wanted in line.who.casefold()]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:MOST], trouble


def _by_engine(start: datetime, end: datetime) -> Iterator[Line]:
    """What people did with alerts, maintenance entries and mutes; plans that came into force."""
    book = parts().book
    for step in book.steps_within(start, end):
        if step.who not in MACHINES:
            deed = words.word(words.DEEDS, step.why)
            yield Line(
                step.at, step.who, Did.ALERT, _about(deed, text_of(step.alert.as_json()), step.note)
            )
    for order in book.work_orders(None, OrderSearch(end=end)):
        if order.changed_at < start:
            continue
        for event in book.work_order_events(order.id):
            if event.who not in MACHINES and start <= event.at < end:
                deed = words.word(words.ORDER_DEEDS, event.what)
                about = _about(
                    f"#{order.number} {deed}", text_of(order.as_json(), "title"), event.note
                )
                yield Line(event.at, event.who, Did.ORDER, about)
    for mute in book.mutes():
        if start <= mute.made_at < end:
            yield Line(mute.made_at, mute.who, Did.MUTE, _about(*mute.targets, mute.reason))
        if mute.ended_by and mute.end is not None and start <= mute.end < end:
            yield Line(mute.end, mute.ended_by, Did.MUTE, _about(_("结束"), *mute.targets))
    for version in book.plans():
        if start <= version.at < end:
            yield Line(version.at, "", Did.SETTING, _("安全预案 %(id)s 生效", id=version.version))


def _about(*pieces: str) -> str:
    return " · ".join(piece for piece in pieces if piece)[:300]
