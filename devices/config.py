"""TOML -> frozen structs, reporting every mistake at once with file, place and remedy.

Checking is pydantic's, over plain dataclasses; this module turns its findings into sentences.
"""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from devices.errors import ConfigError, Problem

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid", strict=True)
"""For `@with_config(STRICT)` on every struct that is read from a file."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises ConfigError where it cannot be read or parsed."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        problem = Problem(str(path), "", "no such file", "make one with: campus init DIR")
    except OSError as error:
        problem = Problem(str(path), "", f"cannot be read ({error.strerror})", "check its rights")
    except UnicodeDecodeError:
        problem = Problem(str(path), "", "is not UTF-8 text", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problem = Problem(str(path), "", f"is not valid TOML: {error}", "mend that line")
    raise ConfigError([problem])


@cache
def _adapter(cls: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, cls))


def parse(
    cls: type[T], data: Mapping[str, Any], file: str, where: str = ""
) -> tuple[T | None, list[Problem]]:
    """`data` as a `cls`, or None with every problem; `where` is the table's own path."""
    try:
        # Through JSON, because pydantic's strict mode takes enums, dates and tuples from there.
        checked: T = _adapter(cast(Hashable, cls)).validate_json(orjson.dumps(data, default=str))
        return checked, []
    except ValidationError as error:
        return None, [_problem(cls, data, file, where, e) for e in error.errors()]
    except TypeError as error:
        return None, [Problem(file, where, f"holds something that no setting takes ({error})")]


def _problem(
    cls: type[Any], data: Mapping[str, Any], file: str, where: str, error: ErrorDetails
) -> Problem:
    place = _place(data, where, error["loc"])
    name = str(error["loc"][-1]) if error["loc"] else ""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Problem(file, place, "is missing", f"add {name} = …")
        case "unexpected_keyword_argument" | "extra_forbidden":
            known = _fields_at(cls, error["loc"][:-1])
            near = difflib.get_close_matches(name, known, n=1)
            others = f"known here: {', '.join(known)}" if known else "leave it out"
            remedy = f"did you mean {near[0]}?" if near else others
            return Problem(file, place, "is not a setting", remedy)
        case "string_pattern_mismatch":
            what = f"{error['input']!r} does not have the form {context.get('pattern', '')}"
            return Problem(file, place, what, "use that form")
        case "enum" | "literal_error":
            expected = str(context.get("expected", ""))
            near = difflib.get_close_matches(str(error["input"]), re.findall("'([^']*)'", expected))
            remedy = f"did you mean {near[0]}?" if near else f"use {expected}"
            return Problem(file, place, f"{error['input']!r} is not known", remedy)
        case _:
            message = error["msg"][:1].lower() + error["msg"][1:]
            return Problem(file, place, message, f"it is {error['input']!r} now")


def _place(data: Any, where: str, loc: Sequence[int | str]) -> str:
    """A path a person finds in the file: list items are named by their id where they have one."""
    parts = [where] if where else []
    for step in loc:
        if step == "[key]":
            continue  # of a table whose names are themselves checked
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(step, int) and parts:
            identity = data.get("id") if isinstance(data, dict) else None
            number = f"{step + 1}" if identity is None else f'{step + 1} "{identity}"'
            parts[-1] += f"[{number}]"
        else:
            parts.append(str(step))
    return ".".join(parts)


def _struct_in(kind: Any) -> Any:
    """The struct that a type is, or holds; None where it holds none."""
    if dataclasses.is_dataclass(kind):
        return kind
    found = (_struct_in(inner) for inner in getattr(kind, "__args__", ()))
    return next((struct for struct in found if struct is not None), None)


def _fields_at(cls: Any, loc: Sequence[int | str]) -> list[str]:
    """Names of the fields of the struct that a pydantic location leads to."""
    named = False
    for step in loc:
        if isinstance(step, int) or named:
            named = False  # the step was the name of one in a table of several
            continue
        found = [f for f in dataclasses.fields(cls) if f.name == step]
        kind: Any = found[0].type if found else None
        named = getattr(kind, "__origin__", None) is dict
        cls = _struct_in(kind)
        if cls is None:
            return []
    return [f.name for f in dataclasses.fields(cls)]
