"""GET /api/v1/points: every point with its newest value."""

from flask import Response, request
from werkzeug.exceptions import NotFound

from dashboard.api.answers import json_answer, point_json
from dashboard.panels import panel, panels
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import PointId, to_ms

section = Section("api_points", __name__, "/api/v1/points")


@section.path("", Permission.VIEW, query={"kind": "only points of this kind",
                                          "node": "only points of this node",
                                          "place": "only points of this room or gate"})  # fmt: skip
def every_point() -> Response:
    """All points with value, time, age, quality, state and limits."""
    here, args = parts(), request.args
    wanted = [
        point
        for point in here.site.points.values()
        if args.get("kind", point.kind) == point.kind
        and args.get("node", point.node) == point.node
        and args.get("place", point.room) == point.room
    ]
    points = [point_json(each) for each in panels(wanted)]
    return json_answer({"at": to_ms(here.clock.now()), "points": points})


@section.path("/<path:id>", Permission.VIEW)
def one_point(id: str) -> Response:
    """One point."""
    if id not in parts().site.points:
        raise NotFound(f"the site file has no point {id[:80]!r}; GET /api/v1/points lists them")
    return json_answer(point_json(panel(PointId(id))))
