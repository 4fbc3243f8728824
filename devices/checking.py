"""Checking: plain data from a file or the wire into frozen dataclasses, strictly, every mistake.

Our own, because a node on a Pi Zero has no room for a validation library: these rules cost it
nothing. No value is bent into another type, except a whole number where a number is wanted.
"""

import dataclasses
import difflib
import math
import operator
import re
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, cast

Loc = tuple[int | str, ...]
KEY = "[key]"
"""The step of a location that stands for a table's own name, not for what it holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a setting, for `Annotated[float, Limits(ge=0, le=60)]`; lengths are of texts and
    lists."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at `loc`, in words for a person, and the remedy."""

    loc: Loc
    what: str
    remedy: str


class _Bad:
    """Stands for a value that has mistakes, which are noted already."""


_BAD = _Bad()
_Check = Callable[[Any, Loc, list[Mistake]], Any]


def check(cls: type[Any], data: Any) -> tuple[Any, list[Mistake]]:
    """`data` as a `cls`, or None with every mistake in it."""
    mistakes: list[Mistake] = []
    value = _check_of(cast(Hashable, cls))(data, (), mistakes)
    return (None if mistakes else value), mistakes


def _mistake(found: list[Mistake], loc: Loc, what: str, remedy: str) -> Any:
    found.append(Mistake(loc, what, remedy))
    return _BAD


@cache
def _check_of(kind: Any) -> _Check:
    """How a value of that type is checked. Raises TypeError for a type no setting may have."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return lambda value, _loc, _found: value
    if kind in _PLAIN:
        return _plain(kind)
    if dataclasses.is_dataclass(kind):
        return _table(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of({member.value: member for member in kind})
    if origin is Literal:
        return _one_of({value: value for value in arguments})
    if origin is Annotated:
        return _limited(arguments[0], arguments[1:])
    if origin in (tuple, list, frozenset):
        return _items(origin, arguments)
    if origin is dict:
        return _named(*arguments)
    if origin in (types.UnionType, typing.Union):
        return _either(arguments)
    if hasattr(kind, "__supertype__"):
        return _check_of(kind.__supertype__)
    raise TypeError(f"no setting can be a {kind!r}")


def _number(value: Any) -> Any:
    if type(value) in (int, float) and math.isfinite(value):
        return float(value)
    return _BAD


def _from_text(cls: Any, pattern: str) -> Callable[[Any], Any]:
    """TOML has dates and times of its own; JSON gives them as texts."""
    form = re.compile(pattern)

    def read(value: Any) -> Any:
        if type(value) is cls:
            return value
        if type(value) is str and form.fullmatch(value):
            try:
                return cls.fromisoformat(value)
            except ValueError:
                return _BAD
        return _BAD

    return read


_DATE, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d(:\d\d(\.\d+)?)?"
_PLAIN: dict[Any, tuple[str, Callable[[Any], Any]]] = {
    bool: ("true or false", lambda value: value if type(value) is bool else _BAD),
    int: ("a whole number", lambda value: value if type(value) is int else _BAD),
    float: ("a number", _number),
    str: ("a text", lambda value: value if type(value) is str else _BAD),
    type(None): ("nothing", lambda value: None if value is None else _BAD),
    date: ("a date such as 2026-09-01", _from_text(date, _DATE)),
    time: ("a time such as 07:30", _from_text(time, _TIME)),
    datetime: ("a date with its time", _from_text(datetime, _DATE + "[T ]" + _TIME + r".*")),
}


def _now(value: Any) -> str:
    """How the value stands in the file."""
    if isinstance(value, date | time):
        return f"it is the date or time {value} now: put it in quotes where a text is meant"
    return f"it is {value!r} now"


def _plain(kind: Any) -> _Check:
    name, read = _PLAIN[kind]

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        result = read(value)
        if result is _BAD:
            return _mistake(found, loc, f"is not {name}", _now(value))
        return result

    return run


def _one_of(known: Mapping[Any, Any]) -> _Check:
    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        for word, meant in known.items():
            if type(value) is type(word) and value == word:
                return meant
        near = difflib.get_close_matches(str(value), [str(word) for word in known], n=1)
        words = ", ".join(repr(word) for word in known)
        remedy = f"did you mean {near[0]}?" if near else f"use {words}"
        return _mistake(found, loc, f"{value!r} is not known", remedy)

    return run


def _items(origin: Any, arguments: tuple[Any, ...]) -> _Check:
    """A list of any length, or (tuple[A, B]) of as many as are named."""
    fixed = origin is tuple and arguments[-1] is not Ellipsis
    kinds = [_check_of(kind) for kind in (arguments if fixed else arguments[:1])]

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        if type(value) not in (list, tuple):
            return _mistake(found, loc, "is not a list", f"it is {value!r} now")
        if fixed and len(value) != len(kinds):
            return _mistake(found, loc, f"is not a list of {len(kinds)}", f"it is {value!r} now")
        checks = kinds if fixed else kinds * len(value)
        read = [
            each(item, (*loc, n), found)
            for n, (each, item) in enumerate(zip(checks, value, strict=True))
        ]
        return _BAD if _BAD in read else origin(read)

    return run


def _named(key: Any, kind: Any) -> _Check:
    """A table whose names are the file's own."""
    check_key, check_value = _check_of(key), _check_of(kind)

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        if not isinstance(value, Mapping):
            return _mistake(found, loc, "is not a table", f"it is {value!r} now")
        read: dict[Any, Any] = {}
        for name, item in value.items():
            checked = check_key(name, (*loc, name, KEY), found)
            read[checked] = check_value(item, (*loc, name), found)
        return _BAD if _BAD in read or _BAD in read.values() else read

    return run


