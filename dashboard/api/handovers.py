"""/api/v1/handovers: what one guard handed to the next, and what the monitor knew then."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

from alerts.order import OrderState
from dashboard.api.answers import json_answer
from dashboard.api.parameters import body
from dashboard.auth import person
from dashboard.panels import open_alerts
from dashboard.problems import BadInput
from dashboard.records.fields import Given
from dashboard.records.handovers import EQUIPMENT, SYSTEMS, Handover
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.errors import CampusError
from devices.model import PlaceId

section = Section("api_handovers", __name__, "/api/v1/handovers")
CHECKS = {name: "good, wrong or none" for name in (*EQUIPMENT, *SYSTEMS)}


@section.path("", Permission.VIEW, query={"gate": "of one gate only"})
def every_handover() -> Response:
    """The last 100 handovers, newest first."""
    found = parts().handovers.every(request.args.get("gate", ""))
    return json_answer({"handovers": [each.as_json() for each in found]})


@section.path("", Permission.HAND_OVER, methods=("POST",), body={
    "gate": "the gate's id; required", "shift": "the shift that ends; required", **CHECKS,
    "present": "who was there", "events": "", "unfinished": "",
    "handling": "what was done; required where something is wrong",
})  # fmt: skip
def write() -> Response:
    """The outgoing guard's part; the incoming one signs."""
    return json_answer(written(body()).as_json(), 201)


@section.path("/<int:id>/sign", Permission.HAND_OVER, methods=("POST",))
def sign(id: int) -> Response:
    """The incoming guard takes over (409 where it is signed, or by the same person)."""
    return json_answer(parts().handovers.sign(id, person().signature).as_json())


def written(given: Given) -> Handover:
    """Raises BadInput, BadField, NotNow."""
    gate = str(given.get("gate", ""))
    place = parts().site.places.get(PlaceId(gate))
    if place is None or not place.type.endswith("-gate"):
        raise BadInput("gate", f"{gate[:40]!r} is no gate", "name a gate of the site file")
    return parts().handovers.write(given, gate, person().signature, what_is_open())


def what_is_open() -> Mapping[str, Any]:
    """What the next guard has to know: open alerts in the list's order, open entries."""
    alerts = [
        {key: alert.data.get(key) for key in ("id", "text", "text_en", "state", "severity",
         "raised_at", "acknowledged_by", "shelved_until")}
        for alert in open_alerts()
    ]  # fmt: skip
    try:
        states = [state for state in OrderState if state is not OrderState.VERIFIED]
        orders = [{"id": o.id, "number": o.number, "title": o.title, "title_en": o.title_en,
                   "state": o.state.value} for o in parts().book.work_orders(states)]  # fmt: skip
    except CampusError:
        orders = None
    return {"alerts": alerts, "orders": orders, "engine": parts().hub.alive("engine")}


def known_handover(id: int) -> Handover:
    found = parts().handovers.get(id)
    if found is None:
        raise NotFound(f"there is no handover {id}")
    return found
