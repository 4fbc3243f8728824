"""Answers of the API: points, readings and alerts as JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response

from alerts.model import Alert
from dashboard.auth import person
from dashboard.panels import PointPanel
from dashboard.roles import Permission
from dashboard.section import parts
from devices.model import PlaceId, PointId, Reading, to_ms


def json_answer(data: Mapping[str, Any], status: int = 200) -> Response:
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    return Response(body, status, content_type="application/json")


def point_json(panel: PointPanel) -> dict[str, Any]:
    """A point with its newest value; `at` in ms, `age` in seconds, null where never heard."""
    point, kind, reading = panel.point, panel.kind, panel.reading
    now = parts().clock.now()
    return {
        "id": point.id, "kind": kind.key, "measurement": kind.measurement,
        "label": {"zh": point.name, "en": point.name_en or point.name},
        "place": place_json(PlaceId(point.room)), "node": point.node, "asset": point.asset,
        "value": reading.value if reading else None, "unit": kind.unit,
        "at": to_ms(reading.at) if reading else None,
        "age": round((now - reading.at).total_seconds(), 3) if reading else None,
        "quality": reading.quality.value if reading else None,
        "state": panel.state.value, "stale": panel.condition.stale,
        "limits": [limit_json(limit) for limit in panel.limits],
    }  # fmt: skip


def limit_json(limit: Any) -> dict[str, Any]:
    return {"value": limit.value, "side": str(limit.side), "severity": str(limit.severity),
            "rule": limit.rule}  # fmt: skip


def place_json(place: PlaceId) -> dict[str, Any] | None:
    found = parts().site.places.get(place)
    if found is None:
        return None
    return {"id": found.id, "name": found.name, "name_en": found.name_en or found.name,
            "building": found.building, "floor": found.floor}  # fmt: skip


def reading_json(reading: Reading) -> dict[str, Any]:
    """A reading; a card's pseudonym only for those on duty."""
    detail = dict(reading.detail)
    if not person().may(Permission.ACKNOWLEDGE):
        detail.pop("card", None)
    return {
        "point": reading.point, "at": to_ms(reading.at), "value": reading.value,
        "quality": reading.quality.value, "detail": detail,
    }  # fmt: skip


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert of the book, with what the retained message has beside it where it is open."""
    live = next((a for a in parts().hub.now.alerts() if a.get("id") == alert.id), {})
    place = parts().site.places.get(PlaceId(alert.place))
    names = {"place_name": place.name, "place_name_en": place.name_en} if place else {}
    return {**live, **names, **alert.as_json()}


def is_number(point: PointId) -> bool:
    return parts().site.kinds[point].value_type.value == "number"
