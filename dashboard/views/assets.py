"""/assets: 固定资产卡片: searched, written, as CSV in and out; a device's whole history."""

from datetime import timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from alerts.ordersearch import OrderSearch
from dashboard.api.assets import found_assets, known_asset, saved
from dashboard.auth import person
from dashboard.fitted import fittings
from dashboard.photos import BadPhoto
from dashboard.records.assets import COLUMNS, Acquired, Asset, AssetStatus, Category
from dashboard.records.fields import BadField, NotNow
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.table import XLSX, csv_of, download, rows_of_csv, xlsx_of
from dashboard.views.maintenance import told

section = Section("assets", __name__, "/assets")
SOON = timedelta(days=60)
MOST_ROWS = 5000
WIDTHS = (14, 20, 16, 12, 12, 12, 12, 14, 16, 10, 10, 12, 14, 12, 14, 12, 10, 8, 12, 24)


@section.path("", Permission.VIEW)
def every() -> str:
    """The cards, and the numbers of the site file that have none yet."""
    assets, known = found_assets(), {asset.number for asset in parts().upkeep.assets.every()}
    named: dict[str, str] = {}
    for point in parts().site.points.values():
        if point.asset and point.asset not in known:
            named.setdefault(point.asset, point.id)
    today = parts().clock.now().astimezone(parts().site.timezone).date()
    asked = {key: value for key, value in request.args.items() if value}
    return render_template(
        "assets.html", assets=assets, missing=named, asked=asked, statuses=list(AssetStatus),
        today=today, soon=today + SOON, worth=sum(a.value or 0 for a in assets),
    )  # fmt: skip


@section.path("/new", Permission.REPAIR)
def new() -> str:
    """An empty card, filled with what the site file knows."""
    number = request.args.get("number", "")[:64]
    point = next((p for p in parts().site.points.values() if p.asset == number), None)
    return _form(None, number, point.name if point else "", point.room if point else "")


def _form(asset: Asset | None, number: str = "", name: str = "", place: str = "") -> str:
    return render_template(
        "asset_form.html", asset=asset, number=number, name=name, place=place,
        categories=list(Category), acquired=list(Acquired),
        statuses=[s for s in AssetStatus if s is not AssetStatus.DISPOSED],
    )  # fmt: skip


@section.path("", Permission.REPAIR, methods=("POST",))
def save() -> Answer:
    """Write a card."""
    number = request.form.get("number", "").strip()
    back = url_for("assets.card", number=number) if number else url_for("assets.new")
    return told(lambda: saved(request.form.to_dict()).as_json(), _("卡片已保存。"), back)


@section.path("/export.csv", Permission.VIEW)
def export_csv() -> Response:
    """All cards as CSV, with the heads that the import takes."""
    return download(csv_of(COLUMNS, map(_row, found_assets())), "text/csv; charset=utf-8",
                    "assets.csv")  # fmt: skip


@section.path("/export.xlsx", Permission.VIEW)
def export_xlsx() -> Response:
    """The same as a workbook."""
    made = xlsx_of(_("固定资产"), COLUMNS, map(_row, found_assets()), WIDTHS)
    return download(made, XLSX, "assets.xlsx")


def _row(asset: Asset) -> list[str | float | None]:
    plain = asset.as_json()
    return [plain[name] for name in COLUMNS]


@section.path("/import", Permission.REPAIR, methods=("POST",), bulky=True)
def take_in() -> Answer:
    """Cards out of a CSV: all of them, or none and why."""
    given = request.files.get("file")
    try:
        rows = rows_of_csv(given.stream.read() if given is not None else b"")
        if not rows or len(rows) > MOST_ROWS or "number" not in rows[0]:
            raise BadField(_("文件"), _("第一行要有 number、name 等列名，且不超过 5000 行"),
                           "first line: number, name, ...")  # fmt: skip
        places = parts().site.places
        wrong = next((i for i, r in enumerate(rows, 2) if r.get("place")
                      and r["place"] not in places), None)  # fmt: skip
        if wrong is not None:
            raise BadField(_("第 %(n)d 行", n=wrong), _("没有这个地点"), "place: no such place")
        count = parts().upkeep.assets.take_in(rows, person().signature)
    except (BadField, NotNow, ValueError) as error:
        flash(str(error), "error")
    else:
        flash(_("已导入 %(n)d 张卡片。", n=count), "done")
    return redirect(url_for("assets.every"))


@section.path("/<number>", Permission.VIEW)
def card(number: str) -> str:
    """A device: its card where it has one, where it sits, its maintenance, what happened to it."""
    asset, now = parts().upkeep.assets.get(number), parts().clock.now()
    known = fittings()
    orders = parts().book.work_orders(None, OrderSearch(device=number))
    points = known.points_of(number, now)
    moved = [f for f in parts().book.fittings() if number in (f.asset, f.was)]
    if asset is None and not points and not moved and not orders:
        known_asset(number)
    return render_template(
        "asset.html", number=number, asset=asset, orders=orders, points=points, moved=moved,
        events=parts().upkeep.assets.events(number)[::-1],
        down_s=sum(d.total_seconds() for o in orders if (d := o.down(now)) is not None),
        calibrations=[c for c in parts().book.calibrations() if c.asset == number][::-1],
        cost=sum((o.cost or 0) + sum(p.cost for p in parts().upkeep.stock.used(o.id))
                 for o in orders),
    )  # fmt: skip


@section.path("/<number>/edit", Permission.REPAIR)
def edit(number: str) -> str:
    """The card's form."""
    return _form(known_asset(number))


@section.path("/<number>/photo", Permission.REPAIR, methods=("POST",), bulky=True)
def photo(number: str) -> Answer:
    """The card's picture."""
    known_asset(number)

    def keep() -> None:
        given = request.files.get("photo")
        if given is None or not given.filename:
            raise BadPhoto(_("没有选照片"))
        name = parts().upkeep.photos.keep(given.stream.read())
        saved({"number": number, "photo": name})

    return told(keep, _("照片已加入。"), url_for("assets.card", number=number))
