"""Line protocol: the text that InfluxDB takes, several times faster than its client's Point.

Escaping follows influxdata/line-protocol: commas and spaces in measurements, also equal signs in
keys and tag values, quotes and backslashes in string fields. Line breaks in string fields stay as
they are inside the quotes: InfluxDB 1 to 3 would give `\\n` back as two characters.
"""

from collections.abc import Iterable, Sequence
from math import isfinite

from collectors.store import Refused
from devices.catalog import Site
from devices.model import Fact, PointId, Quality, Reading, Value, fact_of, reading_of

Line = tuple[str, Fact]
"""A line, and what it says."""

TAGS = ("building", "campus", "node", "point", "room")
"""In the order in which InfluxDB likes them best."""

_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_KEY = str.maketrans(
    {",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
)  # fmt: skip
_QUALITY = {quality: f',quality="{quality}"' for quality in Quality}
_GOOD = _QUALITY[Quality.GOOD]
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
        self._site = site
        self._prepare()

    def _prepare(self) -> None:
        site = self._site
        self._points = site.look()
        self._beginnings: dict[PointId, str] = {}
        for id, point in site.points.items():
            building = site.place_of(id).building
            values = (building, site.school.id, point.node, id, point.room)
            measurement = site.kinds[id].measurement
            self._beginnings[id] = series(measurement, zip(TAGS, values, strict=True))
        self._numbers = {id: f"{begins} value=" for id, begins in self._beginnings.items()}

    def line(self, reading: Reading) -> str:
        """Raises ValueError, with the reason, where the reading can never be a line."""
        if self._site.look() != self._points:
            self._prepare()
        return self._line(fact_of(reading))

    def lines(self, facts: Sequence[Fact], refused: list[Refused]) -> list[Line]:
        """A line for each fact that can be one; the others go to `refused` with the reason."""
        if self._site.look() != self._points:
            self._prepare()
        found: list[Line] = []
        beginnings, good = self._numbers, Quality.GOOD
        for fact in facts:
            point, at, value, quality, _, detail = fact
            beginning = beginnings.get(point)
            if beginning is not None and type(value) is float and not detail and isfinite(value):
                said = _GOOD if quality is good else _QUALITY[quality]
                found.append((f"{beginning}{value!r}{said} {at}", fact))
                continue
            try:
                found.append((self._line(fact), fact))
            except ValueError as error:
                refused.append(Refused(reading_of(fact), str(error)))
        return found

    def _line(self, fact: Fact) -> str:
        point, at, value, quality, _, detail = fact
        beginning = self._beginnings.get(point)
        if beginning is None:
            raise ValueError(f"unknown point {point!r}: add it to the site file")
        name = "text" if type(value) is str else "value"
        line = f"{beginning} {name}={field(value)}{_QUALITY[quality]}"
        for key, said in detail.items() if detail else ():
            line += f",{_name(detail_field(key))}={field(said)}"
        return f"{line} {at}"
