"""The canteen's day as an XLSX workbook; text is always text, so that no cell becomes a formula."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from flask_babel import gettext as _

from dashboard import words
from dashboard.page import language, name_of
from dashboard.present import unit_text
from dashboard.section import parts
from dashboard.sheets.canteen import CanteenSheet, Incident, SheetUnit
from dashboard.sheets.day import Seen, Standard
from devices.model import PointId

WIDTHS = (16, 12, 9, 8, 9, 8, 9, 8, 9, 8, 8, 9, 9, 12, 12)


def workbook_of(sheet: CanteenSheet) -> bytes:
    """Two tables on one A4 page: the units, and what went wrong with what was done."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(_("食堂温度记录表"))
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&C&P / &N")
    for column, width in enumerate(WIDTHS):
        page.set_column(column, column, width)
    look = _Look(book)
    last = len(WIDTHS) - 1
    page.merge_range(0, 0, 0, last, name_of(parts().site.school), look.center)
    page.merge_range(1, 0, 1, last, _("食堂温度记录表"), look.title)
    page.merge_range(2, 0, 2, last, sheet.day.isoformat(), look.center)
    row = _units(page, look, sheet, 4)
    row = _incidents(page, look, sheet, row + 1)
    for part, title in (("recorder", _("记录人")), ("reviewer", _("复核人"))):
        signed = sheet.signature(part)
        row += 1
        page.write_string(row, 0, title, look.head)
        page.merge_range(row, 1, row, 5, f"{signed.who} {_clock(signed.at)}" if signed else "",
                         look.text)  # fmt: skip
    book.close()
    return out.getvalue()


class _Look:
    def __init__(self, book: Any) -> None:
        line = {"border": 1, "valign": "vcenter", "font_size": 10}
        self.center = book.add_format({"align": "center"})
        self.title = book.add_format({"align": "center", "bold": True, "font_size": 16})
        self.head = book.add_format({**line, "bold": True, "text_wrap": True, "align": "center"})
        self.text = book.add_format({**line, "text_wrap": True})
        self.figure = book.add_format({**line, "num_format": "0.0"})
        self.whole = book.add_format({**line, "num_format": "0"})
        self.time = book.add_format({**line, "num_format": "hh:mm"})
        self.strong = book.add_format({**line, "bold": True})


def _units(page: Any, look: _Look, sheet: CanteenSheet, row: int) -> int:
    heads = (
        _("设备"), _("标准"), _("晨"), _("时间"), _("午后"), _("时间"), _("最低"), _("时间"),
        _("最高"), _("时间"), _("平均"), _("应有分钟"), _("实有分钟"), _("柜显温度"), _("判定"),
    )  # fmt: skip
    for column, head in enumerate(heads):
        page.write_string(row, column, head, look.head)
    for unit in sheet.units:
        row += 1
        page.write_string(row, 0, name_of(unit.point), look.text)
        page.write_string(row, 1, standard_text(unit), look.text)
        seen = (*unit.day.spots, unit.day.least, unit.day.most)
        for place, each in enumerate(seen):
            _seen(page, look, row, 2 + 2 * place, each)
        _number(page, row, 10, unit.day.mean, look.figure, look.text)
        page.write_number(row, 11, unit.day.expected, look.whole)
        page.write_number(row, 12, unit.day.received, look.whole)
        page.write_string(row, 13, "、".join(f"{value:g}" for value in unit.shown), look.text)
        verdict = words.word(words.VERDICTS, unit.day.verdict.value)
        page.write_string(row, 14, verdict, look.text if unit.day.verdict == "good" else
                          look.strong)  # fmt: skip
    return row + 1


def _seen(page: Any, look: _Look, row: int, column: int, seen: Seen | None) -> None:
    _number(page, row, column, seen.value if seen else None, look.figure, look.text)
    if seen is None:
        page.write_string(row, column + 1, "—", look.text)
    else:
        page.write_string(row, column + 1, _clock(seen.at), look.text)


def _number(page: Any, row: int, column: int, value: float | None, figure: Any, text: Any) -> None:
    if value is None:
        page.write_string(row, column, "—", text)
    else:
        page.write_number(row, column, round(value, 2), figure)


def _incidents(page: Any, look: _Look, sheet: CanteenSheet, row: int) -> int:
    last = len(WIDTHS) - 1
    page.merge_range(row, 0, row, last, _("超出标准、无数据与处理"), look.head)
    heads = (_("设备"), _("开始"), _("结束"), _("分钟"), _("最差"), _("情况"))
    row += 1
    for column, head in enumerate(heads):
        page.write_string(row, column, head, look.head)
    page.merge_range(row, 6, row, 11, _("原因与纠正措施"), look.head)
    page.merge_range(row, 12, row, last, _("食品处置"), look.head)
    for incident in sheet.incidents:
        row += 1
        page.write_string(row, 0, name_of(incident.point), look.text)
        page.write_string(row, 1, _clock(incident.what.start), look.text)
        end = "24:00" if incident.what.end >= sheet.end else _clock(incident.what.end)
        page.write_string(row, 2, end, look.text)
        page.write_number(row, 3, incident.what.minutes, look.whole)
        excursion = incident.excursion
        _number(page, row, 4, excursion.worst.value if excursion else None, look.figure, look.text)
        page.write_string(row, 5, situation(incident), look.text)
        page.merge_range(row, 6, row, 11, remarks_text(incident), look.text)
        disposal = "、".join(words.word(words.DISPOSALS, r.disposal) for r in incident.remarks
                            if r.disposal)  # fmt: skip
        page.merge_range(row, 12, row, last, disposal, look.text)
        page.set_row(row, 15 * max(1, len(incident.remarks)))
    return row + 1


def standard_text(unit: SheetUnit) -> str:
    """0–8 ℃, ≤ −12 ℃, ≥ 60 ℃."""
    standard: Standard = unit.standard
    degrees = unit_text(parts().site.kinds[PointId(unit.point.id)], language())
    low, high = ("" if v is None else f"{v:g}".replace("-", "−")
                 for v in (standard.low, standard.high))  # fmt: skip
    if low and high:
        return f"{low}–{high} {degrees}"
    return f"≤ {high} {degrees}" if high else f"≥ {low} {degrees}" if low else "—"


def situation(incident: Incident) -> str:
    if incident.gap is not None:
        return str(_("传感器故障，读数不可信") if incident.gap.sensor else _("无数据"))
    return str(_("超出标准"))


def remarks_text(incident: Incident) -> str:
    """Who said what when, a line each."""
    lines: list[str] = []
    for remark in incident.remarks:
        said = remark.text_en if language() == "en" and remark.text_en else remark.text
        ending = words.word(words.ENDINGS, remark.ending) if remark.ending else ""
        parts_: Sequence[str] = [_clock(remark.at), said, ending, words.word(words.STATES,
                                 remark.who)]  # fmt: skip
        lines.append(" ".join(part for part in parts_ if part))
    return "\n".join(lines)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(parts().site.timezone):%H:%M}"
