"""TOML -> frozen structs, reporting every mistake at once with file, place and remedy.

The checking is in `devices.checking`; this module turns what it finds into places in a file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from devices.checking import KEY, check
from devices.errors import ConfigError, Problem

T = TypeVar("T")


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


def parse(
    cls: type[T], data: Mapping[str, Any], file: str, where: str = ""
) -> tuple[T | None, list[Problem]]:
    """`data` as a `cls`, or None with every problem; `where` is the table's own path."""
    checked, mistakes = check(cls, data)
    return checked, [Problem(file, _place(data, where, m.loc), m.what, m.remedy) for m in mistakes]


def _place(data: Any, where: str, loc: Sequence[int | str]) -> str:
    """A path a person finds in the file: list items are named by their id where they have one."""
    parts = [where] if where else []
    for step in loc:
        if step == KEY:
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
