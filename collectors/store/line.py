"""Line protocol: a reading as one line of text, the form in which InfluxDB takes data.

Written here because influxdb-client's Point costs about ten times as much a line; its rules are
those of the line protocol's reference, checked with InfluxData's own corpus.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from devices.catalog import Site
from devices.model import PointId, Reading, ValueType, to_ms

_IN_KEY = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_IN_TEXT = str.maketrans({'"': r"\"", "\\": "\\\\"})


def escape_key(text: str) -> str:
    """A tag's key or value, or a field's key."""
    return text.translate(_IN_KEY)


def quote_text(text: str) -> str:
    """A field's text value."""
    return f'"{text.translate(_IN_TEXT)}"'


def field_value(value: float | bool | str) -> str:
    """Numbers are always floats, so that one field never meets two types."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quote_text(value)
    return repr(float(value))


@dataclass(frozen=True, slots=True)
class Series:
    """What is the same in every line of a point: measurement and tags, and its value's field."""

    head: str
    field: str


def series_of(site: Site) -> Mapping[PointId, Series]:
    """Tags `campus building room point node`, sorted as InfluxDB likes them; never an id of a
    message, a card or a start, so a line that is sent again is the same line."""
    found: dict[PointId, Series] = {}
    for id, point in site.points.items():
        kind = site.kinds[id]
        tags = {
            "building": site.place_of(id).building, "campus": site.school.id,
            "node": point.node, "point": id, "room": point.room,
        }  # fmt: skip
        text = ",".join(f"{key}={escape_key(value)}" for key, value in tags.items())
        field = "text" if kind.value_type is ValueType.TEXT else "value"
        found[id] = Series(f"{kind.measurement},{text} ", f"{field}=")
    return found


def encode(reading: Reading, series: Mapping[PointId, Series]) -> str:
    """One line, without its end; the time in milliseconds."""
    place = series[reading.point]
    detail = "".join(
        f",{escape_key(key)}={field_value(value)}" for key, value in reading.detail.items()
    )
    return (
        f"{place.head}{place.field}{field_value(reading.value)},"
        f'quality="{reading.quality}"{detail} {to_ms(reading.at)}'
    )
