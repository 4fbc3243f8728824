"""A page as PDF by WeasyPrint, with the fonts of this machine and nothing from outside."""

from pathlib import Path
from typing import Any

from devices.errors import CampusError

STYLE = Path(__file__).parents[1] / "static" / "css" / "sheet.css"


class NoPdf(CampusError):
    """This machine cannot make a PDF; says what to install."""


def pdf_of(html: str) -> bytes:
    """`html` in the style of sheets; an address in it is never followed. Raises NoPdf."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise NoPdf(
            f"PDF needs the Pango library ({error}): apt-get install libpango-1.0-0 "
            "libpangoft2-1.0-0 fonts-noto-cjk; until then print the page itself"
        ) from None

    nothing: Any = URLFetcher(allowed_protocols=())
    style = CSS(string=STYLE.read_text("utf-8"), url_fetcher=nothing)
    page = HTML(string=html, url_fetcher=nothing)
    return bytes(page.write_pdf(stylesheets=[style]) or b"")
