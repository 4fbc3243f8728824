"""Line protocol: the text that InfluxDB takes, several times faster than its client's Point.

Escaping follows influxdata/line-protocol: commas and spaces in measurements, also equal signs in
keys and tag values, quotes and backslashes in string fields. Line breaks in string fields stay as
they are inside the quotes: InfluxDB 1 to 3 would give `\\n` back as two characters.
"""

from collections.abc import Iterable
from math import isfinite

from devices.catalog import Site
from devices.model import PointId, Quality, Reading, Value, to_ms

TAGS = ("building", "campus", "node", "point", "room")
"""In the order in which InfluxDB likes them best."""

_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_KEY = str.maketrans(
    {",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
)  # fmt: skip
_QUALITY = {quality: f',quality="{quality}"' for quality in Quality}
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})


def encode_point(
    measurement: str,
    tags: Iterable[tuple[str, str]],
    fields: Iterable[tuple[str, Value]],
    time: int,
) -> str:
    """One line. Raises ValueError, with the reason, where it cannot be one.

    `fields` are numbers (always floats), booleans and texts, `time` is in the write's precision.
    """
    written = ",".join(f"{_name(key)}={field(value)}" for key, value in fields)
    if not written:
        raise ValueError("a point needs a field")
    return f"{series(measurement, tags)} {written} {time}"


def series(measurement: str, tags: Iterable[tuple[str, str]]) -> str:
    """Measurement and tags. Raises ValueError for a name that line protocol cannot carry."""
    if not measurement or measurement.startswith("#"):
        raise ValueError(f"{measurement!r} cannot be a measurement")
    parts = [measurement.translate(_MEASUREMENT)]
    parts += [f"{_name(key)}={_name(value)}" for key, value in tags]
    return ",".join(parts)


def field(value: Value) -> str:
    """A field's value. Raises ValueError for a number that is not finite."""
    if type(value) is float and isfinite(value):
        return repr(value)
    if type(value) is str:
        return f'"{value.translate(_TEXT)}"'
    if type(value) is bool:
        return "true" if value else "false"
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{number} is not a number")
    return repr(number)


def _name(text: str) -> str:
    """A key or a tag's value."""
    # A backslash at the end would escape the sign that follows it.
    if not text or text.endswith("\\"):
        raise ValueError(f"{text!r} cannot be a key or a tag")
    return text.translate(_KEY)


def detail_field(key: str) -> str:
    """The field of a detail's key: one that is called as a tag gets a `_`, so none is hidden."""
    return f"{key}_" if key.rstrip("_") in TAGS else key


def detail_key(name: str) -> str:
    """The detail's key of a field, the way back."""
    return name[:-1] if name.endswith("_") and name.rstrip("_") in TAGS else name


class Encoder:
    """Readings of a site as lines, in ms; what is the same in every line of a point is made once.

    The tags follow from the point alone (`node` is the site file's), so that a reading which comes
    again, by whatever way, is the same row.
    """

    def __init__(self, site: Site) -> None:
        self._beginnings: dict[PointId, str] = {}
        for id, point in site.points.items():
            building = site.place_of(id).building
            values = (building, site.school.id, point.node, id, point.room)
            measurement = site.kinds[id].measurement
            self._beginnings[id] = series(measurement, zip(TAGS, values, strict=True))

    def line(self, reading: Reading) -> str:
        """Raises ValueError, with the reason, where the reading can never be a line."""
        beginning = self._beginnings.get(reading.point)
        if beginning is None:
            raise ValueError(f"unknown point {reading.point!r}: add it to the site file")
        value = reading.value
        name = "text" if type(value) is str else "value"
        line = f"{beginning} {name}={field(value)}{_QUALITY[reading.quality]}"
        for key, said in reading.detail.items() if reading.detail else ():
            line += f",{_name(detail_field(key))}={field(said)}"
        return f"{line} {to_ms(reading.at)}"
