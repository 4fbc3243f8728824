"""Script: which scenes and sensor faults happen where and when in a simulated course."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, TypeVar

from devices.checking import Limits
from devices.config import parse, read_toml
from devices.errors import ConfigError, Problem
from devices.model import to_ms


class SceneName(StrEnum):
    """What can happen in the school itself; every sensor tells the truth about it."""

    DOOR_OPEN = "door-open"
    """A cold unit's, a room's or a gate's door stands open."""
    DEFROST = "defrost"
    AIRING = "airing"
    """All windows of a room are open, also in winter."""
    HEATING_FAILURE = "heating-failure"
    COLD_FAILURE = "cold-failure"
    """A cold unit's compressor does not run."""
    POWER_CUT = "power-cut"
    """No mains: cold units warm, equipment is off, the UPS is on battery; the nodes go on."""
    MEAL_RUSH = "meal-rush"
    """Kitchen staff open cold units and hot cabinets all the time."""
    GAS_LEAK = "gas-leak"
    WATER_LEAK = "water-leak"
    CYCLE_CUT = "cycle-cut"
    """A disinfection cabinet is switched off before its time."""
    LEFT_ON = "left-on"
    """A room's equipment runs after hours."""


class FaultName(StrEnum):
    """How a sensor, its wire or its node fails; what it then says is not so."""

    STUCK = "stuck"
    DRIFT = "drift"
    SPIKE = "spike"
    NOISE = "noise"
    DROPOUT = "dropout"
    BIAS = "bias"
    CLOCK_JUMP = "clock-jump"
    BOUNCING = "bouncing"
    CUT_WIRE = "cut-wire"
    POWER_CUT = "power-cut"
    """The node has no power: nothing comes; when it is back, a DS18B20 says 85.0 once."""


FAULT_CODES: Mapping[str, int] = {"": 0} | {
    name: number for number, name in enumerate(FaultName, start=1)
}
"""The number of each fault in the column `fault`; 0 is a true value."""

DEFAULT_LASTS_MS = 3_600_000

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"\+?(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)")


