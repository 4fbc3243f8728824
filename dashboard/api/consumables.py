"""/api/v1/consumables: what is in the store, and its ledger."""

from typing import Any

from flask import Response
from werkzeug.exceptions import NotFound

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body
from dashboard.api.work_orders import known_order
from dashboard.auth import person
from dashboard.records.stock import Consumable, Direction
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_consumables", __name__, "/api/v1/consumables")
LINE = {
    "direction": ", ".join(Direction), "quantity": "required", "unit_price": "yuan a unit",
    "receiver": "who takes it; required for out", "department": "of who takes it",
    "purpose": "for what", "voucher": "its paper", "order": "the maintenance entry", "note": "",
}  # fmt: skip


@section.path("", Permission.VIEW)
def every_consumable() -> Response:
    """Every article with its balance; what is short first."""
    return json_answer({"consumables": [each.as_json() for each in parts().upkeep.stock.every()]})


@section.path("", Permission.REPAIR, methods=("POST",), body={
    "name": "required", "spec": "", "unit": "required", "min_stock": "", "place": "", "note": "",
})  # fmt: skip
def add() -> Response:
    """A new article; its stock begins with its first line."""
    return json_answer(parts().upkeep.stock.add(body()).as_json(), 201)


@section.path("/<int:id>", Permission.VIEW)
def one_consumable(id: int) -> Response:
    """One article with its ledger, newest first."""
    moves = [move.as_json() for move in parts().upkeep.stock.moves(id)]
    return json_answer({**known_consumable(id).as_json(), "moves": moves})


@section.path("/<int:id>/moves", Permission.REPAIR, methods=("POST",), body=LINE)
def move(id: int) -> Response:
    """Add a line to the ledger; nothing goes out that is not there (409)."""
    return json_answer(moved(id, body()).as_json(), 201)


def moved(id: int, given: dict[str, Any]) -> Consumable:
    """Raises BadField, NotNow."""
    known_consumable(id)
    if given.get("order"):
        known_order(str(given["order"]))
    return parts().upkeep.stock.move(id, given, person().signature)


def known_consumable(id: int) -> Consumable:
    found = parts().upkeep.stock.get(id)
    if found is None:
        raise NotFound(f"there is no article {id}")
    return found
