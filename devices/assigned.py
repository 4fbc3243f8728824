"""Points assigned while everything runs: a file beside the data, joined into the site in use.

The bridge alone writes the file; every service looks at it before it meets a point it may not know.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from devices.catalog import Point, Site
from devices.config import parse, read_toml
from devices.errors import ConfigError, Problem
from devices.kinds import KINDS
from devices.live import Live
from devices.model import PointId
from devices.sitefile import point_mistakes

FILE = "assigned.toml"
"""In the data folder."""
_HEAD = """\
# Written by the bridge: foreign devices that were given a place on the page. Change it there, or
# take a point back there and move its line to campus.toml.
"""
T = TypeVar("T")
_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AssignedFile:
    """The file's one table; its points have the form of the site file's."""

    point: tuple[Point, ...] = ()


class Assigned:
    """The overlay of one site. `generation` counts what was joined; any thread may look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        self.problems: tuple[Problem, ...] = ()
        """Why a point of the file is left out."""
        self._lock = threading.Lock()
        self._seen: _Stamp | None = None
        self._site: Site | None = None
        self._fixed: dict[PointId, Point] = {}
        self._points: dict[PointId, Point] = {}

    def join(self, site: Site) -> None:
        """Take part in `site`, with what the file holds now."""
        self._site, self._fixed = site, dict(site.points)
        self.look()

    @property
    def points(self) -> Mapping[PointId, Point]:
        """The assigned points that are at work."""
        return self._points

    def look(self) -> int:
        """The generation, after a changed file has been joined; cheap while nothing changes."""
        if self._stamp() != self._seen:
            with self._lock:
                stamp = self._stamp()
                if stamp != self._seen and self._site is not None:
                    self._read(self._site)
                    self._seen = stamp
        return self.generation

    def _stamp(self) -> _Stamp | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, site: Site) -> None:
        points, problems = read_assigned(self.path, site, self._fixed)
        self.problems = tuple(problems)
        self._points = {PointId(point.id): point for point in points}
        every = {**self._fixed, **self._points}
        kinds = site.kinds
        if isinstance(kinds, Live) and isinstance(site.points, Live):
            kinds.become({id: KINDS[point.kind] for id, point in every.items()})
            site.points.become(every)
        self.generation += 1


def read_assigned(
    path: Path, site: Site, fixed: Mapping[PointId, Point]
) -> tuple[list[Point], list[Problem]]:
    """The points of the file that fit the site, and what is wrong with the others.

    A file that cannot be read has none: the rest of the school goes on.
    """
    if not path.exists():
        return [], []
    try:
        data = read_toml(path)
    except ConfigError as error:
        return [], list(error.problems)
    parsed, problems = parse(AssignedFile, data, path.name)
    if parsed is None:
        return [], problems
    good: list[Point] = []
    for point in parsed.point:
        if point.id in fixed:
            where = f'point "{point.id}"'
            problems.append(
                Problem(path.name, where, "stands in the site file too", "take it back on the page")
            )
            continue
        wrong = point_mistakes(point, [*fixed.values(), *good], site, path.name)
        problems += wrong
        if not wrong:
            good.append(point)
    return good, problems


def write_assigned(path: Path, points: Iterable[Point]) -> None:
    """Replace the file whole, durably."""
    text = _HEAD + "point = [\n" + "".join(f"  {_row(point)},\n" for point in points) + "]\n"
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _row(point: Point) -> str:
    return _table(_settings(point))


def _settings(point: Point) -> Iterator[tuple[str, Any]]:
    for name in ("id", "kind", "node", "room", "name", "name_en", "driver", "options", "period"):
        value = getattr(point, name)
        if value not in ("", None):
            yield name, value


def _table(pairs: Iterable[tuple[str, Any]]) -> str:
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in pairs) + " }"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _table(value.items())
    if isinstance(value, float):
        return repr(value)
    # A JSON text is a TOML text, but for one control character.
    return orjson.dumps(value).decode().replace("\x7f", "\\u007f")
