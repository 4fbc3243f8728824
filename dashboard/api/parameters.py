"""Parameters of the API: read, checked, and refused with their name and the remedy."""

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask import request

from dashboard.problems import BadInput
from dashboard.section import parts
from devices.model import NodeId, PointId, from_ms
from devices.wire import EARLIEST_MS, LATEST_MS

LONGEST = timedelta(days=3660)


def time_of(name: str, text: str) -> datetime:
    """ISO 8601 (local where it names no zone) or ms since 1970."""
    remedy = "send ISO 8601 such as 2026-11-24T08:00:00+08:00, or milliseconds since 1970"
    try:
        if text.lstrip("-").isascii() and text.lstrip("-").isdigit():
            at = from_ms(int(text))
        else:
            # A plus sign that was not escaped in the address arrives as a space.
            at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
            at = at if at.tzinfo else at.replace(tzinfo=parts().site.timezone)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(name, f"{text[:40]!r} is no time", remedy) from None
    if not from_ms(EARLIEST_MS) <= at <= from_ms(LATEST_MS):
        raise BadInput(name, f"{text[:40]!r} is not between 2000 and 2100", remedy)
    return at


def time_range(length: timedelta) -> tuple[datetime, datetime]:
    """`from` and `to`; without them the last `length` until now."""
    end_text, start_text = request.args.get("to", ""), request.args.get("from", "")
    end = time_of("to", end_text) if end_text else parts().clock.now()
    start = time_of("from", start_text) if start_text else end - length
    if start > end:
        raise BadInput("from", "is after `to`", "send an earlier `from`")
    if end - start > LONGEST:
        raise BadInput("from", "is more than ten years before `to`", "ask for a shorter time")
    return start, end


def number(name: str, default: int, least: int, most: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        raise BadInput(
            name, f"{text[:40]!r} is not usable", f"send a whole number from {least} to {most}"
        )
    return int(text)


def known_points(name: str = "point") -> list[PointId]:
    """One or more `point` parameters that the site file has."""
    given = request.args.getlist(name)
    if not given or not all(given):
        raise BadInput(name, "is missing", "name a point; GET /api/v1/points lists them")
    for point in given:
        if point not in parts().site.points:
            raise BadInput(
                name, f"{point[:80]!r} is not in the site file", "see GET /api/v1/points"
            )
    return [PointId(point) for point in given]


def known_node() -> NodeId | None:
    node = request.args.get("node", "")
    if node and node not in parts().site.nodes:
        known = ", ".join(parts().site.nodes)
        raise BadInput("node", f"{node[:80]!r} is not in the site file", f"use one of {known}")
    return NodeId(node) if node else None


def body() -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object."""
    if not request.get_data(cache=True):
        return {}
    data = request.get_json(silent=True, force=True)
    if not isinstance(data, dict):
        raise BadInput("body", "is not a JSON object", 'send JSON such as {"note": "…"}')
    return data


def text(data: dict[str, Any], name: str, most: int = 2000, *, required: bool = False) -> str:
    """A text field of the body."""
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > most or (required and not value.strip()):
        raise BadInput(name, "is missing or no usable text", f"send 1 to {most} characters")
    return value.strip()


def one_of(data: dict[str, Any], name: str, kind: type[StrEnum]) -> StrEnum:
    """A word of `kind`."""
    value = data.get(name, "")
    if not isinstance(value, str) or value not in list(kind):
        raise BadInput(name, f"{str(value)[:40]!r} is not known", f"use one of {', '.join(kind)}")
    return kind(value)


def decimal(data: dict[str, Any], name: str, least: float, most: float) -> float | None:
    """A number of the body, which a form sends as text; None where it is empty."""
    value = data.get(name)
    if value is None or value == "":
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not least <= found <= most:
        raise BadInput(
            name, f"{str(value)[:40]!r} is not usable", f"send a number from {least:g} to {most:g}"
        )
    return found
