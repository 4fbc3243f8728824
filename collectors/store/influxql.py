"""InfluxQL: the questions that a Store asks of InfluxDB, and readings from the answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectors.store import Bucket
from collectors.store.grid import Grid
from collectors.store.line import TAGS, detail_key
from devices.model import (
    NO_DETAIL,
    Kind,
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    ValueType,
    from_ms,
)

POINTS_A_QUESTION = 40
"""So that a question fits into the 8 KiB that proxies let an address have."""

_OURS = frozenset((*TAGS, "time", "value", "text", "quality"))
_USABLE = " OR ".join(f"\"quality\" = '{quality}'" for quality in Quality if quality.usable)


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """A string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def by_measurement(
    points: Iterable[PointId], kinds: Mapping[PointId, Kind]
) -> Iterator[tuple[str, list[PointId]]]:
    """The points of one measurement, as many as one question may name; unknown ones fall out."""
    found: defaultdict[str, list[PointId]] = defaultdict(list)
    for point in dict.fromkeys(points):
        if point in kinds:
            found[kinds[point].measurement].append(point)
    for measurement, named in found.items():
        for start in range(0, len(named), POINTS_A_QUESTION):
            yield measurement, named[start : start + POINTS_A_QUESTION]


def events(measurement: str, points: Iterable[PointId], start: int, end: int, limit: int) -> str:
    """The newest `limit` readings from `start` to `end` (ms)."""
    return (
        f"SELECT * FROM {quoted(measurement)} WHERE {_any_of(points)} AND time >= {start}ms "
        f"AND time < {end}ms ORDER BY time DESC LIMIT {int(limit)}"
    )


def latest(measurement: str, points: Iterable[PointId], within: str = "") -> str:
    """The newest reading of each point; `within` looks back only so far (`1d`)."""
    since = f" AND time > now() - {within}" if within else ""
    return (
        f"SELECT * FROM {quoted(measurement)} WHERE {_any_of(points)}{since} "
        'GROUP BY "point" ORDER BY time DESC LIMIT 1'
    )


def series(point: PointId, measurement: str, grid: Grid) -> str:
    """The buckets of a grid."""
    return (
        'SELECT min("value"), mean("value"), max("value"), count("value") '
        f"FROM {quoted(measurement)} WHERE {_any_of([point])} AND time >= {grid.start}ms "
        f"AND time < {grid.end}ms AND ({_USABLE}) "
        f"GROUP BY time({grid.width}ms, {grid.origin % grid.width}ms) fill(none)"
    )


def forget(measurement: str, point: PointId, at: int) -> str:
    """InfluxDB 1.x's statement that removes one reading (ms)."""
    return f"DELETE FROM {quoted(measurement)} WHERE {_any_of([point])} AND time = {at}ms"


def predicate(measurement: str, point: PointId) -> str:
    """The same for the delete interface of 2.x, where the time stands apart."""
    point_text = point.replace("\\", "\\\\").replace('"', '\\"')
    return f'_measurement="{measurement}" AND point="{point_text}"'


def _any_of(points: Iterable[PointId]) -> str:
    return "(" + " OR ".join(f'"point" = {literal(point)}' for point in points) + ")"


def rows(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one statement's result, with what it was grouped by."""
    for table in result.get("series", ()):
        tags = table.get("tags", {})
        for values in table.get("values", ()):
            yield {**tags, **dict(zip(table["columns"], values, strict=True))}


def bucket(row: Mapping[str, Any], grid: Grid) -> Bucket:
    return Bucket(
        from_ms(max(grid.start, row["time"])), float(row["min"]), float(row["mean"]),
        float(row["max"]), int(row["count"]),
    )  # fmt: skip


def reading(row: Mapping[str, Any], kinds: Mapping[PointId, Kind]) -> Reading | None:
    """None for a row that is no reading of ours: another program's, or of another type."""
    point = PointId(row.get("point") or "")
    value = _value(row, kinds[point].value_type) if point in kinds else None
    if value is None:
        return None
    try:
        quality = Quality(row.get("quality") or Quality.GOOD)
    except ValueError:
        quality = Quality.GOOD
    detail = {
        detail_key(name): float(said) if type(said) is int else said
        for name, said in row.items()
        if said is not None and name not in _OURS
    }
    origin = Origin(NodeId(row.get("node") or ""), "", 0)
    return Reading(point, from_ms(row["time"]), value, origin, quality, detail or NO_DETAIL)


def _value(row: Mapping[str, Any], value_type: ValueType) -> Value | None:
    if value_type is ValueType.TEXT:
        text = row.get("text")
        return text if type(text) is str else None
    value = row.get("value")
    if value_type is ValueType.BOOLEAN:
        return value if type(value) is bool else None
    return float(value) if type(value) is float or type(value) is int else None
