"""/stock: 耗材进出登记: what is there, what is short, and every line of the ledger."""

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from dashboard import words
from dashboard.api.consumables import known_consumable, moved
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.sheets.table import XLSX, Row, download, xlsx_of
from dashboard.views.maintenance import told

section = Section("stock", __name__, "/stock")
WIDTHS = (16, 20, 16, 8, 10, 10, 10, 10, 14, 14, 20, 14, 12, 20)


@section.path("", Permission.VIEW)
def every() -> str:
    """Every article, what is short first."""
    articles = parts().upkeep.stock.every()
    return render_template("stock.html", articles=articles)


@section.path("", Permission.REPAIR, methods=("POST",))
def add() -> Answer:
    """A new article."""
    done, back = _("已建立品名，请登记入库。"), url_for("stock.every")
    return told(lambda: parts().upkeep.stock.add(request.form.to_dict()).as_json(), done, back)


@section.path("/ledger.xlsx", Permission.VIEW)
def ledger() -> Response:
    """The whole ledger as a workbook."""
    heads = (
        _("日期"), _("品名"), _("规格"), _("单位"), _("方向"), _("数量"), _("单价"), _("结存"),
        _("部门"), _("领用人"), _("用途"), _("经手人"), _("凭证"), _("备注"),
    )  # fmt: skip
    return download(xlsx_of(_("耗材进出登记"), heads, _rows(), WIDTHS), XLSX, "stock.xlsx")


def _rows() -> list[Row]:
    rows: list[Row] = []
    for article in parts().upkeep.stock.every():
        for m in reversed(parts().upkeep.stock.moves(article.id)):
            rows.append((
                m.at, article.name, article.spec, article.unit,
                words.word(words.DIRECTIONS, m.direction), m.quantity, m.unit_price, m.balance,
                m.department, m.receiver, m.purpose, m.handler, m.voucher, m.note,
            ))  # fmt: skip
    return rows


@section.path("/<int:id>", Permission.VIEW)
def article(id: int) -> str:
    """One article with its ledger."""
    found = known_consumable(id)
    moves = parts().upkeep.stock.moves(id)
    return render_template("article.html", article=found, moves=moves)


@section.path("/<int:id>/moves", Permission.REPAIR, methods=("POST",))
def move(id: int) -> Answer:
    """A line of the ledger."""
    here = url_for("stock.article", id=id)
    return told(lambda: moved(id, request.form.to_dict()).as_json(), _("已登记。"), here)


@section.path("/<int:id>", Permission.REPAIR, methods=("POST",))
def change(id: int) -> Answer:
    """Its minimum, place and note."""
    here, form = url_for("stock.article", id=id), request.form.to_dict()
    return told(lambda: parts().upkeep.stock.change(id, form).as_json(), _("已保存。"), here)
