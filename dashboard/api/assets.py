"""/api/v1/assets: the register of fixed assets."""

from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body
from dashboard.auth import person
from dashboard.problems import BadInput
from dashboard.records.assets import COLUMNS, Asset
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_assets", __name__, "/api/v1/assets")
FIELDS = {name: "see docs/maintenance.md" for name in COLUMNS} | {
    "number": "the asset's number; required", "name": "required for a new card",
}  # fmt: skip


@section.path("", Permission.VIEW, query={"place": "a room or gate", "status": "of the card",
                                          "q": "words in the card"})  # fmt: skip
def every_asset() -> Response:
    """The cards, by number."""
    return json_answer({"assets": [asset.as_json() for asset in found_assets()]})


@section.path("", Permission.REPAIR, methods=("POST",), body=FIELDS)
def save() -> Response:
    """A new card, or what is given of one that stands already."""
    return json_answer(saved(body()).as_json(), 201)


@section.path("/<number>", Permission.VIEW)
def one_asset(number: str) -> Response:
    """A card with where the asset sits and what happened to it."""
    asset = known_asset(number)
    events = [
        {"at": e.at.isoformat(), "who": e.who, "what": e.what, "note": e.note}
        for e in parts().upkeep.assets.events(number)
    ]
    fitted = [f.as_json() for f in parts().book.fittings() if number in (f.asset, f.was)]
    return json_answer({**asset.as_json(), "events": events, "fittings": fitted})


def found_assets() -> list[Asset]:
    """What the query asks for."""
    place, status = request.args.get("place", ""), request.args.get("status", "")
    words = request.args.get("q", "").casefold().split()

    def fits(asset: Asset) -> bool:
        if (place and asset.place != place) or (status and asset.status != status):
            return False
        written = "\n".join(str(value) for value in asset.as_json().values()).casefold()
        return all(word in written for word in words)

    return [asset for asset in parts().upkeep.assets.every() if fits(asset)]


def saved(given: dict[str, Any]) -> Asset:
    """Raises BadField, or BadInput for a place that the site file has not."""
    place = given.get("place")
    if place and place not in parts().site.places:
        raise BadInput("place", f"{str(place)[:64]!r} is not in the site file", "name a room")
    return parts().upkeep.assets.save(given, person().signature)


def known_asset(number: str) -> Asset:
    asset = parts().upkeep.assets.get(number)
    if asset is None:
        raise NotFound(f"there is no asset {number[:64]!r}")
    return asset
