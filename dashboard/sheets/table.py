"""A plain table as XLSX or CSV; text stays text in every program that opens it."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import xlsxwriter
from flask import Response

from dashboard.section import parts

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | float | datetime | date | None
Row = Sequence[Cell]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, also in full width."""


def xlsx_of(title: str, heads: Sequence[str], rows: Iterable[Row], widths: Sequence[int]) -> bytes:
    """One A4 page wide, the head on every page, times in the school's own."""
    out, zone = io.BytesIO(), parts().site.timezone
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
              "strings_to_numbers": False},
    )  # fmt: skip
    line = {"border": 1, "valign": "vcenter", "font_size": 10, "text_wrap": True}
    head, text = book.add_format({**line, "bold": True}), book.add_format(line)
    moment = book.add_format({**line, "num_format": "yyyy-mm-dd hh:mm"})
    day = book.add_format({**line, "num_format": "yyyy-mm-dd"})
    page = book.add_worksheet("".join(c for c in title if c not in "[]:*?/\\")[:31])
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.freeze_panes(1, 0)
    page.set_header(f"&C{title.replace('&', '&&')}")
    page.set_footer("&C&P / &N")
    for column, (name, width) in enumerate(zip(heads, widths, strict=True)):
        page.set_column(column, column, width)
        page.write_string(0, column, name, head)
    number = 0
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if cell is None:
                page.write_blank(number, column, None, text)
            elif isinstance(cell, datetime):
                local = cell.astimezone(zone).replace(tzinfo=None)
                page.write_datetime(number, column, local, moment)
            elif isinstance(cell, date):
                at = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 a cell has no zone
                page.write_datetime(number, column, at, day)
            elif isinstance(cell, str):
                page.write_string(number, column, cell[:32000], text)
            else:
                page.write_number(number, column, cell, text)
    page.autofilter(0, 0, max(number, 1), len(heads) - 1)
    book.close()
    return out.getvalue()


def csv_of(heads: Sequence[str], rows: Iterable[Row]) -> bytes:
    """UTF-8 with the mark that spreadsheets look for; what looks like a formula is defused."""
    out, zone = io.StringIO(), parts().site.timezone
    writer = csv.writer(out)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([_plain(cell, zone) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _plain(cell: Cell, zone: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(zone):%Y-%m-%d %H:%M}"  # type: ignore[arg-type]
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return "'" + cell
    return str(cell)


def rows_of_csv(data: bytes) -> list[dict[str, str]]:
    """A CSV that a spreadsheet saved, by its heads. Raises ValueError with what is wrong."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ValueError("the file is neither UTF-8 nor GB18030: save it as CSV UTF-8")
    lines = csv.DictReader(io.StringIO(text, newline=""))
    try:
        rows = [{(key or "").strip(): _bare(value) for key, value in line.items() if key}
                for line in lines]  # fmt: skip
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num}: {error}") from None
    return rows


def _bare(cell: object) -> str:
    """A cell as it was before `csv_of` defused it."""
    text = cell.strip() if isinstance(cell, str) else ""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(_FORMULA) else text


def download(data: bytes, kind: str, name: str) -> Response:
    """A file for the browser to save."""
    answer = Response(data, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