def _either(kinds: tuple[Any, ...]) -> _Check:
    """One of several types; where it is none, the mistakes of the one that came closest."""
    checks = [_check_of(kind) for kind in kinds if kind is not type(None)]
    optional = type(None) in kinds

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        if value is None and optional:
            return None
        tried: list[list[Mistake]] = []
        for each in checks:
            mistakes: list[Mistake] = []
            result = each(value, loc, mistakes)
            if not mistakes:
                return result
            tried.append(mistakes)
        found += max(tried, key=lambda mistakes: max(len(m.loc) for m in mistakes))
        return _BAD

    return run


def _table(cls: Any) -> _Check:
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    checks = {name: _check_of(hints[name]) for name in fields}
    needed = [
        name for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]  # fmt: skip

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        if not isinstance(value, Mapping):
            return _mistake(found, loc, "is not a table", f"it is {value!r} now")
        before = len(found)
        read = {n: checks[n](value[n], (*loc, n), found) for n in fields if n in value}
        for name in needed:
            if name not in value:
                _mistake(found, (*loc, name), "is missing", f"add {name} = …")
        for name in value:
            if name not in fields:
                _unknown(found, (*loc, name), name, list(fields))
        if len(found) > before:
            return _BAD
        try:
            return cls(**read)
        except ValueError as error:
            return _mistake(found, loc, str(error), "mend it")

    return run


def _unknown(found: list[Mistake], loc: Loc, name: Any, known: list[str]) -> None:
    near = difflib.get_close_matches(str(name), known, n=1)
    others = f"known here: {', '.join(known)}" if known else "leave it out"
    _mistake(found, loc, "is not a setting", f"did you mean {near[0]}?" if near else others)


def _limited(kind: Any, metadata: tuple[Any, ...]) -> _Check:
    inner = _check_of(kind)
    given = [limits for limits in metadata if isinstance(limits, Limits)]
    if len(given) != len(metadata):
        raise TypeError(f"{metadata!r} bound no setting: use Limits")

    def run(value: Any, loc: Loc, found: list[Mistake]) -> Any:
        result = inner(value, loc, found)
        for limits in given:
            wrong = None if result is _BAD else _beyond(result, limits)
            if wrong is not None:
                return _mistake(found, loc, *wrong)
        return result

    return run


_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "ge": ("at least", operator.ge),
    "gt": ("over", operator.gt),
    "le": ("at most", operator.le),
    "lt": ("under", operator.lt),
    "min_length": ("of a length of at least", operator.ge),
    "max_length": ("of a length of at most", operator.le),
}


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # `$` would let a line end pass.
    return re.compile(text[:-1] + r"\Z" if text.endswith("$") else text)


def _beyond(value: Any, limits: Limits) -> tuple[str, str] | None:
    """What is wrong with a value of the right type, and the remedy."""
    if limits.pattern is not None and not _pattern(limits.pattern).search(value):
        return f"{value!r} does not have the form {limits.pattern}", "use that form"
    size: Any = len(value) if isinstance(value, str | tuple | list | frozenset) else value
    for name, (word, fits) in _BOUNDS.items():
        bound = getattr(limits, name)
        if bound is not None and not fits(size, bound):
            return f"must be {word} {bound:g}", f"it is {value!r} now"
    return None
