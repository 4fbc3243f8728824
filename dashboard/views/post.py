"""/post/<gate>: the guard's one screen: what is wrong, what to do, whom to call, one big button."""

from flask import render_template
from werkzeug.exceptions import NotFound

from dashboard.panels import AlertPanel, open_alerts, panels
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.catalog import Place
from devices.model import NodeState, PlaceId

section = Section("post", __name__)
GUARDED_AREAS = ("person", "property", "traffic", "fire")
"""Areas of the plan that concern every guard, unless the alert is another gate's."""


@section.path("/post/<gate>", Permission.VIEW)
def post(gate: str) -> str:
    """The post of one gate."""
    place = parts().site.places.get(PlaceId(gate))
    if place is None or not place.type.endswith("-gate"):
        raise NotFound(f"the site file has no gate {gate[:64]!r}")
    points = panels(parts().site.points_in(PlaceId(gate)))
    contact = next((p for p in points if p.kind.key == "gate"), None)
    alerts = [alert for alert in open_alerts() if alert.state != "shelved"]
    ours = [alert for alert in alerts if _ours(alert, place)]
    waiting = [alert for alert in ours if alert.waiting]
    return render_template(
        "post.html", place=place, contact=contact, alerts=ours,
        alert=next(iter(waiting or ours), None),
        others=len(alerts) - len(ours),
        calm=not _urgent(alerts),
        online=_online(place),
        duty=parts().plan.on_duty(gate, parts().clock.now()),
    )  # fmt: skip


def _ours(alert: AlertPanel, place: Place) -> bool:
    """This gate's own, and security alerts that name no gate."""
    where = alert.data.get("place")
    if where == place.id:
        return True
    other_gate = any(gate.id == where for gate in parts().site.gates)
    return alert.data.get("area") in GUARDED_AREAS and not other_gate


def _urgent(alerts: list[AlertPanel]) -> bool:
    """Whether anything anywhere is so wrong that no guard may be told that all is well."""
    return any(alert.severity in ("critical", "major") and alert.waiting for alert in alerts)


def _online(place: Place) -> bool:
    statuses = parts().hub.now.nodes()
    nodes = {point.node for point in parts().site.points_in(PlaceId(place.id))}
    online = {id for id, status in statuses.items() if status.state is NodeState.ONLINE}
    return bool(nodes) and nodes <= online
