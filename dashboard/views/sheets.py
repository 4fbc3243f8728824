"""/canteen/sheet: the day's 食堂温度记录表 as page, print, PDF and XLSX; filled in and signed."""

from datetime import date, timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Redirect

from dashboard import words
from dashboard.auth import person
from dashboard.page import language
from dashboard.present import day_text
from dashboard.problems import problem
from dashboard.records.canteen import CanteenError
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.canteen import CanteenSheet, canteen_sheet
from dashboard.sheets.pdf import NoPdf, pdf_of
from dashboard.sheets.workbook import workbook_of
from devices.errors import CampusError
from devices.model import PointId

section = Section("sheets", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DAY = timedelta(days=1)


@section.path("/canteen/sheet", Permission.VIEW)
def canteen_today() -> Redirect:
    """Today's sheet."""
    return redirect(url_for("sheets.canteen_page", day=_today()))


@section.path("/canteen/sheet/<day>", Permission.VIEW)
def canteen_page(day: str) -> str:
    """The sheet of a day, with what can be filled in."""
    on = _day(day)
    trouble, sheet = "", None
    try:
        sheet = canteen_sheet(on)
    except CampusError as error:
        trouble = str(error)
    after = on + _DAY
    return render_template(
        "sheet.html", trouble=trouble, day_before=on - _DAY,
        day_after=after if after <= _today() else None,
        **(_shown(sheet) if sheet else {"sheet": {"day": on}}),
    )  # fmt: skip


@section.path("/canteen/sheet/<day>.pdf", Permission.VIEW)
def canteen_pdf(day: str) -> Response:
    """The sheet as PDF, A4."""
    sheet = canteen_sheet(_day(day))
    try:
        pdf = pdf_of(render_template("sheet_pdf.html", **_shown(sheet)))
    except NoPdf as error:
        return problem(501, str(error))
    return _file(pdf, "application/pdf", f"canteen-{sheet.day}.pdf")


@section.path("/canteen/sheet/<day>.xlsx", Permission.VIEW)
def canteen_xlsx(day: str) -> Response:
    """The sheet as a workbook."""
    sheet = canteen_sheet(_day(day))
    return _file(workbook_of(sheet), XLSX, f"canteen-{sheet.day}.xlsx")


@section.path("/canteen/sheet/<day>/entries", Permission.RECORD_FOOD, methods=("POST",))
def write(day: str) -> Redirect:
    """Cause, corrective action and what became of the food."""
    on, form = _day(day), request.form
    try:
        point = form.get("point", "")
        if point not in parts().site.points:
            raise CanteenError("point", "point: name a unit")
        shown = form.get("shown", "").strip().replace("−", "-").replace(",", ".")
        parts().canteen.write(
            on, PointId(point), person().shown, cause=form.get("cause", ""),
            action=form.get("action", ""), disposal=form.get("disposal", ""),
            shown=_degrees(shown) if shown else None,
        )  # fmt: skip
    except CanteenError as error:
        flash(words.word(words.CANTEEN_REFUSALS, error.code), "error")
    else:
        flash(_("已记入当天的记录表。"), "done")
    return redirect(url_for("sheets.canteen_page", day=on))


@section.path("/canteen/sheet/<day>/sign", Permission.RECORD_FOOD, methods=("POST",))
def sign(day: str) -> Redirect:
    """Sign a day that is over, as recorder or as reviewer."""
    on = _day(day)
    try:
        if on >= _today():
            raise CanteenError("not-over", "part: a day is signed once it is over")
        parts().canteen.sign(on, request.form.get("part", ""), person().shown)
    except CanteenError as error:
        flash(words.word(words.CANTEEN_REFUSALS, error.code), "error")
    else:
        flash(_("已签名。"), "done")
    return redirect(url_for("sheets.canteen_page", day=on))


def _degrees(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -60 <= value <= 150:
        raise CanteenError("degrees", "shown: send a number from -60 to 150")
    return value


def _today() -> date:
    return parts().clock.now().astimezone(parts().site.timezone).date()


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if not date(2020, 1, 1) <= day <= _today():
        raise NotFound(f"there is no sheet of {text[:20]!r}: name a day such as 2026-11-23")
    return day


def _shown(sheet: CanteenSheet) -> dict[str, Any]:
    return {
        "sheet": sheet,
        "sheet_day": _(
            "%(year)d年%(day)s",
            year=sheet.day.year,
            day=day_text(sheet.start, parts().site.timezone),
        ),
        "degrees": "℃" if language() == "zh" else "°C",
        "number": lambda value, digits=1: f"{value:.{digits}f}".replace("-", "−"),
    }


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