def duration_ms(text: str) -> int:
    """Milliseconds of `90s`, `30m`, `2h`, `1.5d`. Raises ValueError."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration such as 90s, 30m, 2h or 7d")
    return round(float(found[1]) * _UNITS[found[2]])


@dataclass(frozen=True, slots=True)
class Span:
    """What happens from `begins` to `ends` (ms since 1970 UTC) at what `at` matches.

    `at` is the id of a point, room, gate or node, or a pattern such as `canteen/*`.
    """

    name: str
    at: str
    begins: int
    ends: int
    size: float | None = None

    def covers(self, ms: int) -> bool:
        return self.begins <= ms < self.ends

    def is_at(self, *names: str) -> bool:
        return any(fnmatchcase(name, self.at) for name in names)


@dataclass(frozen=True, slots=True)
class Script:
    """The scenes and faults of a course; empty: an ordinary day."""

    scenes: tuple[Span, ...] = ()
    faults: tuple[Span, ...] = ()

    def scenes_at(self, names: Iterable[str], *wanted: SceneName) -> list[Span]:
        """The spans of the wanted scenes at any of these ids, by their begin."""
        ids = tuple(names)
        found = [span for span in self.scenes if span.name in wanted and span.is_at(*ids)]
        return sorted(found, key=lambda span: span.begins)

    def faults_at(self, names: Iterable[str]) -> list[Span]:
        ids = tuple(names)
        return [span for span in self.faults if span.is_at(*ids)]


def during(spans: Sequence[Span], ms: int) -> bool:
    """Whether any of the spans covers a time."""
    # Asked for every value of a course, and nearly always of no span at all.
    return bool(spans) and any(span.begins <= ms < span.ends for span in spans)


# --- a script from a file or from words --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _SceneEntry:
    name: SceneName
    at: Annotated[str, Limits(min_length=1)] = "*"
    begins: str = "0s"
    lasts: str = "1h"


@dataclass(frozen=True, slots=True)
class _FaultEntry:
    name: FaultName
    at: Annotated[str, Limits(min_length=1)] = "*"
    begins: str = "0s"
    lasts: str = "1h"
    size: float | None = None


@dataclass(frozen=True, slots=True)
class _ScriptFile:
    scene: tuple[_SceneEntry, ...] = ()
    fault: tuple[_FaultEntry, ...] = field(default_factory=tuple)


def load_script(path: Path, start: datetime, timezone: tzinfo) -> Script:
    """The `[[scene]]` and `[[fault]]` tables of a TOML file.

    `begins` is a duration after `start` or an ISO time (without a zone: the school's). Raises
    ConfigError with every mistake in it.
    """
    parsed, problems = parse(_ScriptFile, read_toml(path), path.name)
    if parsed is None:
        raise ConfigError(problems)
    scenes = [(f"scene[{n}]", entry) for n, entry in enumerate(parsed.scene, start=1)]
    faults = [(f"fault[{n}]", entry) for n, entry in enumerate(parsed.fault, start=1)]
    script = Script(
        _spans(scenes, path.name, start, timezone, problems),
        _spans(faults, path.name, start, timezone, problems),
    )
    if problems:
        raise ConfigError(problems)
    return script


E = TypeVar("E", _SceneEntry, _FaultEntry)


def spoken_script(
    scenes: Sequence[str], faults: Sequence[str], start: datetime, timezone: tzinfo
) -> Script:
    """Scenes and faults from words such as `stuck@canteen/*,begins=2h,lasts=30m,size=5`.

    Raises ConfigError with every mistake in them.
    """
    problems: list[Problem] = []
    return_scenes = _spoken(_SceneEntry, "--scene", scenes, problems)
    return_faults = _spoken(_FaultEntry, "--fault", faults, problems)
    script = Script(
        _spans(return_scenes, "command line", start, timezone, problems),
        _spans(return_faults, "command line", start, timezone, problems),
    )
    if problems:
        raise ConfigError(problems)
    return script


def _spoken(
    cls: type[E], option: str, words: Sequence[str], problems: list[Problem]
) -> list[tuple[str, E]]:
    entries = []
    for text in words:
        where = f'{option} "{text}"'
        first, *rest = text.split(",")
        name, _, at = first.partition("@")
        pairs = [part.partition("=") for part in rest]
        data: dict[str, Any] = {"name": name.strip()} | ({"at": at.strip()} if at else {})
        data |= {key.strip(): value.strip() for key, _, value in pairs}
        try:
            if "size" in data:
                data["size"] = float(data["size"])
        except ValueError:
            problems.append(Problem("command line", where, "size is no number", "such as size=5"))
            continue
        entry, found = parse(cls, data, "command line", where)
        problems += found
        if entry is not None:
            entries.append((where, entry))
    return entries


def _spans(
    entries: Sequence[tuple[str, _SceneEntry | _FaultEntry]],
    file: str,
    start: datetime,
    timezone: tzinfo,
    problems: list[Problem],
) -> tuple[Span, ...]:
    spans = []
    for where, entry in entries:
        size = entry.size if isinstance(entry, _FaultEntry) else None
        try:
            if size is not None and not math.isfinite(size):
                raise ValueError(f"size {size} is no number that a sensor could be wrong by")
            begins = _begins(entry.begins, start, timezone)
            spans.append(
                Span(entry.name, entry.at, begins, begins + duration_ms(entry.lasts), size)
            )
        except ValueError as error:
            problems.append(Problem(file, where, str(error), "such as begins = 2h, lasts = 30m"))
    return tuple(spans)


def _begins(text: str, start: datetime, timezone: tzinfo) -> int:
    if _DURATION.fullmatch(text.strip()):
        return to_ms(start) + duration_ms(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a duration nor a time") from None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=timezone))
